//! QEMU's ppce500: a paravirtual board around the device block (CCSR) of an MPC8544.
//!
//! Entry (QEMU hw/ppc/e500.c, mmubooke_create_initial_mapping; ePAPR 1.1, boot requirements): supervisor, TLB1 maps the
//! image, r3 = device tree, r6 = ePAPR magic.

use super::{EntryRegisters, hang, ns16550};
use crate::family::IoWindow;
use crate::mmio::write32;
use sprig_interpreter::{CallResult, Unsupported};

/// Where we map CCSR; its physical address has 36 bits.
const CCSR: u32 = 0xe000_0000;
/// MPC8544 guide, "Memory map"; QEMU moves CCSR to 0xf_e000_0000.
const CCSR_PHYSICAL: u64 = 0xf_e000_0000;
const UART: u32 = CCSR + 0x4500;
/// MPC8xxx GPIO, which QEMU adds for power-off (e500.c, MPC8XXX_GPIO_OFFSET).
const GPIO: u32 = CCSR + 0xf_f000;
const GPDIR: u32 = GPIO;
const GPDAT: u32 = GPIO + 8;
/// Pin 0 is the highest bit.
const GPIO_POWER_OFF: u32 = 1 << 31;
/// Global utilities (MPC8544 reference manual, section "Reset control register").
const RSTCR: u32 = CCSR + 0xe_00b0;
const RSTCR_RESET: u32 = 1 << 1;

/// What is most often run here.
pub(crate) const USUAL_CPU: &str = "e500v2";
/// What starts us may leave anything in the CPU.
pub(crate) const ENTERS_CLEAR: bool = false;

/// The device registers to map.
pub(crate) fn io() -> Option<IoWindow> {
    Some(IoWindow { ea: CCSR, pa: CCSR_PHYSICAL, log2_size: 20, user: false })
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
    // SAFETY: the platform's GPIO, mapped.
    unsafe {
        write32(GPDIR, GPIO_POWER_OFF);
        write32(GPDAT, GPIO_POWER_OFF);
    }
    hang()
}

/// Resets the machine. QEMU puts image and batch back as they were and leaves other memory alone.
pub(crate) fn reset() -> Unsupported {
    // SAFETY: the platform's global utilities, mapped.
    unsafe { write32(RSTCR, RSTCR_RESET) };
    hang()
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
