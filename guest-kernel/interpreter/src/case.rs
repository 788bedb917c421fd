//! Running one case.

mod exec;

use crate::console::send;
use crate::log::{Full, Log};
use crate::machine::{CallResult, Machine, Unsupported, Used};
use crate::patcher;
use sprig_wire::Malformed;
use sprig_wire::batch::Case;
use sprig_wire::bytecode::{self, Op, Slots, Step};
use sprig_wire::frame::Record;
use sprig_wire::host::{self, VALUES};
use sprig_wire::layout::CODE_BASE;
use sprig_wire::log::{AT_RESUME, AT_STEP, Kind, State};

/// Rounds of `spin` that a round of `taken` lasts.
const SPINS_PER_ROUND: u32 = 2;

/// Where to begin.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Begin {
    /// At the first operation, from a reset guest state.
    Afresh,
    /// After the operation that reset the machine.
    BehindReset,
}

/// Why a case does not go on.
#[derive(Debug)]
struct Stop(State);

impl From<Full> for Stop {
    fn from(_: Full) -> Self {
        Self(State::Full)
    }
}

impl From<Malformed> for Stop {
    fn from(_: Malformed) -> Self {
        Self(State::BadBytecode)
    }
}

impl From<Unsupported> for Stop {
    fn from(_: Unsupported) -> Self {
        Self(State::Unsupported)
    }
}

/// The innermost race.
struct Race {
    /// Offset of its first operation.
    start: usize,
    /// Rounds still to run, the current one included.
    rounds: u32,
}

struct Runner<'r, 'l, M> {
    machine: &'r mut M,
    slots: &'r mut [u64],
    log: &'r mut Log<'l>,
    race: Option<Race>,
    in_problem_state: bool,
}

/// Runs a case to its end and says how it ended.
pub(crate) fn run<M: Machine>(
    machine: &mut M,
    case: &Case<'_>,
    begin: Begin,
    loud: bool,
    slots: &mut [u64],
    log: &mut Log<'_>,
) -> State {
    let mut at = 0;
    match begin {
        Begin::Afresh => {
            machine.reset_guest_state();
            let Some(used) = slots.get_mut(..usize::from(case.slots)) else { return State::BadBytecode };
            let constants = case.constants().chain(core::iter::repeat(0));
            for (slot, value) in used.iter_mut().zip(constants) {
                *slot = value;
            }
        }
        Begin::BehindReset => {
            at = log.field(AT_RESUME) as usize;
            log.set_state(State::Running);
        }
    }
    machine.load_code(case.code, case.effects);
    machine.touch_everything(used(case, slots, log));
    let mut runner = Runner { machine, slots, log, race: None, in_problem_state: false };
    let result = runner.run(case, at, loud);
    if runner.in_problem_state {
        runner.machine.leave_user();
    }
    result.map_or_else(|Stop(state)| state, |()| State::Ended)
}

/// What the operations of a case use.
fn used<'a>(case: &Case<'a>, slots: &'a mut [u64], log: &'a mut Log<'_>) -> Used<'a> {
    let log_filled = log.filled();
    Used { ops: case.ops, slots, slots_used: case.slots.into(), log: log.memory(), log_filled }
}

impl<M: Machine> Runner<'_, '_, M> {
    fn run(&mut self, case: &Case<'_>, mut at: usize, loud: bool) -> Result<(), Stop> {
        let mut behind = 0;
        while let Some(rest) = case.ops.get(at..)
            && !rest.is_empty()
        {
            let (step, used) = bytecode::decode(rest)?;
            self.log.begin_step(step.step.into());
            if loud {
                send(self.machine, self.log, &Record::Step { case: case.id, step: step.step.into() });
            }
            at = self.step(case, &step, at + used)?;
            behind = u32::from(step.step) + 1;
        }
        // The exits that come now are no step's.
        self.log.set_field(AT_STEP, behind);
        Ok(())
    }

    /// Carries out one operation; `next` is the offset of the next one. The offset to go on at.
    fn step(&mut self, case: &Case<'_>, step: &Step<'_>, next: usize) -> Result<usize, Stop> {
        match step.op {
            Op::Exec { stub, inputs, outputs, .. } => self.exec(step, stub, &inputs, &outputs)?,
            Op::Compute { alu, to, a, b } => {
                let value = alu.apply(self.slot(a)?, self.slot(b)?);
                self.answer(step, to, value)?;
            }
            Op::EnterUser => {
                self.machine.enter_user();
                self.in_problem_state = true;
                self.touch(case);
            }
            Op::LeaveUser => {
                self.machine.leave_user();
                self.in_problem_state = false;
                self.touch(case);
            }
            Op::RaceBegin { count } => {
                if self.race.is_some() || count == 0 {
                    return Err(Stop(State::BadBytecode));
                }
                self.race = Some(Race { start: next, rounds: count });
                self.log.begin_race();
            }
            Op::RaceEnd => {
                let race = self.race.as_mut().ok_or(Stop(State::BadBytecode))?;
                race.rounds -= 1;
                if race.rounds > 0 {
                    return Ok(race.start);
                }
                self.race = None;
                self.log.end_race();
            }
            Op::Spin { count } => self.machine.spin(count),
            Op::Taken { exception, rounds, to } => {
                let taken = self.wait(exception, rounds);
                self.answer(step, to, taken.into())?;
            }
            Op::Map { ea, pa, permissions } => {
                let (ea, pa) = (self.slot(ea)?, self.slot(pa)?);
                self.machine.map(ea, pa, permissions)?;
                self.touch(case);
            }
            Op::Unmap { ea } => {
                let ea = self.slot(ea)?;
                self.machine.unmap(ea)?;
                self.touch(case);
            }
            Op::Host { call, arguments, results } => {
                self.call(step, &arguments, &results, |machine, arguments| machine.host(call, arguments))?;
            }
            Op::Firmware { service, arguments, results } => {
                self.call(step, &arguments, &results, |machine, arguments| machine.firmware(service, arguments))?;
                self.touch(case);
            }
            Op::Patch { at, trampoline, room, features, to } => {
                let patched = self.patch(at, trampoline, room, features)?;
                self.answer(step, to, patched.into())?;
            }
            Op::Restore => {
                if self.machine.restore() {
                    self.touch(case);
                }
            }
            Op::Touch => self.touch(case),
            Op::Reset => {
                // Bytecode is far smaller than 4 GiB.
                self.log.set_field(AT_RESUME, next as u32);
                self.log.set_state(State::Resetting);
                return Err(self.machine.reset().into());
            }
        }
        Ok(next)
    }

    /// After whatever may have made the hypervisor forget translations.
    fn touch(&mut self, case: &Case<'_>) {
        self.machine.touch_everything(used(case, self.slots, self.log));
    }

    fn slot(&self, slot: u16) -> Result<u64, Stop> {
        self.slots.get(usize::from(slot)).copied().ok_or(Stop(State::BadBytecode))
    }

    fn set_slot(&mut self, slot: u16, value: u64) -> Result<(), Stop> {
        *self.slots.get_mut(usize::from(slot)).ok_or(Stop(State::BadBytecode))? = value;
        Ok(())
    }

    /// Keeps a step's one value, and logs it if the script observes the step.
    fn answer(&mut self, step: &Step<'_>, to: u16, value: u64) -> Result<(), Stop> {
        self.set_slot(to, value)?;
        if step.is_observed() {
            self.log_values(step, &[value])?;
        }
        Ok(())
    }

    /// Logs values of a step that ran to its end.
    #[inline(always)]
    fn log_values(&mut self, step: &Step<'_>, values: &[u64]) -> Result<(), Stop> {
        let mut draft = self.log.draft(None, values.iter().fold(0, |all, value| all | value))?;
        for value in values {
            self.log.put_value(&mut draft, *value)?;
        }
        Ok(self.log.add(draft, step.step, Kind::Completed)?)
    }

    fn wait(&mut self, exception: u8, rounds: u32) -> bool {
        let mut waited = 0;
        loop {
            if self.machine.take_interrupt(exception) {
                return true;
            }
            if waited >= rounds {
                return false;
            }
            // Asking is what takes an emulator's time. The answer is an eighth late at most.
            let pause = (waited / 8 + 1).min(rounds - waited);
            self.machine.spin(pause.saturating_mul(SPINS_PER_ROUND));
            waited += pause;
        }
    }

    /// Makes a call with arguments and results in slots; the results and then the status are logged.
    fn call(
        &mut self,
        step: &Step<'_>,
        arguments: &Slots<'_>,
        results: &Slots<'_>,
        call: impl FnOnce(&mut M, &[u64]) -> Result<CallResult, Unsupported>,
    ) -> Result<(), Stop> {
        let mut values = [0; VALUES];
        let mut count = 0;
        for slot in arguments.iter() {
            *values.get_mut(count).ok_or(Stop(State::BadBytecode))? = self.slot(slot)?;
            count += 1;
        }
        let answer = call(self.machine, values.get(..count).unwrap_or(&[]))?;
        let mut logged = [0; VALUES + 1];
        count = 0;
        for (slot, value) in results.iter().zip(answer.results) {
            self.set_slot(slot, value)?;
            logged[count] = value;
            count += 1;
        }
        if step.is_observed() || answer.status != host::STATUS_OK {
            logged[count] = answer.status.into();
            self.log_values(step, logged.get(..=count).unwrap_or(&logged))?;
        }
        Ok(())
    }

    fn patch(&mut self, at: u32, trampoline: u32, room: u8, features: u16) -> Result<bool, Stop> {
        // The features of the page are 32 bits (r4 of the hypercall).
        let features = self.slot(features)? as u32;
        let cpu = self.machine.cpu().ok_or(Unsupported)?;
        let word = self.machine.read_code(at);
        let address = |offset| CODE_BASE.checked_add(offset).ok_or(Stop(State::BadBytecode));
        let place = patcher::Place { instruction: address(at)?, trampoline: address(trampoline)?, room };
        let Some(patched) = patcher::patch(M::KERNEL, cpu, features, word, place) else { return Ok(false) };
        self.machine.write_code(trampoline, patched.trampoline());
        self.machine.write_code(at, &[patched.word]);
        Ok(true)
    }
}
