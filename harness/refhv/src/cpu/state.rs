//! The registers of one CPU.

use sprig_isa::cpu::Cpu;
use sprig_isa::msr;
use sprig_isa::spr::NUMBERS;

use super::{INSTRUCTION, Insn};

/// Cells of the special-purpose registers, one for each number. Which number uses which cell, and who may, is said by
/// [`sprig_isa::spr::SPRS`]; XER, LR, CTR and the time base are kept elsewhere and their cells stay zero.
#[derive(Clone)]
pub struct Sprs(Box<[u64; Self::COUNT]>);

impl Sprs {
    /// How many there are.
    pub const COUNT: usize = NUMBERS as usize;

    /// All cells zero.
    #[must_use]
    pub fn new() -> Self {
        Self(Box::new([0; Self::COUNT]))
    }

    /// The value of a cell.
    #[inline]
    #[must_use]
    pub fn get(&self, number: u16) -> u64 {
        self.0[usize::from(number) % Self::COUNT]
    }

    /// Sets a cell.
    #[inline]
    pub fn set(&mut self, number: u16, value: u64) {
        self.0[usize::from(number) % Self::COUNT] = value;
    }
}

impl Default for Sprs {
    fn default() -> Self {
        Self::new()
    }
}

/// The reservation of lwarx and its kin. A store conditional succeeds if address and size are the load's; the
/// architecture leaves the result of any other undefined (Power ISA Book II, "Atomic Update").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Effective address of the load.
    pub address: u64,
    /// Its size, bytes.
    pub size: usize,
}

/// The registers of one CPU. On 32-bit CPUs every value keeps within 32 bits.
///
/// They lie in memory as they stand here, those first that every instruction uses: what is near the beginning is
/// reached by a shorter instruction of the host.
#[derive(Clone)]
#[repr(C)]
pub struct State {
    /// Address of the current instruction.
    pub pc: u64,
    /// Address of the next one, where that is not simply the following one.
    pub nia: u64,
    /// Bits a register has.
    pub(super) register_mask: u64,
    /// Bits an effective address has: 32, or 64 in 64-bit mode.
    pub(super) address_mask: u64,
    /// Condition register, CR0 in the highest four bits.
    pub cr: u32,
    /// Fixed-point exception register.
    pub xer: u32,
    /// MSR\[LE\] on the CPUs where it reverses the bytes of every access.
    pub(super) little_endian: bool,
    /// Bytes that dcbz clears.
    pub cache_block: u16,
    /// General-purpose registers.
    pub gpr: [u64; 32],
    /// Link register.
    pub lr: u64,
    /// Count register.
    pub ctr: u64,
    /// Machine state register of the hardware. Only a supervisor changes it, by [`super::Core::set_msr`].
    pub(super) msr: u64,
    /// The CPU model.
    pub profile: &'static Cpu,
    /// All other special-purpose registers.
    pub spr: Sprs,
    /// The reservation, if one is held.
    pub reservation: Option<Reservation>,
}

impl State {
    /// The registers of a CPU of this model, all zero.
    #[must_use]
    pub fn new(profile: &'static Cpu) -> Self {
        Self {
            profile,
            cache_block: profile.cache_block,
            gpr: [0; 32],
            cr: 0,
            xer: 0,
            lr: 0,
            ctr: 0,
            pc: 0,
            nia: 0,
            msr: 0,
            register_mask: if profile.is_64bit { u64::MAX } else { u64::from(u32::MAX) },
            address_mask: u64::from(u32::MAX),
            little_endian: false,
            spr: Sprs::new(),
            reservation: None,
        }
    }

    /// The machine state register.
    #[inline]
    #[must_use]
    pub fn msr(&self) -> u64 {
        self.msr
    }

    /// A value cut to the width of this CPU's registers.
    #[inline]
    #[must_use]
    pub fn register(&self, value: u64) -> u64 {
        value & self.register_mask
    }

    /// A value cut to the width of an effective address in the current mode.
    #[inline]
    #[must_use]
    pub fn effective(&self, value: u64) -> u64 {
        value & self.address_mask
    }

    /// The address after the current instruction.
    #[inline]
    pub(super) fn following(&self) -> u64 {
        self.effective(self.pc.wrapping_add(INSTRUCTION))
    }

    /// True in 64-bit mode.
    #[inline]
    #[must_use]
    pub fn is_64bit_mode(&self) -> bool {
        self.address_mask == u64::MAX
    }

    /// True if the hardware is in problem state.
    #[inline]
    #[must_use]
    pub fn in_problem_state(&self) -> bool {
        self.msr & msr::PR != 0
    }

    /// The value of a general register as base of an address: register 0 stands for zero.
    #[inline]
    pub(super) fn base(&self, register: usize) -> u64 {
        if register == 0 { 0 } else { self.gpr[register] }
    }

    /// Writes a general register.
    #[inline]
    pub(super) fn set_gpr(&mut self, register: usize, value: u64) {
        self.gpr[register] = self.register(value);
    }

    /// Writes the result of an instruction and, if its Rc bit is set, CR0.
    #[inline]
    pub(super) fn set_result(&mut self, insn: Insn, register: usize, value: u64) {
        self.set_gpr(register, value);
        if insn.rc() {
            self.record(value);
        }
    }
}
