//! Steps about asynchronous interrupts: set up, let in, withheld, asked about.

use super::super::action::{Action, STACK, enabling_bit};
use super::super::prediction::{Allowed, Part, Prediction};
use super::Contract;
use super::exception::Cause;
use super::interrupts::Answer;
use sprig_isa::exception::Exception;
use sprig_isa::msr;

/// The rule that lets an interrupt in where the kernel's own MSR does not.
const BY_PROBLEM_STATE: &str = "exception.problem-state-enables";

impl Contract<'_> {
    pub(super) fn int_pending(&mut self) -> Prediction {
        let forced = [self.external, self.decrementer].iter().any(|source| source.by_problem_state);
        let rule = if forced { BY_PROBLEM_STATE } else { "page.int-pending" };
        if self.pending_stored {
            // KVM computes it at each entry of an embedded guest, and a tick of the host is one; on Book3S where what
            // waits changes.
            return Prediction { varies: true, ..Prediction::done("unspecified.int-pending-written") };
        }
        let sources = [self.external.pending, self.decrementer.pending, self.critical.pending];
        let ee = self.enabled(msr::EE);
        if !self.settled {
            return Prediction::done(rule);
        }
        if sources.iter().all(|pending| *pending == Answer::No) {
            return Prediction::value(rule, Some(vec![0]));
        }
        let waits =
            [self.external, self.decrementer].iter().any(|source| source.pending == Answer::Yes) && ee == Answer::No;
        Prediction::done(rule).with(Part::Value, waits.then_some(Allowed::NonZero))
    }

    pub(super) fn interrupt_step(&mut self, action: &Action) -> Prediction {
        match *action {
            Action::Arm(_) if self.user => self.takes(Cause::Privileged, 0),
            Action::Arm(_) => {
                self.exit();
                self.settled = false;
                // One that has run out already stays so on the embedded cores, until the guest says that it has seen
                // it.
                match self.decrementer.pending {
                    Answer::No => self.decrementer.wants(Answer::Maybe),
                    _ if self.environment.family().is_booke() => {}
                    _ => self.decrementer.doubt(),
                }
                Prediction::done("irq.pending-is-taken-when-enabled")
            }
            Action::Spin => {
                self.wait();
                Prediction::done("irq.pending-is-taken-when-enabled")
            }
            Action::Loop(stack) => {
                self.wait();
                // What `critical` is that nobody has stored to no document says; KVM has it 0.
                let unknown = stack == 0 && self.memory.page_is_there() && !self.fields.contains_key("critical");
                if (self.is_critical(stack) || unknown) && self.enabled(msr::EE) != Answer::No {
                    // Withheld while it runs, taken some time after.
                    self.decrementer.doubt();
                }
                Prediction::done("irq.pending-is-taken-when-enabled")
            }
            Action::Taken(exception) => self.taken(exception),
            Action::Line(line, raised) => {
                self.exit();
                self.source(line.exception()).wants(if raised { Answer::Yes } else { Answer::No });
                self.settled = true;
                Prediction::done(if raised {
                    "irq.pending-is-taken-when-enabled"
                } else {
                    "irq.lowered-line-is-forgotten"
                })
            }
            _ if self.user => self.open_access(),
            _ => self.section(),
        }
    }

    /// A loop that any decrementer of these scripts runs out in.
    fn wait(&mut self) {
        if !self.environment.late_timers {
            self.decrementer.expire();
        }
    }

    pub(super) fn section(&mut self) -> Prediction {
        if !self.critical_section() || self.environment.is_wide() {
            // Its stores to `critical` are made all the same, where they are not refused.
            self.fields.remove("critical");
            self.memory.forget_in_place_of_page();
            self.msr = None;
            self.external.doubt();
            self.decrementer.doubt();
            return self.open_access();
        }
        self.exit();
        self.fields.insert("critical", 1);
        self.withheld = true;
        let inside = self.environment.msr() | msr::EE;
        Prediction::value("page.critical-withholds", Some(vec![inside]))
    }

    pub(super) fn taken(&mut self, exception: Exception) -> Prediction {
        // In problem state `critical` counts for nothing, and a patched kernel's own r1 is somewhere else.
        let critical = !self.user && self.fields.get("critical") == Some(&STACK);
        let enabled = self.enabled(enabling_bit(exception));
        let rule = match (exception, self.source(exception).taken_answer()) {
            (Exception::CriticalInput, _) => "irq.ce-gates-critical-input",
            (_, Answer::Yes | Answer::Maybe) if self.source(exception).by_problem_state => BY_PROBLEM_STATE,
            (_, Answer::No) if self.withheld => "page.critical-withholds",
            (_, Answer::No) => "irq.ee-gates",
            _ if self.user && self.fields.get("critical") == Some(&STACK) => "page.critical-in-problem-state",
            _ => "irq.pending-is-taken-when-enabled",
        };
        let pending = self.source(exception).pending;
        let (values, waits) = match self.source(exception).ask() {
            Answer::No => (Some(vec![0]), false),
            Answer::Maybe => (None, false),
            // To wait would be to leave the state in which the loop had to be interrupted.
            Answer::Yes => (Some(vec![1]), !self.looped),
        };
        // What was neither certainly withheld nor certainly delivered may come while it is asked about.
        let values = values.filter(|_| pending == Answer::No || enabled == Answer::No || critical);
        Prediction { waits, varies: values.is_none(), ..Prediction::value(rule, values) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::action::{ExitKind, Line, MsrWriter, Step};
    use super::super::predict;
    use super::*;
    use crate::fuzz::testing::environment;
    use sprig_isa::exception::Class;
    use sprig_isa::page::Field;

    fn field(name: &str) -> &'static Field {
        Field::by_name(name).expect("a field")
    }

    /// What the last step may show.
    fn last(actions: &[Action]) -> Option<Allowed> {
        let environment = environment("ref-e500v2-pr");
        let map = Action::MapPage(environment.page());
        let steps: Vec<Step> =
            [&[map], actions].concat().iter().map(|action| Step { user: false, action: *action }).collect();
        predict(&environment, &steps).pop()?.expectations.pop().map(|expectation| expectation.allowed)
    }

    #[test]
    fn what_waits_may_come_or_not_where_the_next_instruction_turns_interrupts_off() {
        let environment = environment("ref-e500v2-pr");
        let (off, on) = (environment.msr(), environment.msr() | msr::EE);
        let (by, from) = (MsrWriter::Mtmsr, 3);
        let raise = Action::Line(Line::External, true);
        let store = Action::StoreField(field("msr"), on);
        let asked =
            |between: &[Action]| last(&[&[raise, store], between, &[Action::Taken(Exception::External)]].concat());
        let certain = Some(Allowed::OneOf(vec![1]));
        assert_eq!(asked(&[Action::WriteMsr { by, from, value: off }]), None);
        assert_eq!(asked(&[Action::Return { class: Class::Base, value: off }]), None);
        assert_eq!(asked(&[Action::PatchedWriteMsr(by, from, off)]), None);
        assert_eq!(asked(&[Action::WriteMsr { by, from, value: on }]), certain);
        assert_eq!(asked(&[Action::Return { class: Class::Base, value: on }]), certain);
        let exit = Action::Exit(ExitKind::Mfpvr);
        assert_eq!(asked(&[exit, Action::WriteMsr { by, from, value: off }]), certain);
    }

    #[test]
    fn what_problem_state_alone_lets_in_is_its_rule_s() {
        let (raise, asked) = ((false, Action::Line(Line::External, true)), Action::Taken(Exception::External));
        let rule = |id: &str, enabled: u64, behind: &[(bool, Action)]| {
            let environment = environment(id);
            let on = Action::WriteMsr { by: MsrWriter::Mtmsr, from: 3, value: environment.msr() | enabled };
            let steps = [&[(false, on), raise], behind].concat();
            let steps: Vec<Step> = steps.into_iter().map(|(user, action)| Step { user, action }).collect();
            predict(&environment, &steps).pop().expect("of each step one").rule
        };
        let in_user = (true, asked);
        assert_eq!(rule("ref-power8-pr", 0, &[in_user]), BY_PROBLEM_STATE);
        assert_eq!(rule("ref-power8-pr", msr::EE, &[in_user]), "irq.pending-is-taken-when-enabled");
        assert_eq!(rule("ref-e500v2-pr", 0, &[in_user]), "irq.ee-gates");
        let (program, later) = ((true, Action::Exit(ExitKind::Sc)), (false, asked));
        assert_eq!(rule("ref-power8-pr", 0, &[program, raise, later]), BY_PROBLEM_STATE, "it has not been asked about");
        assert_eq!(rule("ref-power8-pr", 0, &[in_user, raise, later]), "irq.ee-gates");
    }

    #[test]
    fn a_section_in_another_state_stores_to_critical_all_the_same() {
        let critical = field("critical");
        let (store, load) = (Action::StoreField(critical, 0), Action::LoadField(critical));
        let elsewhere = Action::WriteMsr { by: MsrWriter::Mtmsr, from: 3, value: 0 };
        assert_eq!(last(&[store, load]), Some(Allowed::OneOf(vec![0])));
        assert_eq!(last(&[store, elsewhere, Action::CriticalSection, load]), None);
        assert_eq!(last(&[store, Action::CriticalSection, load]), Some(Allowed::OneOf(vec![1])));
    }
}
