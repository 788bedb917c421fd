//! Odd steps by the contract.

use super::super::action::Rights;
use super::super::environment::{MEMORY, WINDOW};
use super::super::odd::{BEHIND, Bits, Laid, Odd, Says};
use super::super::prediction::{Allowed, Part, Prediction, Trap};
use super::Contract;
use super::exception::Cause;
use super::memory::Mapped;
use super::registers::{Registers, Way};
use sprig_isa::spr::{Spr, number};

/// Bytes of an instruction.
const WORD: u64 = 4;

impl Contract<'_> {
    pub(super) fn odd(&mut self, odd: &Odd) -> Prediction {
        // What a line writes may be anything afterwards, whatever else is said of it.
        for number in moved_to(odd.line) {
            self.registers.forget(number);
        }
        match odd.says {
            Says::Open(rule) => self.open_by(rule),
            Says::Done(rule) => {
                self.exit();
                Prediction::done(rule)
            }
            Says::Refused(rule) => {
                self.exit();
                let refused = u64::from(sprig_wire::host::STATUS_REFUSED);
                Prediction::done(rule).with(Part::Special("status"), Some(Allowed::OneOf(vec![refused])))
            }
            Says::OpenMsr(rule) => {
                let prediction = self.open_by(rule);
                self.msr = None;
                prediction
            }
            Says::Laid(laid) => self.laid_down(&laid),
            Says::Value(rule, values) => {
                self.exit();
                Prediction::value(rule, Some(values.to_vec()))
            }
            Says::SystemCall(rule, [r3, r4]) => {
                let of = |value| Some(Allowed::OneOf(vec![value]));
                let taken = self.takes_by(Cause::SystemCall, WORD, rule);
                taken.with(Part::Value, of(r3)).with(Part::Register(4), of(r4))
            }
            Says::MapsPage => self.map_page(self.environment.page()),
            Says::MapsPageBehindMemory => {
                self.memory.behind = Some(BEHIND);
                self.map_page(self.environment.page())
            }
            Says::MapsWindow => {
                self.memory.map(WINDOW, MEMORY, Rights::SrwUrw);
                self.kernel_translates();
                Prediction::done("mmu.mapped-page-is-reached")
            }
            Says::Handler(rule, value) if self.memory.page_is_there() => {
                self.exit();
                // The call is an exit behind the store.
                self.registers.of(number::SPRG4).set(Some(value), Way::Page);
                self.exit();
                self.registers.forget(number::SRR0);
                self.registers.forget(number::SRR1);
                Prediction::value(rule, Some(vec![value]))
            }
            Says::Handler(rule, _) => {
                self.registers.forget(number::SPRG4);
                self.open_by(rule)
            }
            Says::Pending(rule) => {
                self.exit();
                self.doubt_sources();
                Prediction::done(rule)
            }
            Says::Woken(rule) => {
                self.decrementer.doubt();
                for save in [number::CSRR0, number::CSRR1] {
                    self.registers.forget(save);
                }
                self.open_by(rule)
            }
            Says::Reset => {
                let behind = self.memory.mapped;
                *self = Self::new(self.environment);
                // What of it a reset leaves as it was no document says (unspecified.page-after-reset).
                self.registers = Registers::new(true);
                self.memory.mapped = if behind == Mapped::No { Mapped::No } else { Mapped::Unknown };
                self.doubt_sources();
                Prediction::done("unspecified.page-after-reset")
            }
        }
    }

    /// What is laid down of a step by itself. What it leaves in the registers of interrupts and of translations is left
    /// open.
    fn laid_down(&mut self, laid: &Laid) -> Prediction {
        let mut prediction = self.open_by(laid.rule);
        prediction.trap = if laid.exception.is_some() { Trap::Expected } else { Trap::Never };
        if let Some((exception, offset)) = &laid.exception {
            let only = Allowed::Exception(Some(*exception));
            prediction =
                prediction.with(Part::Exception, Some(only)).with(Part::Srr0, Some(Allowed::OneOf(vec![*offset])));
        }
        for (part, Bits { mask, value }) in laid.values {
            let allowed = if *mask == u64::MAX { Allowed::OneOf(vec![*value]) } else { Allowed::Bits(*mask, *value) };
            prediction = prediction.with(*part, Some(allowed));
        }
        prediction
    }

    /// What waits, and what has been taken since somebody asked, is not known any more.
    fn doubt_sources(&mut self) {
        for exception in super::ASKED {
            self.source(exception).doubt();
        }
    }

    /// Nothing is said but which rule comes closest.
    fn open_by(&mut self, rule: &'static str) -> Prediction {
        self.exit();
        Prediction { rule, ..self.open_access() }
    }
}

/// The registers that a line moves to.
fn moved_to(line: &str) -> impl Iterator<Item = u16> {
    let names = line.split("mtspr ").skip(1).filter_map(|behind| behind.split(',').next());
    names.flat_map(|name| Spr::by_name(name.trim()).map(|row| row.number))
}
