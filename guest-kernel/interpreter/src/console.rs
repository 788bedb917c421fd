//! Sending records as frames.

use crate::log::Log;
use crate::machine::Machine;
use sprig_wire::CRC;
use sprig_wire::frame::{LOG_CHUNK, Line, Record};
use sprig_wire::log::{AT_CASE, AT_STEP, State};

/// Sends one record, unless the batch asks for silence.
pub(crate) fn send<M: Machine>(machine: &mut M, log: &mut Log<'_>, record: &Record<'_>) {
    if log.is_silent && !matches!(record, Record::Panic(_)) {
        return;
    }
    let line = Line::new(log.next_sequence(), record);
    machine.console(line.as_bytes());
}

/// Sends the log of the case that has just ended, and that it has.
pub(crate) fn send_log<M: Machine>(machine: &mut M, log: &mut Log<'_>, state: State) {
    if log.is_silent {
        return;
    }
    let case = log.field(AT_CASE);
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
    let end = Record::End {
        case,
        state,
        step: log.field(AT_STEP),
        length: offset as u32,
        checksum: CRC.checksum(log.entries()),
    };
    send(machine, log, &end);
}
