//! QEMU's pseries: a PAPR partition, started by VOF, QEMU's own minimal Open Firmware.
//!
//! Entry: real mode, r5 = client interface of the firmware (IEEE 1275 PowerPC binding, section 8.2.3). The firmware's
//! code is where our vectors go, so it is asked first.

use super::{EntryRegisters, hang};
use crate::cell::Exclusive;
use crate::family::IoWindow;
use crate::papr::{self, Call};
use sprig_interpreter::{CallResult, Unsupported};

/// What is most often run here.
pub(crate) const USUAL_CPU: &str = "power8";

/// Everything is behind hypercalls.
pub(crate) static IO: Option<IoWindow> = None;

/// Tokens of RTAS calls, from the device tree.
struct Tokens {
    power_off: Option<u32>,
    reboot: Option<u32>,
}

static TOKENS: Exclusive<Tokens> = Exclusive::new(Tokens { power_off: None, reboot: None });

/// A call of the client interface: cells of 32 bits, as IEEE 1275 has them.
#[repr(C)]
struct ClientCall {
    service: *const u8,
    arguments: u32,
    results: u32,
    cells: [u32; 5],
}

/// Calls the firmware; `cells` are the arguments and behind them room for the results.
fn client(entry: u32, service: &core::ffi::CStr, arguments: u32, results: u32, cells: [u32; 5]) -> [u32; 5] {
    let mut call = ClientCall { service: service.as_ptr().cast(), arguments, results, cells };
    // SAFETY: the firmware's entry as it handed it to us, called as its binding says, before we overwrite it.
    unsafe {
        let entry: extern "C" fn(*mut ClientCall) -> i32 = core::mem::transmute(entry as *const ());
        entry(&raw mut call);
    }
    // SAFETY: the firmware has written there behind the compiler's back.
    unsafe { (&raw const call.cells).read_volatile() }
}

/// The value of a property of "/rtas" that is one cell.
fn rtas_token(entry: u32, name: &core::ffi::CStr) -> Option<u32> {
    const NONE: u32 = !0;
    let [_, rtas, ..] = client(entry, c"finddevice", 1, 1, [c"/rtas".as_ptr() as u32, NONE, 0, 0, 0]);
    if rtas == NONE {
        return None;
    }
    let mut token: u32 = NONE;
    client(entry, c"getprop", 4, 1, [rtas, name.as_ptr() as u32, &raw mut token as u32, 4, 0]);
    // SAFETY: the firmware has written there behind the compiler's back.
    let token = unsafe { (&raw const token).read_volatile() };
    (token != NONE).then_some(token)
}

/// Before vectors and translation are set up.
pub(crate) fn prepare(entry: EntryRegisters) {
    if entry.r5 != 0 {
        let power_off = rtas_token(entry.r5, c"power-off");
        let reboot = rtas_token(entry.r5, c"system-reboot");
        TOKENS.with(|tokens| *tokens = Tokens { power_off, reboot });
    }
}

/// When translation is set up.
pub(crate) fn start() {}

/// Writes to the console, 16 bytes a call. Terminal 0 is the first there is.
pub(crate) fn write(bytes: &[u8]) {
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

/// Makes an RTAS call with at most two arguments and one result, which is not looked at (LoPAR, "RTAS argument buffer").
fn rtas(token: u32, arguments: &[u32]) {
    let mut buffer = [token, arguments.len() as u32, 1, 0, 0, 0];
    for (cell, argument) in buffer[3..].iter_mut().zip(arguments) {
        *cell = *argument;
    }
    Call::new(papr::token::H_RTAS, [&raw const buffer as u32, 0, 0, 0]).make();
}

/// Ends the session. PAPR has no way to hand on a status.
pub(crate) fn power_off(_status: u32) -> ! {
    if let Some(token) = TOKENS.with(|tokens| tokens.power_off) {
        // No event switches the partition on again.
        rtas(token, &[!0, !0]);
    }
    hang()
}

/// Resets the machine. QEMU puts image and batch back as they were and leaves other memory alone.
pub(crate) fn reset() -> Unsupported {
    if let Some(token) = TOKENS.with(|tokens| tokens.reboot) {
        rtas(token, &[]);
    }
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

/// Size of the partition's hashed page table, as log2 of its groups: the hypervisor refuses to read beyond its end.
pub(crate) fn hash_table_log2_groups() -> u32 {
    use sprig_isa::mmu::hash64::{HTABSIZE_BASE, PTES_PER_GROUP};
    let exists = |log2_groups: &u32| {
        let last = (PTES_PER_GROUP as u32) * (1 << (log2_groups - 1));
        Call::new(papr::token::H_READ, [0, last, 0, 0]).make() == papr::H_SUCCESS
    };
    const LARGEST: u32 = 28;
    (HTABSIZE_BASE + 1..LARGEST).take_while(exists).last().unwrap_or(HTABSIZE_BASE)
}
