//! The minimal board: what the reference hypervisor presents, and the KVM VMM.
//!
//! Memory from 0 and one page of registers; nothing else, so that everything a guest sees comes from the CPU and the
//! hypervisor. The page lies below 256 MiB because KVM-PR takes real-mode addresses modulo that (KVM_PAM).
//!
//! Entry: at the image's entry point, in supervisor state with interrupts off, 32-bit mode, big-endian. Server CPUs
//! start in real mode, and nothing is in their TLB; embedded ones with [`TRANSLATIONS`] in theirs and nothing else
//! (ePAPR 1.1, initial mapped area, made wide enough to hold everything), machine checks enabled, and no timer or debug
//! event that is on. r3-r9 are zero but r6, which holds [`EPAPR_MAGIC`], and r7: bits that say what kind of machine it
//! is, [`NO_DEVICES_IN_REAL_MODE`], [`RADIX`] and [`COUNTED`]. All SPRGs are zero, and so is what an interrupt leaves
//! in registers.
//!
//! So a kernel need not set up again what is in that state: under a hypervisor each register that it writes, and each
//! entry that it reads, is an exit.

/// Guest-physical address of the register page.
pub const REGISTERS: u32 = 0x0f00_0000;
/// Size of the register page, bytes.
pub const REGISTERS_SIZE: u32 = 0x1000;

/// What an embedded CPU translates at entry, for supervisor and user, with all rights.
#[derive(Clone, Copy, Debug)]
pub struct Translation {
    /// Effective and physical address.
    pub address: u32,
    /// Bytes.
    pub size: u32,
    /// Address space: MSR\[IS\] and MSR\[DS\].
    pub space: u32,
    /// Device registers: neither cached nor accessed before their turn.
    pub device: bool,
}

/// From the first entry of the TLB on (TLB1 of e500): memory and register page, in both address spaces.
pub const TRANSLATIONS: [Translation; 4] = [
    Translation { address: 0, size: crate::layout::RAM_SIZE, space: 0, device: false },
    Translation { address: 0, size: crate::layout::RAM_SIZE, space: 1, device: false },
    Translation { address: REGISTERS, size: REGISTERS_SIZE, space: 0, device: true },
    Translation { address: REGISTERS, size: REGISTERS_SIZE, space: 1, device: true },
];

/// The general register that holds [`EPAPR_MAGIC`] at entry (ePAPR 1.1).
pub const MAGIC_REGISTER: usize = 6;
/// Its value (QEMU hw/ppc/e500.c, EPAPR_MAGIC).
pub const EPAPR_MAGIC: u32 = 0x4550_4150;

/// The general register that says at entry what kind of machine it is.
pub const KIND_REGISTER: usize = 7;
/// r7 at entry: a partition whose real mode does not reach the register page, as under KVM-HV: there its hypervisor
/// carries out its stores (H_LOGICAL_CI_STORE).
pub const NO_DEVICES_IN_REAL_MODE: u32 = 1 << 0;
/// r7 at entry: a partition that translates by a radix tree.
pub const RADIX: u32 = 1 << 1;
/// r7 at entry: time is a number of instructions, whatever they are, as for an emulator that counts them. What such a
/// machine takes for a loop that waits is then its branches.
pub const COUNTED: u32 = 1 << 2;

/// Write, 1 byte: one byte to the console.
pub const CONSOLE: u32 = 0x00;
/// Write, 4 bytes: end the session; the value is the guest's status.
pub const POWER_OFF: u32 = 0x04;
/// Write, 4 bytes: carry out the host step described in the host block (see [`crate::host`]). Read, 4 bytes: the same,
/// in the middle of the load, which gets [`PROBE_VALUE`].
pub const HOST_CALL: u32 = 0x08;
/// Write, 4 bytes, any value: lower the external interrupt line.
pub const EXTERNAL_ACK: u32 = 0x0c;
/// Write, 4 bytes, any value: lower the critical interrupt line.
pub const CRITICAL_ACK: u32 = 0x10;
/// Read, 4 bytes: always [`PROBE_VALUE`]. A load from here is an exit to user space and nothing else.
pub const PROBE: u32 = 0x14;
/// What [`PROBE`] reads as.
pub const PROBE_VALUE: u32 = 0x5350_5247;

/// Write, 4 bytes, any value: reset the machine. The CPU begins as at first entry, image and batch are as they were
/// then, all other memory keeps its contents.
pub const RESET: u32 = 0x18;

/// Sixteen bytes, as a vector register has, that keep what is stored into them, in accesses of any width: memory, but
/// that each access is an exit to user space.
pub const LATCH: u32 = 0x20;
/// Size of [`LATCH`], bytes.
pub const LATCH_SIZE: u32 = 16;

/// Status of a guest that ran its whole batch.
pub const STATUS_DONE: u32 = 0;
/// Status of a guest that cannot go on: bad batch, panic.
pub const STATUS_PANIC: u32 = 1;
