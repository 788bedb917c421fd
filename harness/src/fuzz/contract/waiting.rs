//! Steps about asynchronous interrupts: set up, let in, withheld, asked about.

use super::super::action::{Action, STACK, enabling_bit};
use super::super::prediction::{Allowed, Part, Prediction};
use super::Contract;
use super::exception::Cause;
use super::interrupts::Answer;
use sprig_isa::exception::Exception;
use sprig_isa::msr;

impl Contract<'_> {
    pub(super) fn int_pending(&mut self) -> Prediction {
        let rule = "page.int-pending";
        if self.pending_stored {
            // KVM computes it at each entry of an embedded guest, and a tick of the host is one; on Book3S where what waits changes.
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
                // One that has run out already stays so on the embedded cores, until the guest says that it has seen it.
                match self.decrementer.pending {
                    Answer::No => self.decrementer.wants(Answer::Maybe),
                    _ if self.environment.family().is_booke() => {}
                    _ => self.decrementer.doubt(),
                }
                Prediction::done("irq.pending-is-taken-when-enabled")
            }
            Action::Spin => {
                self.decrementer.expire();
                Prediction::done("irq.pending-is-taken-when-enabled")
            }
            Action::Loop(stack) => {
                self.decrementer.expire();
                if self.is_critical(stack) && self.enabled(msr::EE) != Answer::No {
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

    pub(super) fn section(&mut self) -> Prediction {
        if !self.critical_section() || self.environment.is_wide() {
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
        // What nobody withheld and nobody let in for sure may come while it is asked about.
        let values = values.filter(|_| pending == Answer::No || enabled == Answer::No || critical);
        Prediction { waits, varies: values.is_none(), ..Prediction::value(rule, values) }
    }
}
