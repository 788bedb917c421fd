//! The 16550 UART (National Semiconductor PC16550D data sheet), transmitter only.

use crate::mmio::{read8, write8};

/// Transmitter holding register.
const THR: u32 = 0;
/// FIFO control register.
const FCR: u32 = 2;
/// Line status register.
const LSR: u32 = 5;

const FCR_FIFO_ENABLE: u8 = 1 << 0;
const LSR_THR_EMPTY: u8 = 1 << 5;
/// Bytes the transmit FIFO holds.
const FIFO: usize = 16;

/// Enables the FIFO of the UART at this address.
pub(super) fn start(base: u32) {
    // SAFETY: the platform's UART, mapped.
    unsafe { write8(base + FCR, FCR_FIFO_ENABLE) };
}

/// Writes bytes. The status is read once for each filling of the FIFO: every access is an exit under a hypervisor.
pub(super) fn write(base: u32, bytes: &[u8]) {
    for chunk in bytes.chunks(FIFO) {
        // SAFETY: the platform's UART, mapped.
        unsafe {
            while read8(base + LSR) & LSR_THR_EMPTY == 0 {}
            for byte in chunk {
                write8(base + THR, *byte);
            }
        }
    }
}
