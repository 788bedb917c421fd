//! What random scripts can rely on: the CPU and what the target declares, and the state in which the guest kernel
//! starts a case.

use super::operand::Rights;
use crate::case::Profile;
use crate::feature::{Feature, FeatureSet};
use crate::known::{Cause, Known};
use crate::script::{GuestWord, are_rights_known, names};
use crate::target::Target;
use sprig_isa::cpu::{Cpu, CpuSet, Family};
use sprig_isa::exception::Class;
use sprig_isa::msr::{self, book3s, booke};
use sprig_isa::page::{self, Field};
use sprig_isa::spr::Spr;
use sprig_wire::layout::{self, SCRATCH_BASE};

/// A page that no guest kernel maps and that scripts do.
pub(super) const WINDOW: u64 = 0xd000_0000;
/// Another place for the magic page.
pub(super) const ELSEWHERE: u64 = 0xd000_4000;
/// Memory for scripts, whose effective address is the physical one.
pub(super) const MEMORY: u64 = SCRATCH_BASE as u64;
/// A page of memory below everything of the kernel's.
pub(super) const ZERO: u64 = 0;

/// Rounds within which the reference has delivered whatever is due.
pub(super) const PATIENCE: u32 = 100_000;

/// What scripts can count on.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The CPU.
    pub cpu: &'static Cpu,
    /// What the target declares.
    pub features: FeatureSet,
    /// Rounds after which an interrupt that is due has been taken.
    pub patience: u32,
    /// Its timers have a thread of their own: it is not known how many instructions late one comes.
    pub late_timers: bool,
    /// A script finds what those before it have left in the same machine, but for what the guest kernel clears.
    pub shared: bool,
    /// What ends the target, and scripts leave out.
    pub deadly: Vec<Cause>,
}

impl Environment {
    /// That of scripts for this target.
    #[must_use]
    pub fn of(target: &dyn Target) -> Self {
        let Profile { cpu, features, .. } = target.profile();
        let alone = target.cases_per_session() == 1;
        // A VMM makes a virtual machine for each case, on a host that counts instructions.
        let shared = !alone && target.host_program().is_none();
        let patience = if alone { PATIENCE } else { 100 * PATIENCE };
        Self { cpu, features, patience, late_timers: shared, shared, deadly: Vec::new() }
    }

    /// The same without what is known to end the target.
    #[must_use]
    pub fn sparing(self, target: &dyn Target, known: &Known) -> Self {
        Self { deadly: known.deadly(target.id()).cloned().collect(), ..self }
    }

    /// A value for a register, without what would end the target.
    pub(super) fn spared(&self, spr: &Spr, value: u64) -> u64 {
        self.deadly.iter().fold(value, |value, cause| match cause {
            Cause::Bits(register, bits) if register == spr.name => value & !bits,
            Cause::Bits(..) | Cause::Steps(_) => value,
        })
    }

    /// True if a step, by its line, does not end the target.
    pub(super) fn spares(&self, line: &str) -> bool {
        !self.deadly.iter().any(|cause| matches!(cause, Cause::Steps(steps) if steps.matches(line)))
    }

    /// The same for scripts that another target can run as well.
    #[must_use]
    pub fn shared_with(&self, other: &Profile) -> Self {
        let here = self.features.iter().filter(|feature| other.features.contains(*feature));
        // Hardware answers a hypercall by an exception, and so does no hypervisor.
        Self { features: here.collect(), ..self.clone() }
    }

    /// True if the target has it.
    pub(super) fn has(&self, feature: Feature) -> bool {
        self.features.contains(feature)
    }

    /// The rights of pages that its page tables know.
    pub(super) fn rights(&self) -> Vec<Rights> {
        Rights::ALL.into_iter().filter(|rights| are_rights_known(rights.permissions(), self.features)).collect()
    }

    /// The CPU's family.
    pub(super) fn family(&self) -> Family {
        self.cpu.family
    }

    /// True for a 64-bit guest kernel.
    pub(super) fn is_wide(&self) -> bool {
        self.has(Feature::Wide)
    }

    /// Bits of a register as the guest kernel uses it.
    pub(super) fn word(&self) -> u32 {
        if self.is_wide() { 64 } else { 32 }
    }

    /// The value cut to the guest's word.
    pub(super) fn cut(&self, value: u64) -> u64 {
        if self.is_wide() { value } else { value & u64::from(u32::MAX) }
    }

    /// Where the magic page is unless a step says otherwise.
    pub(super) fn page(&self) -> u64 {
        names::magic_page(if self.is_wide() { GuestWord::Bits64 } else { GuestWord::Bits32 })
    }

    /// The MSR at the beginning of a case (`kernel_msr` in the guest kernel).
    pub(super) fn msr(&self) -> u64 {
        let order = if self.has(Feature::LittleEndian) { book3s::LE } else { 0 };
        let wide = if self.is_wide() { book3s::SF } else { 0 };
        let server = book3s::RI | book3s::IR | book3s::DR | order | wide;
        match self.family() {
            Family::BookeE500 | Family::Booke44x => msr::ME,
            // rfid does not set ME there (Power ISA 2.07 Book III-S, rfid where MSR[HV] is 0).
            _ if self.cpu.set.contains(CpuSet::G5_970) => server,
            Family::Book3s32 | Family::Book3s64 => server | msr::ME,
        }
    }

    /// The bits of the MSR that a script may change without the guest kernel losing its way, and that an instruction
    /// changes.
    pub(super) fn changeable(&self) -> &'static [u64] {
        const BOOKE: &[u64] = &[msr::EE, msr::ME, booke::CE];
        const SERVER: &[u64] = &[msr::EE, msr::FP, book3s::FE0, book3s::FE1, book3s::RI];
        if self.family().is_booke() { BOOKE } else { SERVER }
    }

    /// The classes of interrupts that an instruction of the CPU returns from.
    pub(super) fn classes(&self) -> &'static [Class] {
        if self.family().is_booke() { &[Class::Base, Class::Critical, Class::MachineCheck] } else { &[Class::Base] }
    }

    /// The field that shadows a register on this CPU.
    pub(super) fn field_of(&self, spr: &Spr) -> Option<&'static Field> {
        spr.page_field.filter(|field| self.cpu.set.intersects(field.cpus))
    }

    /// Bytes that a load or store of a field moves.
    pub(super) fn field_offset(&self, field: &Field) -> u16 {
        if self.is_wide() { field.offset } else { field.offset32 }
    }

    /// An address as scripts write it.
    pub(super) fn address(&self, address: u64) -> String {
        let (name, base) = match address {
            _ if address & !(page::PAGE_SIZE - 1) == self.page() => (names::MAGIC_PAGE, self.page()),
            _ if address & !u64::from(layout::SCRATCH_CLEARED - 1) == MEMORY => ("SCRATCH", MEMORY),
            _ => return format!("{address:#x}"),
        };
        match address - base {
            0 => name.to_owned(),
            offset => format!("{name} + {offset:#x}"),
        }
    }
}
