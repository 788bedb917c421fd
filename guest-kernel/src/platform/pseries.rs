//! QEMU's pseries: a PAPR partition, started by SLOF or by VOF, QEMU's own minimal Open Firmware.
//!
//! Entry: real mode, r5 = client interface of the firmware (IEEE 1275 PowerPC binding, section 8.2.3). VOF's code is
//! where our vectors go, so it is called before they are installed.

use super::client::{Call as ClientCall, Firmware};
use super::{EntryRegisters, Platform, hang};
use crate::address::{Ea, IoWindow};
use crate::cell::Exclusive;
use crate::papr::{self, Call};
#[cfg(target_pointer_width = "32")]
use crate::spr::{mfmsr, mtmsr};
use sprig_interpreter::{CallResult, Unsupported};
#[cfg(target_pointer_width = "32")]
use sprig_isa::msr;
use sprig_wire::layout::SAVE_END;

/// A firmware with an entry below this is VOF, and no more.
const LOWEST_FIRMWARE: u32 = SAVE_END;

/// Tokens of RTAS calls, from the device tree.
struct Tokens {
    power_off: Option<u32>,
    reboot: Option<u32>,
}

static TOKENS: Exclusive<Tokens> = Exclusive::new(Tokens { power_off: None, reboot: None });

/// The firmware that started us: SLOF. QEMU's VOF lies where our vectors go and can be called before that only.
static FIRMWARE: Exclusive<OpenFirmware> = Exclusive::new(OpenFirmware { entry: 0 });

/// The client interface, by its entry point.
#[derive(Clone, Copy)]
struct OpenFirmware {
    entry: u32,
}

#[cfg(target_pointer_width = "64")]
unsafe extern "C" {
    /// Calls `entry(call)` of a firmware, which is 32-bit big-endian code.
    fn call_firmware(call: *mut ClientCall, entry: usize) -> i32;
}

impl Firmware for OpenFirmware {
    #[cfg(target_pointer_width = "64")]
    fn enter(&self, call: &mut ClientCall) {
        // SAFETY: the firmware's entry; it runs in real mode with interrupts off, as it was when it handed us that, and
        // all our memory is at EA = PA.
        unsafe { call_firmware(call, self.entry as usize) };
    }

    #[cfg(target_pointer_width = "32")]
    fn enter(&self, call: &mut ClientCall) {
        let msr = mfmsr();
        // SAFETY: the firmware runs in real mode with interrupts off, as it was when it handed us its entry; all our
        // memory is at EA = PA. It keeps what a called function keeps.
        unsafe {
            mtmsr(msr & !(msr::EE | msr::book3s::IR | msr::book3s::DR) as u32);
            let entry: extern "C" fn(*mut ClientCall) -> i32 = core::mem::transmute(self.entry as *const ());
            entry(call);
            mtmsr(msr);
        }
    }
}

/// Makes an RTAS call with at most two arguments and one result, which is not looked at (LoPAR, "RTAS argument
/// buffer").
fn rtas(token: u32, arguments: &[u32]) {
    let mut buffer = [token, arguments.len() as u32, 1, 0, 0, 0].map(u32::to_be);
    for (cell, argument) in buffer[3..].iter_mut().zip(arguments) {
        *cell = argument.to_be();
    }
    Call::new(papr::token::H_RTAS, [&raw const buffer as Ea, 0, 0, 0]).make();
}

/// A partition of QEMU's pseries.
pub(crate) struct Pseries;

impl Platform for Pseries {
    const USUAL_CPU: &str = "power8";

    /// Everything is behind hypercalls.
    fn io() -> Option<IoWindow> {
        None
    }

    fn prepare(entry: EntryRegisters) {
        if entry.r5 == 0 {
            return;
        }
        let firmware = OpenFirmware { entry: entry.r5 };
        FIRMWARE.with(|known| *known = firmware);
        let rtas = firmware.find_device(c"/rtas");
        let power_off = firmware.property(rtas, c"power-off");
        let reboot = firmware.property(rtas, c"system-reboot");
        TOKENS.with(|tokens| *tokens = Tokens { power_off, reboot });
    }

    /// 16 bytes a call. Terminal 0 is the first there is.
    fn write(bytes: &[u8]) {
        const BYTES: usize = 16;
        const H_BUSY: i32 = 1;
        for chunk in bytes.chunks(BYTES) {
            let mut padded = [0; BYTES];
            for (place, byte) in padded.iter_mut().zip(chunk) {
                *place = *byte;
            }
            let text = u128::from_be_bytes(padded);
            let arguments = [0, chunk.len() as u64, (text >> 64) as u64, text as u64];
            while Call::wide(papr::token::H_PUT_TERM_CHAR, arguments).make() == H_BUSY {}
        }
    }

    fn power_off(_status: u32) -> ! {
        if let Some(token) = TOKENS.with(|tokens| tokens.power_off) {
            // No event switches the partition on again.
            rtas(token, &[!0, !0]);
        }
        hang()
    }

    fn reset() -> Unsupported {
        if let Some(token) = TOKENS.with(|tokens| tokens.reboot) {
            rtas(token, &[]);
        }
        Unsupported
    }

    fn firmware(service: u16, arguments: &[u64]) -> Result<CallResult, Unsupported> {
        let firmware = FIRMWARE.with(|firmware| *firmware);
        if firmware.entry < LOWEST_FIRMWARE {
            return Err(Unsupported);
        }
        firmware.serve(service, arguments)
    }

    /// The hypervisor refuses to read beyond its end.
    fn hash_table_log2_groups() -> u32 {
        use sprig_isa::mmu::hash64::{HTABSIZE_BASE, PTES_PER_GROUP};
        let exists = |log2_groups: &u32| {
            let last = (PTES_PER_GROUP as Ea) * (1 << (log2_groups - 1));
            Call::new(papr::token::H_READ, [0, last, 0, 0]).make() == papr::H_SUCCESS
        };
        const LARGEST: u32 = 28;
        (HTABSIZE_BASE + 1..LARGEST).take_while(exists).last().unwrap_or(HTABSIZE_BASE)
    }
}
