//! QEMU's bamboo: a 440EP evaluation board.
//!
//! Entry (QEMU hw/ppc/ppc440_bamboo.c, mmubooke_create_initial_mapping): supervisor, the TLB maps everything at EA = PA
//! for supervisor state only, r3 = device tree.

use super::{Platform, hang, ns16550};
use crate::address::IoWindow;
use crate::spr::mtspr;
use sprig_interpreter::Unsupported;
use sprig_isa::spr::number;

/// PPC440EP user manual, "Memory map".
const PERIPHERALS: u32 = 0xef60_0000;
const UART: u32 = PERIPHERALS + 0x300;
/// DBCR0\[RST\] = 3: system reset. With QEMU's -no-reboot that ends it; the board has no power-off.
const DBCR0_SYSTEM_RESET: u32 = 0x3000_0000;

/// QEMU's bamboo.
pub(crate) struct Bamboo;

impl Platform for Bamboo {
    const USUAL_CPU: &str = "440";

    fn io() -> Option<IoWindow> {
        Some(IoWindow { ea: PERIPHERALS, pa: PERIPHERALS as u64, log2_size: 16, user: false })
    }

    fn start() {
        ns16550::start(UART);
    }

    fn write(bytes: &[u8]) {
        ns16550::write(UART, bytes);
    }

    fn power_off(_status: u32) -> ! {
        // SAFETY: resets the machine, which is what is wanted.
        unsafe { mtspr::<{ number::DBCR0 }>(DBCR0_SYSTEM_RESET) };
        hang()
    }

    /// A reset is how the machine powers off.
    fn reset() -> Unsupported {
        Unsupported
    }
}
