//! The kernel's last words: frames like any other, so that the harness knows them from garbage.

use crate::machine::{Guest, log};
use crate::platform::{Here, Platform};
use crate::save::{Frame, flags};
use core::sync::atomic::Ordering::Relaxed;
use sprig_isa::exception::Exception;
use sprig_wire::board::STATUS_PANIC;
use sprig_wire::frame::{Line, PAYLOAD, Record};
use sprig_wire::log::{AT_SEQUENCE, State};

/// A sentence put together without core::fmt, which is larger than the rest of the kernel.
struct Text {
    bytes: [u8; PAYLOAD],
    length: usize,
}

impl Text {
    const fn new() -> Self {
        Self { bytes: [0; PAYLOAD], length: 0 }
    }

    fn push(&mut self, text: &[u8]) -> &mut Self {
        for byte in text {
            if let Some(place) = self.bytes.get_mut(self.length) {
                *place = *byte;
                self.length += 1;
            }
        }
        self
    }

    /// A number in hexadecimal, without leading zeros.
    fn number(&mut self, value: usize) -> &mut Self {
        let digits = (usize::BITS - value.leading_zeros()).div_ceil(4).max(1);
        for digit in (0..digits).rev() {
            self.push(&[b"0123456789abcdef"[(value >> (4 * digit) & 0xf) as usize]]);
        }
        self
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&self.bytes)
    }
}

fn send_and_end(text: &Text) -> ! {
    // SAFETY: any other holder of a reference to the log never runs again.
    let log = unsafe { log() };
    let at = AT_SEQUENCE as usize;
    let mut sequence = [0; 4];
    if let Some(field) = log.get(at..at + 4) {
        sequence.copy_from_slice(field);
    }
    let line = Line::new(u32::from_be_bytes(sequence) as u16, &Record::Panic(text.as_bytes()));
    Here::write(line.as_bytes());
    Here::power_off(STATUS_PANIC)
}

/// The PVR is not in the table.
pub(crate) fn unknown_cpu(pvr: u32) -> ! {
    send_and_end(Text::new().push(b"unknown CPU: PVR 0x").number(pvr as usize))
}

/// Called by the handlers of synchronous interrupts where no step is running: the kernel's own code took it. During a
/// case it goes to the case's log, before and after to the console.
pub(crate) extern "C" fn stray_interrupt(frame: &mut Frame) -> ! {
    flags().user.store(0, Relaxed);
    // SAFETY: the code that was using the log never runs again.
    let log = unsafe { log() };
    let running = sprig_wire::log::open(log).is_ok_and(|(header, _)| header.state == State::Running);
    if let (true, Some(interrupt)) = (running, frame.interrupt()) {
        sprig_interpreter::report_stray(&mut Guest::new(0), log, &interrupt);
        Here::power_off(STATUS_PANIC);
    }
    let name = Exception::from_number(frame.exception as u8).map_or("unknown", Exception::name);
    let mut text = Text::new();
    text.push(name.as_bytes()).push(b" in the guest kernel at 0x").number(frame.srr0 as usize);
    text.push(b", address 0x").number(frame.dar as usize);
    send_and_end(&text)
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let mut text = Text::new();
    text.push(b"panic in ");
    if let Some(location) = info.location() {
        text.push(location.file().as_bytes()).push(b", line 0x").number(location.line() as usize);
    }
    send_and_end(&text)
}
