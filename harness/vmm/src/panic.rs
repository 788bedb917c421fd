//! The program's own end, where it cannot go on: said in a frame, so that the harness does not take it for the host's.

use crate::linux;
use core::fmt;
use sprig_kvm::report::Text;
use sprig_wire::frame::{Line, Record};

/// Says that nothing can be run, and why. The frame's number is the first: nothing that came before matters.
pub(crate) fn unfit(why: &dyn fmt::Display) {
    linux::write_all(linux::STDOUT, Line::new(0, &Record::Unfit(Text::of(why).as_bytes())).as_bytes());
    linux::drain(linux::STDOUT);
}

/// Says why the program cannot go on, and ends it.
pub(crate) fn end(why: fmt::Arguments<'_>) -> ! {
    unfit(&why);
    if linux::is_process_1() {
        linux::restart();
    }
    linux::exit(crate::FAILED)
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    match info.location() {
        Some(location) => end(format_args!("the VMM panicked in {}:{}", location.file(), location.line())),
        None => end(format_args!("the VMM panicked")),
    }
}
