//! Interrupts by themselves: each is raised with what enables it off, on, and on for a while.

use super::super::action::{Action, ExitKind, Line, MsrWriter, STACK, Step, enabling_bit};
use super::super::contract::ASKED;
use super::super::generate::{Generator, TICKS, allowed_in_user, step};
use super::super::phrase::SOME_TICKS;
use super::supervisor;
use sprig_isa::exception::Exception;
use sprig_isa::msr;
use sprig_isa::page::Field;

impl Generator {
    pub(super) fn interrupts(&self) -> Vec<Vec<Step>> {
        let environment = self.environment();
        let mut scripts = Vec::new();
        for exception in ASKED {
            let bit = enabling_bit(exception);
            let on = supervisor(Action::WriteMsr { by: MsrWriter::Mtmsr, from: 3, value: environment.msr() | bit });
            let off = supervisor(Action::WriteMsr { by: MsrWriter::Mtmsr, from: 3, value: environment.msr() });
            let ask = supervisor(Action::Taken(exception));
            let line = Line::of(exception);
            let raise = match line {
                None => vec![supervisor(Action::Arm(TICKS)), supervisor(Action::Spin)],
                Some(line) if environment.has(line.feature()) => vec![supervisor(Action::Line(line, true))],
                Some(_) => continue,
            };
            let script = |steps: &[Step]| raise.iter().chain(steps).copied().collect::<Vec<_>>();
            scripts.push(script(&[ask]));
            scripts.push(script(&[on, ask]));
            scripts.push(script(&[on, ask, off, ask]));
            scripts.push([on].into_iter().chain(script(&[ask])).collect());
            for by in self.msr_writers().iter().filter(|by| bit == msr::EE && **by != MsrWriter::Mtmsr) {
                let value = environment.msr() | bit;
                scripts.push(script(&[supervisor(Action::WriteMsr { by: *by, from: 3, value }), ask]));
            }
            if exception == Exception::Decrementer {
                // A kernel that has no stack yet, and no page whose `critical` r1 could equal.
                let due = [on.action, Action::Arm(SOME_TICKS), Action::Loop(0), ask.action];
                scripts.push(due.map(supervisor).to_vec());
            }
            if let Some(line) = line {
                scripts.push(script(&[supervisor(Action::Line(line, false)), on, ask]));
            }
            let proxy = ["proxy-on", "proxy-vector", "proxy-off"].map(|name| self.odd_named(name));
            if let (Exception::External, [Some(proxy), Some(vector), Some(none)]) = (exception, proxy) {
                scripts.push([proxy].into_iter().chain(script(&[on, ask, off, vector, none])).collect());
            }
            let fields = (Field::by_name("msr"), Field::by_name("int_pending"), Field::by_name("critical"));
            if let (true, (Some(msr), Some(pending), Some(critical))) = (self.is_paged(), fields) {
                let map = |steps: Vec<Step>| [self.map_page()].into_iter().chain(steps).collect::<Vec<_>>();
                let exit = supervisor(Action::Exit(ExitKind::Mfpvr));
                let by_page = supervisor(Action::StoreField(msr, environment.msr() | bit));
                scripts.push(map(script(&[by_page, exit, ask])));
                // A call that waits together with the interrupt comes first.
                scripts.push(map(script(&[by_page, supervisor(Action::Exit(ExitKind::Sc)), ask])));
                scripts.push(map(script(&[exit, supervisor(Action::LoadField(pending))])));
                if !environment.is_wide() && bit == msr::EE {
                    scripts.push(map(script(&[supervisor(Action::CriticalSection), ask])));
                }
                if exception == Exception::Decrementer {
                    // Where r1 is what `critical` says, or nearly; what problem state has there does not count.
                    let near = [0, 2, 15, 16, 31].map(|bit| STACK ^ 1 << bit);
                    let values = [STACK, 0, u32::MAX.into()].into_iter().chain(near).map(|value| (value, false));
                    for (value, in_user) in values.chain([(STACK, true)]) {
                        let inside = supervisor(Action::StoreField(critical, value));
                        let stay = [Action::Loop(STACK), ask.action].map(|action| step(in_user, action));
                        let due = [inside, on, supervisor(Action::Arm(SOME_TICKS))];
                        scripts.push(map(due.into_iter().chain(stay).collect()));
                    }
                }
            }
        }
        scripts.retain(|script| script.iter().all(|step| !step.user || allowed_in_user(&step.action)));
        scripts
    }
}
