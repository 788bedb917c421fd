//! A stand-in for OpenBIOS, for targets that offer the magic page and have no firmware: the minimal board.
//!
//! 32-bit OpenBIOS keeps the top of its memory where the magic page is going to be, and a kernel that calls it touches
//! the page before it enables it. The stand-in has that mapping and its stack there; it answers what scripts ask for.
//!
//! ```text
//!   EA 0xfffff000   stack, from the top down   -->  FIRMWARE_PAGE, the last page of RAM
//!      0xfff00000   the firmware's last MiB    -->  the last MiB of RAM (`translate` says so; nothing else is mapped)
//!   EA below RAM_SIZE                          -->  the same physical address
//! ```
//!
//! As recorded of OpenBIOS under QEMU's mac99 with 128 MiB: `translate` gives 0x07fff000 for 0xfffff000
//! (golden/bare/firmware/client-interface.snap), and the first return address lies at 0xfffffffc. It maps the page when
//! a call finds it unmapped, as OpenBIOS does in its page fault handler, and never otherwise: a mapping made again
//! would hide a hypervisor that keeps old translations. It runs in the kernel's machine state and translation.

use super::client::{Call, Firmware, NONE};
use crate::family;
use core::arch::{asm, global_asm};
use core::ffi::{CStr, c_char};
use sprig_isa::mmu::PAGE_SIZE;
use sprig_wire::bytecode::permission;
use sprig_wire::layout::{FIRMWARE_PAGE, RAM_SIZE};

/// The page with the stack.
const TOP_PAGE: u32 = 0u32.wrapping_sub(PAGE_SIZE as u32);
/// The firmware's own memory: this many bytes up to the end of the address space, and of RAM.
const OWN_MEMORY: u32 = 1 << 20;
/// The first stack frame: a back chain and the word where the called function leaves its return address.
const FIRST_FRAME: u32 = 0u32.wrapping_sub(8);

/// Handles of what the device tree has.
const ROOT: u32 = 1;
const CHOSEN: u32 = 2;
const HYPERVISOR: u32 = 3;
/// The MMU package's instance.
const MMU: u32 = 4;
const CELL: u32 = 4;
/// Forth's true.
const TRUE: u32 = !0;

global_asm!(include_str!("../asm/stack.s"));

unsafe extern "C" {
    /// Calls `function(call)` with this stack.
    fn call_on_stack(call: *mut Call, function: extern "C" fn(*mut Call) -> i32, stack: u32) -> i32;
}

/// The stand-in.
pub(super) struct StandIn;

impl Firmware for StandIn {
    fn enter(&self, call: &mut Call) {
        if !family::is_mapped(TOP_PAGE) {
            let rights = permission::SUPERVISOR_READ | permission::SUPERVISOR_WRITE;
            if family::map(TOP_PAGE, FIRMWARE_PAGE.into(), rights).is_err() {
                // Scripts have used up what can be mapped: the results stay what they are without an answer.
                return;
            }
        }
        // SAFETY: the page is mapped and used by nothing else, in the kernel's own translation; its stack grows down
        // from the top.
        unsafe { call_on_stack(call, client_interface, FIRST_FRAME) };
    }
}

/// The entry point, as the client interface has it: 0, or -1 for a service that it does not have.
extern "C" fn client_interface(call: *mut Call) -> i32 {
    // SAFETY: the kernel's call, which nothing else refers to meanwhile.
    let call = unsafe { &mut *call };
    let [first, second, third, ..] = call.arguments();
    let results: &[u32] = match call.service().to_bytes() {
        b"finddevice" => &[find_device(text(first))],
        b"getprop" if (first, text(second)) == (CHOSEN, c"mmu") => {
            // SAFETY: the kernel's place for the property, as long as a cell.
            unsafe { (third as *mut u32).write_volatile(MMU) };
            &[CELL]
        }
        b"getprop" => &[NONE],
        b"milliseconds" => &[milliseconds()],
        b"claim" => &[NONE],
        b"call-method" if (text(first), second) == (c"translate", MMU) => match translate(third) {
            Some(physical) => &[0, TRUE, 0, physical],
            None => &[0, 0],
        },
        _ => return -1,
    };
    call.answer(results);
    0
}

/// What passes for milliseconds: it is not known how fast the board's time base is.
fn milliseconds() -> u32 {
    const TICKS: u32 = 1 << 10;
    let time: u32;
    // SAFETY: every PowerPC has the instruction; it reads a register.
    unsafe { asm!("mftb {}", out(reg) time, options(nomem, nostack)) };
    time / TICKS
}

fn find_device(path: &CStr) -> u32 {
    match path.to_bytes() {
        b"/" => ROOT,
        b"/chosen" => CHOSEN,
        // Under KVM it is there, put in by QEMU or by OpenBIOS for it.
        b"/hypervisor" => HYPERVISOR,
        _ => NONE,
    }
}

fn translate(ea: u32) -> Option<u32> {
    let own = ea >= 0u32.wrapping_sub(OWN_MEMORY);
    (own || ea < RAM_SIZE).then(|| if own { ea.wrapping_add(RAM_SIZE) } else { ea })
}

/// The text at an address that the kernel gave.
fn text(address: u32) -> &'static CStr {
    // SAFETY: arguments of these services are the kernel's own constants, which end with a zero.
    unsafe { CStr::from_ptr(address as *const c_char) }
}
