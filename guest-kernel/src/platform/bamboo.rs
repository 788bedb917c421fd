//! QEMU's bamboo: a 440EP evaluation board.
//!
//! Entry (QEMU hw/ppc/ppc440_bamboo.c, mmubooke_create_initial_mapping): supervisor, the TLB maps everything at EA = PA
//! for supervisor state only, r3 = device tree.

use super::{EntryRegisters, hang, ns16550};
use crate::family::IoWindow;
use crate::spr::mtspr;
use sprig_interpreter::{CallResult, Unsupported};
use sprig_isa::spr::number;

/// PPC440EP user manual, "Memory map".
const PERIPHERALS: u32 = 0xef60_0000;
const UART: u32 = PERIPHERALS + 0x300;
/// DBCR0\[RST\] = 3: system reset. With QEMU's -no-reboot that ends it; the board has no power-off.
const DBCR0_SYSTEM_RESET: u32 = 0x3000_0000;

/// What is most often run here.
pub(crate) const USUAL_CPU: &str = "440";
/// What starts us may leave anything in the CPU.
pub(crate) const ENTERS_CLEAR: bool = false;

/// The device registers to map.
pub(crate) fn io() -> Option<IoWindow> {
    Some(IoWindow { ea: PERIPHERALS, pa: PERIPHERALS as u64, log2_size: 16, user: false })
}

/// Before translation is set up.
pub(crate) fn prepare(_entry: EntryRegisters) {}

/// When translation is set up.
pub(crate) fn start() {
    ns16550::start(UART);
}

/// Writes to the console.
pub(crate) fn write(bytes: &[u8]) {
    ns16550::write(UART, bytes);
}

/// Ends the session. The machine has no way to hand on a status.
pub(crate) fn power_off(_status: u32) -> ! {
    // SAFETY: resets the machine, which is what is wanted.
    unsafe { mtspr::<{ number::DBCR0 }>(DBCR0_SYSTEM_RESET) };
    hang()
}

/// A reset is how the machine powers off.
pub(crate) fn reset() -> Unsupported {
    Unsupported
}

/// The platform has no host side.
pub(crate) fn host(_call: u16, _arguments: &[u64]) -> Result<CallResult, Unsupported> {
    Err(Unsupported)
}

/// No firmware is left when the guest runs.
pub(crate) fn firmware(_service: u16, _arguments: &[u64]) -> Result<CallResult, Unsupported> {
    Err(Unsupported)
}

/// Lowers the external interrupt line; false if the platform does not know how.
pub(crate) fn acknowledge_external() -> bool {
    false
}

/// The same of the critical line.
pub(crate) fn acknowledge_critical() -> bool {
    false
}

/// A BookE CPU has no hashed page table.
pub(crate) fn hash_table_log2_groups() -> u32 {
    0
}

/// True if the partition translates by a radix tree.
pub(crate) fn is_radix() -> bool {
    false
}
