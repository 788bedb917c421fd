//! `sprig bench`: what things cost, as ratios measured in one run.
//!
//! Milliseconds of a shared machine mean little; how many boots of an empty guest the whole suite costs, or how many
//! plain instructions a trap, means the same everywhere. Each figure is the median of several measurements, its unit
//! measured right next to it: of CPU time, or of the guest's clock, if it has one of its own.
//!
//! - [`suite`]: our own costs: the suite against a boot of QEMU, and whether cost grows only with the number of cases.
//! - [`cost`]: exits and time per operation on one target, of a guest as it stands and of one that has patched itself;
//!   `operation` has the operations.

pub mod cost;
pub mod cpu_time;
mod memory;
mod operation;
pub mod suite;

use std::fmt;

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub enum Unmeasured {
    /// CPU time cannot be read.
    #[error("CPU time cannot be read: {0}")]
    CpuTime(#[from] nix::Error),
    /// Nor what memory is taken.
    #[error("the memory that is taken cannot be read: {0}")]
    Memory(#[from] std::io::Error),
    /// A loop or the cases did not come to their end, so it is not known what was measured.
    #[error("{what} cannot be measured on {target}: {how}")]
    Unfinished {
        /// The loop, or what else ran.
        what: &'static str,
        /// Where.
        target: String,
        /// How it ended instead.
        how: String,
    },
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What was measured.
    pub what: String,
    /// The figure.
    pub value: f64,
    /// What it is counted in.
    pub unit: &'static str,
    /// The most it may be, where a limit is set.
    pub limit: Option<f64>,
}

impl Figure {
    /// True unless it is over its limit.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.limit.is_none_or(|limit| self.value <= limit)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<74}{:>9.2} {}", self.what, self.value, self.unit)?;
        match self.limit {
            Some(limit) if self.holds() => write!(f, "  (at most {limit})"),
            Some(limit) => write!(f, "  OVER the limit of {limit}"),
            None => Ok(()),
        }
    }
}

/// The middle one; of an even number the lower of the two. None of none.
#[must_use]
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len().checked_sub(1)? / 2;
    values.get(middle).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        assert_eq!(median(vec![9.0, 1.0, 5.0]), Some(5.0));
        assert_eq!(median(vec![4.0, 1.0]), Some(1.0));
        assert_eq!(median(vec![]), None);
    }

    #[test]
    fn a_figure_over_its_limit_says_so() {
        let figure = Figure { what: "a trap".to_owned(), value: 7.0, unit: "plain instructions", limit: Some(5.0) };
        assert!(!figure.holds());
        assert!(figure.to_string().contains("OVER the limit of 5"));
    }
}
