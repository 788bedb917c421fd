//! Wrong on purpose: hypervisors that break the contract in one place each, to see whether the suite notices.
//!
//! A deviation is one row of the table in `deviation/table.rs` and one question, [`Hypervisor::deviates`], at the place
//! that behaves differently. Those places are where the guest leaves, is entered, or misses a translation, and on the
//! host's side. Between two exits none is asked, so that an inactive one costs nothing there, and the comparison of a
//! byte elsewhere.

mod emulation;
mod exit;
mod table;

pub use table::{DEVIATIONS, Deviation, INEXPRESSIBLE};

use sprig_isa::cpu::{Cpu, CpuSet};
use sprig_isa::spr::{Spr, number};
use std::fmt;

use super::Hypervisor;

/// The part of the hypervisor that does otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// What the hardware's own registers hold while the guest runs.
    Cpu,
    /// What a privileged instruction does.
    Emulation,
    /// Where the page is seen, what is in it, and the aliases of its registers.
    Page,
    /// Who may call, and what calls do.
    Hypercall,
    /// What is pending, withheld, delivered.
    Interrupt,
    /// What the guest's accesses reach.
    Mmu,
    /// What user space sees and does.
    Host,
}

impl Layer {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Emulation => "emulation",
            Self::Page => "page",
            Self::Hypercall => "hypercall",
            Self::Interrupt => "interrupt",
            Self::Mmu => "mmu",
            Self::Host => "host",
        }
    }
}

/// The guests that a deviation can concern: to all others such a hypervisor does what the right one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applies {
    /// Every guest.
    Every,
    /// Those on embedded CPUs.
    Embedded,
    /// Those on server CPUs.
    Server,
    /// Those on server CPUs of 32 bits.
    Server32,
    /// Those on server CPUs of 64 bits.
    Server64,
    /// Those on POWER, where the guest is a partition.
    Partition,
    /// Those on CPUs that have the special register of this number.
    Register(u16),
    /// Guests in 64-bit mode.
    Wide,
    /// Little-endian guests.
    LittleEndian,
}

/// What a guest kernel was built for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuestKernel {
    /// It runs in 64-bit mode.
    pub wide: bool,
    /// It is little-endian.
    pub little_endian: bool,
}

impl Applies {
    /// True if a guest on this CPU with this kernel is concerned.
    #[must_use]
    pub fn includes(self, cpu: &Cpu, kernel: GuestKernel) -> bool {
        match self {
            Self::Every => true,
            Self::Embedded => cpu.family.is_booke(),
            Self::Server => !cpu.family.is_booke(),
            Self::Server32 => cpu.set.intersects(CpuSet::BOOK3S32),
            Self::Server64 => cpu.set.intersects(CpuSet::BOOK3S64),
            Self::Partition => cpu.set.intersects(CpuSet::POWER),
            Self::Register(number) => Spr::lookup(cpu, number).is_some(),
            Self::Wide => kernel.wide,
            Self::LittleEndian => kernel.little_endian,
        }
    }
}

impl fmt::Display for Applies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every => f.write_str("every guest"),
            Self::Embedded => f.write_str("embedded CPUs"),
            Self::Server => f.write_str("server CPUs"),
            Self::Server32 => f.write_str("server CPUs of 32 bits"),
            Self::Server64 => f.write_str("server CPUs of 64 bits"),
            Self::Partition => f.write_str("POWER"),
            Self::Register(number) => write!(f, "CPUs with SPR {number}"),
            Self::Wide => f.write_str("guests in 64-bit mode"),
            Self::LittleEndian => f.write_str("little-endian guests"),
        }
    }
}

/// A deviation in words.
#[derive(Debug)]
pub struct Description {
    /// The deviation.
    pub deviation: Deviation,
    /// Its name on a command line.
    pub id: &'static str,
    /// Where it sits.
    pub layer: Layer,
    /// Whom it concerns.
    pub applies: Applies,
    /// What such a hypervisor does, in one line.
    pub prose: &'static str,
    /// The bug it stands for: a commit that cured it, a file that has it, or the sentence that it breaks.
    pub stands_for: &'static str,
    /// Why no guest and no user space can tell it from the right hypervisor, if that is so.
    pub equivalent: Option<&'static str>,
}

/// A bug that the reference cannot have.
#[derive(Debug)]
pub struct Inexpressible {
    /// What it is, in one line.
    pub prose: &'static str,
    /// Where it is or was.
    pub stands_for: &'static str,
    /// Why it is no row of [`DEVIATIONS`].
    pub reason: &'static str,
}

impl Deviation {
    /// The deviation of this name.
    #[must_use]
    pub fn by_id(id: &str) -> Option<Self> {
        DEVIATIONS.iter().find(|row| row.id == id).map(|row| row.deviation)
    }

    /// Its description.
    #[must_use]
    pub fn description(self) -> &'static Description {
        &DEVIATIONS[self as usize]
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description().id)
    }
}

impl Hypervisor {
    /// True if this hypervisor does otherwise in this respect.
    #[inline]
    pub(super) fn deviates(&self, deviation: Deviation) -> bool {
        self.setup.deviation == Some(deviation)
    }
}

/// The register that this one is taken for where two are swapped.
#[cold]
pub(super) const fn swapped(cell: u16, pair: (u16, u16)) -> u16 {
    match cell {
        _ if cell == pair.0 => pair.1,
        _ if cell == pair.1 => pair.0,
        _ => cell,
    }
}

/// What [`Deviation::AliasesSwapped`] swaps.
pub(super) const SWAPPED_ALIASES: (u16, u16) = (number::SPRG5, number::SPRG6);
/// What [`Deviation::SprgsSwapped`] swaps.
pub(super) const SWAPPED_SPRGS: (u16, u16) = (number::SPRG1, number::SPRG2);
/// What [`Deviation::AliasShowsHost`] shows: a kernel's pointer, and what [`Deviation::AliasClobberedByHost`] leaves
/// behind.
pub(super) const HOST_POINTER: u64 = 0xc0de_f00d;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deviation_has_a_name_of_its_own() {
        for row in DEVIATIONS {
            assert_eq!(Deviation::by_id(row.id), Some(row.deviation));
            assert_eq!(row.deviation.description().id, row.id);
        }
    }

    #[test]
    fn a_deviation_concerns_the_guests_it_says() {
        let power8 = Cpu::by_name("power8").expect("a CPU of the table");
        let e500v2 = Cpu::by_name("e500v2").expect("a CPU of the table");
        let narrow = GuestKernel::default();
        assert!(Applies::Partition.includes(power8, narrow) && !Applies::Partition.includes(e500v2, narrow));
        assert!(Applies::Register(number::SPRG4).includes(e500v2, narrow));
        assert!(!Applies::Register(number::SPRG4).includes(power8, narrow));
        assert!(Applies::Wide.includes(power8, GuestKernel { wide: true, ..narrow }));
        assert!(!Applies::Wide.includes(power8, narrow));
    }
}
