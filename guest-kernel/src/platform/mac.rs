//! QEMU's Power Macintosh machines (mac99, g3beige), without a firmware and with OpenBIOS.
//!
//! Two ways in, an image each (ci/guest-build):
//! - `mac`: QEMU's generic loader sets the PC and nothing else, so the CPU is as after reset: real mode, MSR\[IP\] set.
//! - `mac-openbios`: the firmware starts what lies at 0x01000000, with translation on and its client interface in r5.
//!
//! All devices are behind one PCI function, macio, which has no address until the firmware or we give it one.
//!
//! ```text
//!   host bridge (config address, data) --> macio (106b:....) BAR0 = MACIO
//!     MACIO + 0x13000  ESCC: serial ports        Zilog SCC/ESCC User Manual
//!           + 0x16000  VIA and CUDA: power       6522 VIA data sheet; Linux drivers/macintosh/via-cuda.c
//! ```

use super::client::Firmware;
use super::openbios::OpenBios;
use super::{EntryRegisters, Platform, hang};
use crate::address::IoWindow;
use crate::cell::Exclusive;
use crate::mmio::{read8, read32, write8, write32};
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use sprig_interpreter::{CallResult, Unsupported};

/// Where macio's registers are; here unless the firmware has put them elsewhere.
static MACIO: AtomicU32 = AtomicU32::new(0x8000_0000);

/// The firmware that started us, if one did.
static FIRMWARE: Exclusive<Option<OpenBios>> = Exclusive::new(None);

/// Address of a register of macio.
fn macio(offset: u32) -> u32 {
    MACIO.load(Relaxed) + offset
}

/// A PCI host bridge: addresses of the two words through which configuration space is reached.
struct Bridge {
    address: u32,
    data: u32,
}

/// Where macio may be (QEMU hw/ppc/mac_newworld.c, mac_oldworld.c): UniNorth's main bus, the AGP bus of U3, Grackle.
const BRIDGES: [Bridge; 3] = [
    Bridge { address: 0xf280_0000, data: 0xf2c0_0000 },
    Bridge { address: 0xf080_0000, data: 0xf0c0_0000 },
    Bridge { address: 0xfec0_0000, data: 0xfee0_0000 },
];
/// Configuration addresses of type 0 have one bit for the device, from bit 11 on.
const DEVICES: core::ops::Range<u32> = 11..32;
/// Grackle's have the enable bit and the device's number instead.
const GRACKLE: u32 = 0xfec0_0000;
const CONFIG_ENABLE: u32 = 1 << 31;
const CONFIG_DEVICE_SHIFT: u32 = 11;

/// PCI configuration registers (PCI Local Bus Specification, section 6.2).
const PCI_ID: u32 = 0x00;
const PCI_COMMAND: u32 = 0x04;
const PCI_CLASS: u32 = 0x08;
const PCI_BAR0: u32 = 0x10;
/// The bits of a memory BAR that are the address.
const PCI_BAR_ADDRESS: u32 = !0xf;
const PCI_COMMAND_MEMORY: u32 = 1 << 1;
const PCI_VENDOR_APPLE: u32 = 0x106b;
const PCI_VENDOR: u32 = 0xffff;
/// Class and subclass of macio: "other", which is how it differs from Apple's host bridges.
const PCI_CLASS_OTHER: u32 = 0xff00;
const PCI_CLASS_SHIFT: u32 = 16;

impl Bridge {
    /// Selects a register; the address of the word where it is now.
    fn select(&self, device: u32, register: u32) -> u32 {
        let (address, data) = if self.address == GRACKLE {
            (CONFIG_ENABLE | (device - DEVICES.start) << CONFIG_DEVICE_SHIFT | register, self.data)
        } else {
            // UniNorth has a data window of eight bytes.
            (1 << device | register, self.data + (register & 4))
        };
        // SAFETY: real mode; where there is no bridge, QEMU ignores the write.
        unsafe { write32(self.address, address.swap_bytes()) };
        data
    }

    fn read(&self, device: u32, register: u32) -> u32 {
        // SAFETY: as above; a read of nothing has an arbitrary value.
        unsafe { read32(self.select(device, register)) }.swap_bytes()
    }

    fn write(&self, device: u32, register: u32, value: u32) {
        // SAFETY: as above; only macio's own registers are written.
        unsafe { write32(self.select(device, register), value.swap_bytes()) };
    }

    fn macio(&self) -> Option<u32> {
        let is_macio = |device: &u32| {
            self.read(*device, PCI_ID) & PCI_VENDOR == PCI_VENDOR_APPLE
                && self.read(*device, PCI_CLASS) >> PCI_CLASS_SHIFT == PCI_CLASS_OTHER
        };
        DEVICES.clone().find(is_macio)
    }
}

/// The first serial port is channel A of the ESCC: control at +0x20, data at +0x30.
const ESCC_CONTROL: u32 = 0x1_3020;
const ESCC_DATA: u32 = 0x1_3030;
/// Write register 5: transmitter on, eight bits.
const WR5: u8 = 5;
const WR5_TX_ENABLE_8_BITS: u8 = 0x68;

/// VIA registers are 0x200 apart.
const VIA: u32 = 0x1_6000;
const VIA_B: u32 = VIA;
const VIA_DIRB: u32 = VIA + 2 * 0x200;
const VIA_SR: u32 = VIA + 10 * 0x200;
const VIA_ACR: u32 = VIA + 11 * 0x200;
/// Port B: transfer in progress and byte acknowledge, low when asserted.
const TIP: u8 = 0x20;
const TACK: u8 = 0x10;
/// ACR: the shift register sends, clocked from outside.
const ACR_SHIFT_OUT: u8 = 0x1c;
const CUDA_PACKET: u8 = 1;
const CUDA_POWER_DOWN: u8 = 0x0a;
const CUDA_RESET: u8 = 0x11;

/// Sends a command of one byte to CUDA. QEMU takes a byte at each change of TACK, at once.
fn send_to_cuda(command: u8) {
    // SAFETY: the platform's power controller, mapped.
    unsafe {
        write8(macio(VIA_DIRB), read8(macio(VIA_DIRB)) | TIP | TACK);
        write8(macio(VIA_B), TIP | TACK);
        write8(macio(VIA_ACR), ACR_SHIFT_OUT);
        write8(macio(VIA_SR), CUDA_PACKET);
        write8(macio(VIA_B), TACK);
        write8(macio(VIA_SR), command);
        write8(macio(VIA_B), 0);
        write8(macio(VIA_B), TIP | TACK);
    }
}

/// A Power Macintosh of QEMU's.
pub(crate) struct Mac;

impl Platform for Mac {
    const USUAL_CPU: &str = "7447";

    fn io() -> Option<IoWindow> {
        /// macio has 512 KiB, aligned to that; an even power of two holds them.
        const LOG2_SIZE: u32 = 20;
        let start = macio(0) & !((1 << LOG2_SIZE) - 1);
        Some(IoWindow { ea: start, pa: start.into(), log2_size: LOG2_SIZE, user: false })
    }

    /// Neither the firmware nor PCI configuration space is mapped later.
    fn prepare(entry: EntryRegisters) {
        if entry.r5 != 0 {
            let firmware = OpenBios::take_over(entry.r5);
            FIRMWARE.with(|known| *known = Some(firmware));
        }
        for bridge in &BRIDGES {
            if let Some(device) = bridge.macio() {
                let assigned = bridge.read(device, PCI_BAR0) & PCI_BAR_ADDRESS;
                if assigned == 0 {
                    bridge.write(device, PCI_BAR0, macio(0));
                    bridge.write(device, PCI_COMMAND, PCI_COMMAND_MEMORY);
                } else {
                    MACIO.store(assigned, Relaxed);
                }
                return;
            }
        }
    }

    fn start() {
        // SAFETY: the platform's serial controller, mapped.
        unsafe {
            write8(macio(ESCC_CONTROL), WR5);
            write8(macio(ESCC_CONTROL), WR5_TX_ENABLE_8_BITS);
        }
    }

    /// QEMU's ESCC hands a byte on within the store, so its status need not be asked for.
    fn write(bytes: &[u8]) {
        for byte in bytes {
            // SAFETY: the platform's serial controller, mapped.
            unsafe { write8(macio(ESCC_DATA), *byte) };
        }
    }

    fn power_off(_status: u32) -> ! {
        send_to_cuda(CUDA_POWER_DOWN);
        hang()
    }

    fn reset() -> Unsupported {
        send_to_cuda(CUDA_RESET);
        hang()
    }

    fn firmware(service: u16, arguments: &[u64]) -> Result<CallResult, Unsupported> {
        FIRMWARE.with(|firmware| firmware.as_ref().ok_or(Unsupported)?.serve(service, arguments))
    }
}
