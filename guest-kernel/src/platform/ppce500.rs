//! QEMU's ppce500: a paravirtual board around the device block (CCSR) of an MPC8544.
//!
//! Entry (QEMU hw/ppc/e500.c, mmubooke_create_initial_mapping; ePAPR 1.1, boot requirements): supervisor, TLB1 maps the
//! image, r3 = device tree, r6 = ePAPR magic.

use super::{Platform, hang, ns16550};
use crate::address::IoWindow;
use crate::mmio::write32;
use sprig_interpreter::Unsupported;

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

/// QEMU's ppce500.
pub(crate) struct Ppce500;

impl Platform for Ppce500 {
    const USUAL_CPU: &str = "e500v2";

    fn io() -> Option<IoWindow> {
        Some(IoWindow { ea: CCSR, pa: CCSR_PHYSICAL, log2_size: 20, user: false })
    }

    fn start() {
        ns16550::start(UART);
    }

    fn write(bytes: &[u8]) {
        ns16550::write(UART, bytes);
    }

    fn power_off(_status: u32) -> ! {
        // SAFETY: the platform's GPIO, mapped.
        unsafe {
            write32(GPDIR, GPIO_POWER_OFF);
            write32(GPDAT, GPIO_POWER_OFF);
        }
        hang()
    }

    fn reset() -> Unsupported {
        // SAFETY: the platform's global utilities, mapped.
        unsafe { write32(RSTCR, RSTCR_RESET) };
        hang()
    }
}
