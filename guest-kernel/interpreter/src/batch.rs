//! Running a batch: from the first frame to the last.

use crate::case::{self, Begin};
use crate::console::{send, send_log};
use crate::log::Log;
use crate::machine::{Machine, Memory};
use sprig_wire::batch::Batch;
use sprig_wire::frame::Record;
use sprig_wire::log::{AT_INDEX, AT_STEP, Interrupt, Kind, NO_STEP, State};
use sprig_wire::{Malformed, VERSION};

/// Runs every case of the batch in memory and reports each; goes on where a case has reset the machine.
///
/// # Errors
/// [`Malformed`] where the batch is not one; that is reported too.
pub fn run_batch<M: Machine>(machine: &mut M, memory: Memory<'_>) -> Result<(), Malformed> {
    let Memory { batch, log, kept, slots } = memory;
    let mut log = Log::new(log);
    run(machine, batch, &mut log, kept, slots).inspect_err(|error| {
        send(machine, &mut log, &Record::Panic(error.what.as_bytes()));
    })
}

fn run<'a, M: Machine>(
    machine: &mut M,
    batch: &[u8],
    log: &mut Log<'a>,
    kept: &'a mut [u8],
    slots: &mut [u64],
) -> Result<(), Malformed> {
    let resume = log.is_resetting();
    if !resume {
        log.start_session();
    }
    let batch = Batch::open(batch)?;
    log.is_silent = batch.is_silent();
    log.kept = batch.keeps().then_some(kept);
    let mut index = 0;
    if resume {
        index = log.field(AT_INDEX);
    } else {
        let boot = Record::Boot { version: VERSION, pvr: machine.pvr(), cases: batch.len() };
        send(machine, log, &boot);
    }
    let mut begin = if resume { Begin::BehindReset } else { Begin::Afresh };
    while index < batch.len() {
        let case = batch.case(index)?;
        if matches!(begin, Begin::Afresh) {
            send(machine, log, &Record::Case { case: case.id });
            log.begin(case.id, index);
        }
        let state = case::run(machine, &case, begin, batch.is_loud(), slots, log);
        log.set_state(state);
        send_log(machine, log, state);
        begin = Begin::Afresh;
        index += 1;
    }
    send(machine, log, &Record::Done);
    Ok(())
}

/// Reports an exception of the guest's own code during a case: the case ends here, and with it the session, for nothing
/// can be said of the machine's state any more.
pub fn report_stray<M: Machine>(machine: &mut M, log: &mut [u8], interrupt: &Interrupt) {
    let mut log = Log::new(log);
    // An entry belongs to a step; what happens before the first is told as that one's.
    let step = match log.field(AT_STEP) {
        NO_STEP => 0,
        step => step as u16,
    };
    // A full log has no room for the reason; the state says what happened all the same.
    let _ = log.draft(Some(interrupt), 0).and_then(|draft| log.add(draft, step, Kind::Stray));
    log.set_state(State::Stray);
    send_log(machine, &mut log, State::Stray);
}
