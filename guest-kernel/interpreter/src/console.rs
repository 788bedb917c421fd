//! Sending records as frames.

use crate::log::Log;
use crate::machine::Machine;
use sprig_wire::CRC;
use sprig_wire::frame::{LOG_CHUNK, Line, Record};
use sprig_wire::log::{AT_CASE, AT_LENGTH, AT_STEP, State};

/// Sends one record, unless the batch asks for silence.
pub(crate) fn send<M: Machine>(machine: &mut M, log: &mut Log<'_>, record: &Record<'_>) {
    if log.is_silent && !matches!(record, Record::Panic(_)) {
        return;
    }
    let line = Line::new(log.next_sequence(), record);
    machine.console(line.as_bytes());
}

/// Says that the running case has ended, and what it has logged: where that is kept, or all of it.
pub(crate) fn send_log<M: Machine>(machine: &mut M, log: &mut Log<'_>, state: State) {
    if log.is_silent {
        return;
    }
    let (case, step) = (log.field(AT_CASE), log.field(AT_STEP));
    let (length, checksum) = (log.field(AT_LENGTH), CRC.checksum(log.entries()));
    let end = if let Some(offset) = log.keep() {
        Record::Kept { case, state, step, offset, length, checksum }
    } else {
        send_entries(machine, log, case);
        Record::End { case, state, step, length, checksum }
    };
    send(machine, log, &end);
}

fn send_entries<M: Machine>(machine: &mut M, log: &mut Log<'_>, case: u32) {
    let mut offset = 0;
    loop {
        let mut chunk = [0; LOG_CHUNK];
        let rest = log.entries().get(offset..).unwrap_or(&[]);
        if rest.is_empty() {
            break;
        }
        let length = rest.len().min(LOG_CHUNK);
        let (chunk, rest) = (&mut chunk[..length], &rest[..length]);
        chunk.copy_from_slice(rest);
        // Offsets are below LOG_SIZE.
        send(machine, log, &Record::Log { case, offset: offset as u32, bytes: chunk });
        offset += length;
    }
}
