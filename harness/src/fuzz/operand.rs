//! Operands of steps other than registers: widths, rights of pages, interrupt lines.

use crate::feature::Feature;
use sprig_isa::exception::Exception;
use sprig_isa::msr;
use sprig_wire::bytecode::permission;

/// Width of a load or store, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum Size {
    Byte,
    Half,
    Word,
}

impl Size {
    /// How many bytes.
    pub(super) const fn bytes(self) -> u64 {
        match self {
            Self::Byte => 1,
            Self::Half => 2,
            Self::Word => 4,
        }
    }
}

/// Who may do what with a page that a script maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // as the script language writes them
pub enum Rights {
    Srw,
    SrwUr,
    SrwUrw,
    SrUr,
}

impl Rights {
    /// Each.
    pub(super) const ALL: [Self; 4] = [Self::Srw, Self::SrwUr, Self::SrwUrw, Self::SrUr];

    /// As scripts write them.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Srw => "srw",
            Self::SrwUr => "srw,ur",
            Self::SrwUrw => "srw,urw",
            Self::SrUr => "sr,ur",
        }
    }

    /// As bits of [`permission`].
    pub(super) const fn permissions(self) -> u8 {
        const SR: u8 = permission::SUPERVISOR_READ;
        const SRW: u8 = SR | permission::SUPERVISOR_WRITE;
        match self {
            Self::Srw => SRW,
            Self::SrwUr => SRW | permission::USER_READ,
            Self::SrwUrw => SRW | permission::USER_READ | permission::USER_WRITE,
            Self::SrUr => SR | permission::USER_READ,
        }
    }

    /// True if they allow an access.
    pub(super) const fn allow(self, user: bool, store: bool) -> bool {
        match (user, store) {
            (false, false) => true,
            (false, true) => !matches!(self, Self::SrUr),
            (true, false) => !matches!(self, Self::Srw),
            (true, true) => matches!(self, Self::SrwUrw),
        }
    }
}

/// A wire to the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum Line {
    External,
    Critical,
}

impl Line {
    /// The wire that causes it; none for what comes from inside the CPU.
    pub(super) const fn of(exception: Exception) -> Option<Self> {
        match exception {
            Exception::External => Some(Self::External),
            Exception::CriticalInput => Some(Self::Critical),
            _ => None,
        }
    }

    /// What it causes.
    pub(super) const fn exception(self) -> Exception {
        match self {
            Self::External => Exception::External,
            Self::Critical => Exception::CriticalInput,
        }
    }

    /// What a target declares that has it.
    pub(super) const fn feature(self) -> Feature {
        match self {
            Self::External => Feature::External,
            Self::Critical => Feature::Critical,
        }
    }

    /// Its name in the host's calls.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::External => "external",
            Self::Critical => "critical",
        }
    }
}

/// The bit of the MSR that lets an asynchronous interrupt in.
pub(super) fn enabling_bit(exception: Exception) -> u64 {
    if exception == Exception::CriticalInput { msr::booke::CE } else { msr::EE }
}
