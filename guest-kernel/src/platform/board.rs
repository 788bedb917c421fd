//! The minimal board of the reference hypervisor and the KVM VMM: `sprig_wire::board` describes it.

use super::{EntryRegisters, Platform, hang};
#[cfg(target_pointer_width = "32")]
use super::{client::Firmware, stand_in::StandIn};
use crate::address::IoWindow;
use crate::mmio::{write8, write32};
use crate::papr::{self, Call};
use crate::spr::mfmsr;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use sprig_interpreter::{CallResult, Unsupported};
use sprig_isa::msr::book3s::DR;
use sprig_wire::board::{
    CONSOLE, COUNTED, CRITICAL_ACK, EXTERNAL_ACK, HOST_CALL, NO_DEVICES_IN_REAL_MODE, POWER_OFF, RADIX, REGISTERS,
    REGISTERS_SIZE, RESET,
};
use sprig_wire::host::{ARGUMENTS, RESULTS, VALUES};
use sprig_wire::layout::HOST_BLOCK;

/// In real mode stores to the registers are the hypervisor's to make.
static BY_HYPERCALL: AtomicBool = AtomicBool::new(false);
static IS_RADIX: AtomicBool = AtomicBool::new(false);
static IS_COUNTED: AtomicBool = AtomicBool::new(false);

/// True where a store to the registers has been made by a hypercall, since the mode we are in does not reach them. In
/// supervisor state.
fn stored_by_hypercall(offset: u32, value: u32, bytes: usize) -> bool {
    // Where the kernel's state is emulated, mfmsr is an exit; there the first condition does not hold.
    if !BY_HYPERCALL.load(Relaxed) || mfmsr() & DR as u32 != 0 {
        return false;
    }
    let arguments = [bytes as u64, (REGISTERS + offset).into(), value.into(), 0];
    Call::wide(papr::token::H_LOGICAL_CI_STORE, arguments).make();
    true
}

/// A store in supervisor state, by an interrupt handler in real mode perhaps.
fn store32(offset: u32, value: u32) {
    if !stored_by_hypercall(offset, value, size_of::<u32>()) {
        // SAFETY: the board's register page, mapped or reached in real mode.
        unsafe { write32(REGISTERS + offset, value) };
    }
}

/// The board of `sprig_wire::board`.
pub(crate) struct Board;

impl Platform for Board {
    const USUAL_CPU: &str = "e500v2";

    const ENTERS_CLEAR: bool = true;

    fn io() -> Option<IoWindow> {
        Some(IoWindow { ea: REGISTERS, pa: REGISTERS as u64, log2_size: REGISTERS_SIZE.ilog2(), user: true })
    }

    fn prepare(entry: EntryRegisters) {
        BY_HYPERCALL.store(entry.r7 & NO_DEVICES_IN_REAL_MODE != 0, Relaxed);
        IS_RADIX.store(entry.r7 & RADIX != 0, Relaxed);
        IS_COUNTED.store(entry.r7 & COUNTED != 0, Relaxed);
    }

    fn write(bytes: &[u8]) {
        for byte in bytes {
            if !stored_by_hypercall(CONSOLE, (*byte).into(), size_of::<u8>()) {
                // SAFETY: the board's register page, mapped or reached in real mode.
                unsafe { write8(REGISTERS + CONSOLE, *byte) };
            }
        }
    }

    fn power_off(status: u32) -> ! {
        store32(POWER_OFF, status);
        hang()
    }

    fn reset() -> Unsupported {
        store32(RESET, 0);
        hang()
    }

    /// What to do goes into the host block, a store rings the bell.
    fn host(call: u16, arguments: &[u64]) -> Result<CallResult, Unsupported> {
        let block = HOST_BLOCK as *mut u8;
        // SAFETY: the host block is memory that every platform has and nothing else uses; there are no more arguments
        // than it has room for. The accesses are volatile, since the host reads and writes behind the compiler's back.
        unsafe {
            let arguments = arguments.get(..VALUES).unwrap_or(arguments);
            block.cast::<u16>().write_volatile(call.to_be());
            block.cast::<u16>().add(1).write_volatile((arguments.len() as u16).to_be());
            for (index, argument) in arguments.iter().enumerate() {
                block.add(ARGUMENTS as usize).cast::<u64>().add(index).write_volatile(argument.to_be());
            }
            write32(REGISTERS + HOST_CALL, 0);
            let mut results = [0; VALUES];
            for (index, result) in results.iter_mut().enumerate() {
                *result = u64::from_be(block.add(RESULTS as usize).cast::<u64>().add(index).read_volatile());
            }
            let status = u32::from_be(block.cast::<u32>().add(1).read_volatile());
            Ok(CallResult { results, status })
        }
    }

    /// The board has no firmware, but something that leaves the memory at the page's address as one does: as 32-bit
    /// OpenBIOS does, for 32-bit kernels.
    #[cfg(target_pointer_width = "32")]
    fn firmware(service: u16, arguments: &[u64]) -> Result<CallResult, Unsupported> {
        StandIn.serve(service, arguments)
    }

    fn acknowledge_external() -> bool {
        store32(EXTERNAL_ACK, 0);
        true
    }

    fn acknowledge_critical() -> bool {
        store32(CRITICAL_ACK, 0);
        true
    }

    /// The smallest there is.
    fn hash_table_log2_groups() -> u32 {
        sprig_isa::mmu::hash64::HTABSIZE_BASE
    }

    fn is_radix() -> bool {
        IS_RADIX.load(Relaxed)
    }

    fn is_counted() -> bool {
        IS_COUNTED.load(Relaxed)
    }
}
