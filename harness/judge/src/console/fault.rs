//! What goes wrong between a guest and its receiver.

use crate::transcript::Fate;
use sprig_wire::VERSION;
use sprig_wire::frame::Record;

/// Something a guest does not say on a healthy line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A line begins like a frame and is not one.
    #[error("a console line is garbled ({reason}): {line:?}")]
    Garbled {
        /// What is wrong with it.
        reason: sprig_wire::Malformed,
        /// The line.
        line: String,
    },
    /// Frames are missing.
    #[error("console lines are lost: frame {found} came where {expected} was due")]
    Gap {
        /// The number that was due.
        expected: u16,
        /// The number that came.
        found: u16,
    },
    /// The guest image is older or newer than this harness.
    #[error(
        "the guest image speaks protocol version {0}, this sprig {VERSION}: rebuild the images with ci/guest-build"
    )]
    Version(u16),
    /// A CPU other than the one that the target is named after.
    #[error("the machine has PVR {found:#010x}, which is no {expected}")]
    Cpu {
        /// What the machine says.
        found: u32,
        /// The CPU's name.
        expected: &'static str,
    },
    /// The guest found a batch other than the one it was given.
    #[error("the guest found {found} cases in a batch of {expected}")]
    Cases {
        /// What the guest says.
        found: u32,
        /// What it was given.
        expected: u32,
    },
    /// A frame that does not belong here.
    #[error("the guest says '{found}' where it cannot: {place}")]
    Order {
        /// The frame.
        found: String,
        /// Where the receiver was.
        place: &'static str,
    },
    /// The entries that came are not the ones that were sent.
    #[error("the log of a case arrived incomplete: {received} of {sent} bytes, checksum {}", if *.checksum { "right" } else { "wrong" })]
    Log {
        /// Bytes that came.
        received: usize,
        /// Bytes the guest sent.
        sent: u32,
        /// The checksum is right.
        checksum: bool,
    },
    /// What the guest has kept cannot be read.
    #[error("the guest's memory cannot be read: {0}")]
    Memory(String),
    /// The guest gave up.
    #[error("the guest gave up: {0}")]
    Panic(String),
    /// The host cannot run anything.
    #[error("nothing can be run on this host: {0}")]
    Unfit(String),
    /// The machine started over without having been asked.
    #[error("the machine was reset and started over")]
    Restarted,
}

impl Fault {
    /// The fault as a case's fate: what the machine did is the target's, what the line did is ours.
    #[must_use]
    pub fn fate(&self) -> Fate {
        match self {
            Self::Panic(_) | Self::Restarted => Fate::Crashed(self.to_string()),
            _ => Fate::Error(self.to_string()),
        }
    }

    /// True if it is the line's: something was lost or garbled on it, which says nothing of what comes behind.
    #[must_use]
    pub const fn is_of_the_line(&self) -> bool {
        matches!(self, Self::Garbled { .. } | Self::Gap { .. } | Self::Order { .. } | Self::Log { .. })
    }
}

/// A frame in words.
pub(super) fn what(record: &Record<'_>) -> String {
    match record {
        Record::Boot { .. } => "the batch begins".to_owned(),
        Record::Case { case } => format!("case {case} begins"),
        Record::Step { case, step } => format!("step {step} of case {case} begins"),
        Record::Log { case, offset, .. } => format!("the log of case {case} from byte {offset}"),
        Record::End { case, .. } => format!("case {case} has ended"),
        Record::Kept { case, .. } => format!("case {case} has ended, its log is kept"),
        Record::Done => "the batch has ended".to_owned(),
        Record::Panic(why) => format!("panic: {}", String::from_utf8_lossy(why)),
        Record::Fate { case, .. } => format!("the machine of case {case} came to its end"),
        Record::Exits { case, .. } => format!("the exits of case {case}"),
        Record::Aside { .. } => "the next frames are in memory".to_owned(),
        Record::Unfit(why) => format!("nothing can be run: {}", String::from_utf8_lossy(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_named_by_what_it_tells_and_of_which_case() {
        let named = [
            (Record::Case { case: 7 }, "case 7 begins"),
            (Record::Step { case: 7, step: 3 }, "step 3 of case 7 begins"),
            (Record::Done, "the batch has ended"),
            (Record::Panic(b"no vector"), "panic: no vector"),
            (Record::Unfit(b"no /dev/kvm"), "nothing can be run: no /dev/kvm"),
        ];
        for (record, name) in named {
            assert_eq!(what(&record), name);
        }
    }
}
