//! Registers: what they hold, by which way it came there, and what an alias may still show.

use std::collections::BTreeMap;

/// By which way a value came into a register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Way {
    /// An instruction, which is an exit where a hypervisor has to emulate it.
    #[default]
    Trap,
    /// A store to the page.
    Page,
    /// An interrupt.
    Interrupt,
}

/// One register.
#[derive(Clone, Debug, Default)]
pub(super) struct Register {
    /// Its value, if the contract says which.
    pub(super) value: Option<u64>,
    /// How it came there.
    pub(super) way: Way,
    /// What else its alias may show: the values before, back to the last exit.
    shown: Vec<u64>,
    /// One of these is not known.
    shown_unknown: bool,
    /// What it holds is left open, so that two hypervisors may differ.
    pub(super) open: bool,
}

/// Every register that keeps what is written to it, by its cell's number.
#[derive(Clone, Debug, Default)]
pub(super) struct Registers {
    known: BTreeMap<u16, Register>,
    /// What a register holds that nothing has been done to is left open.
    open: bool,
}

impl Registers {
    /// At the beginning of a script; `shared`: in a machine in which others have run.
    pub(super) fn new(shared: bool) -> Self {
        Self { known: BTreeMap::new(), open: shared }
    }

    /// The register of a cell.
    pub(super) fn of(&mut self, cell: u16) -> &mut Register {
        let open = self.open;
        self.known.entry(cell).or_insert_with(|| Register { open, ..Register::default() })
    }

    /// No longer known.
    pub(super) fn forget(&mut self, cell: u16) {
        *self.of(cell) = Register::default();
    }

    /// It may have been changed: what was left open stays so.
    pub(super) fn may_change(&mut self, cell: u16) {
        let open = self.of(cell).open;
        self.forget(cell);
        self.of(cell).open = open;
    }

    /// A hypervisor has run: from here on an alias shows what the page has.
    pub(super) fn exit(&mut self) {
        for register in self.known.values_mut() {
            register.shown.clear();
            register.shown_unknown = false;
        }
    }
}

impl Register {
    /// Writes it.
    pub(super) fn set(&mut self, value: Option<u64>, way: Way) {
        if way == Way::Page {
            match self.value {
                Some(old) => self.shown.push(old),
                None => self.shown_unknown = true,
            }
        } else {
            self.shown.clear();
            self.shown_unknown = false;
        }
        self.value = value;
        self.way = way;
        self.open = false;
    }

    /// What its alias may show; none if nothing is known.
    pub(super) fn alias(&self) -> Option<Vec<u64>> {
        let value = self.value.filter(|_| !self.shown_unknown)?;
        let mut values: Vec<u64> = self.shown.iter().copied().chain([value]).collect();
        values.sort_unstable();
        values.dedup();
        Some(values)
    }

    /// True while the alias may show an older value than the page.
    pub(super) fn is_between(&self) -> bool {
        self.shown_unknown || !self.shown.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_stale_or_new_before_an_exit_and_new_after_one() {
        let mut registers = Registers::default();
        registers.of(276).set(Some(1), Way::Trap);
        assert_eq!(registers.of(276).alias(), Some(vec![1]));
        registers.of(276).set(Some(3), Way::Page);
        registers.of(276).set(Some(2), Way::Page);
        assert_eq!(registers.of(276).alias(), Some(vec![1, 2, 3]));
        registers.exit();
        assert_eq!(registers.of(276).alias(), Some(vec![2]));
        registers.of(276).set(Some(4), Way::Page);
        registers.of(276).set(Some(5), Way::Trap);
        assert_eq!(registers.of(276).alias(), Some(vec![5]));
    }

    #[test]
    fn what_others_have_left_behind_is_left_open_until_something_is_done_to_it() {
        let mut registers = Registers::new(true);
        assert!(registers.of(276).open);
        registers.of(276).set(Some(1), Way::Trap);
        registers.forget(277);
        registers.may_change(278);
        assert!(!registers.of(276).open && !registers.of(277).open && registers.of(278).open);
        assert!(!Registers::new(false).of(276).open);
    }

    #[test]
    fn of_what_was_never_known_nothing_is_said() {
        let mut registers = Registers::default();
        assert_eq!(registers.of(276).alias(), None);
        registers.of(276).set(Some(1), Way::Page);
        assert_eq!(registers.of(276).alias(), None, "it may show what it held before");
        registers.exit();
        assert_eq!(registers.of(276).alias(), Some(vec![1]));
    }
}
