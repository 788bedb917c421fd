//! Loads and stores: of memory, of the page by its fields and by its address, and what stands in for a patched
//! instruction.

use super::super::action::{self, BASE, MsrWriter, Size, UPDATE};
use super::super::environment::MEMORY;
use super::super::prediction::{Allowed, Expectation, Part, Prediction, Trap};
use super::Contract;
use super::exception::Cause;
use super::memory::{Mapped, Reached};
use super::registers::Way;
use sprig_isa::msr;
use sprig_isa::page::{FIELDS, Field};
use sprig_isa::spr::{NUMBERS, Spr, number};

impl Contract<'_> {
    pub(super) fn access_field(&mut self, field: &'static Field, stored: Option<u64>) -> Prediction {
        let size = Size::Word;
        let ea = self.environment.page() + u64::from(self.environment.field_offset(field));
        match self.memory.reach(ea, self.user, stored.is_some()) {
            Reached::Page(_) => match stored {
                Some(value) => self.store_field(field, value),
                None => self.load_field(field),
            },
            _ if self.environment.is_wide() => self.open_access(),
            _ => self.access(size, ea, stored),
        }
    }

    /// The register that a field shadows.
    pub(super) fn register_of(&self, field: &Field) -> Option<&'static Spr> {
        (0..NUMBERS).filter_map(|number| Spr::lookup(self.environment.cpu, number)).find(|spr| {
            !spr.is_alias() && self.environment.field_of(spr).is_some_and(|shadow| shadow.name == field.name)
        })
    }

    pub(super) fn load_field(&mut self, field: &'static Field) -> Prediction {
        match field.name {
            "msr" => {
                let values = match self.stored_msr {
                    // A hypervisor may have run, or may not.
                    Some(stored) => self.msr.map(|old| {
                        let taken = old & !msr::PAGE_SAFE | stored & msr::PAGE_SAFE;
                        vec![stored, taken]
                    }),
                    None => self.msr.map(|state| vec![self.environment.cut(state)]),
                };
                let unknown = values.is_none();
                let rule = if unknown { "unspecified.msr-unsafe-bits" } else { "page.msr-shows-guest-msr" };
                return Prediction::value(rule, values);
            }
            "int_pending" => return self.int_pending(),
            "pir" => return Prediction::done("unspecified.pir-in-page"),
            _ => {}
        }
        let Some(spr) = self.register_of(field) else {
            let rule = if field.name.starts_with("scratch") {
                "page.scratch-belongs-to-guest"
            } else {
                "page.field-holds-value"
            };
            return Prediction::value(rule, self.fields.get(field.name).map(|value| vec![*value]));
        };
        let register = self.registers.of(spr.cell);
        let rule = match register.way {
            Way::Page => "page.field-holds-value",
            Way::Trap => "page.traps-act-on-page",
            Way::Interrupt => "page.interrupt-writes-srr",
        };
        let varies = register.open;
        Prediction { varies, ..Prediction::value(rule, register.value.map(|value| vec![value])) }
    }

    pub(super) fn store_field(&mut self, field: &'static Field, value: u64) -> Prediction {
        let rule = "page.field-holds-value";
        match field.name {
            "msr" => self.stored_msr = Some(value),
            "int_pending" => self.pending_stored = true,
            "pir" => {}
            name => match self.register_of(field) {
                Some(spr) => self.registers.of(spr.cell).set(Some(value), Way::Page),
                None => {
                    self.fields.insert(name, value);
                }
            },
        }
        Prediction::done(rule)
    }

    pub(super) fn open_access(&mut self) -> Prediction {
        for cell in [number::SRR0, number::SRR1, number::DEAR, number::ESR, number::DAR, number::DSISR] {
            self.registers.may_change(cell);
        }
        self.forget_assists();
        Prediction::open("page.access-ends")
    }

    pub(super) fn access(&mut self, size: Size, ea: u64, stored: Option<u64>) -> Prediction {
        let store = stored.is_some();
        match self.memory.reach(ea, self.user, store) {
            Reached::Memory(pa) => match stored {
                Some(value) => {
                    self.memory.store(pa, size, value);
                    Prediction::done("mmu.mapped-page-is-reached")
                }
                None => {
                    let value = self.memory.load(pa, size);
                    // The guest kernel clears the memory that is for scripts, and not what lies below it.
                    let varies = value.is_none() && self.environment.shared && pa < MEMORY;
                    let rule = "mmu.mapped-page-is-reached";
                    Prediction { varies, ..Prediction::value(rule, value.map(|value| vec![value])) }
                }
            },
            Reached::Page(offset) => self.access_page(size, offset, stored),
            Reached::Unmapped => {
                let page = self.is_paged() && action::region(ea) == "page";
                let rule = match self.memory.mapped {
                    Mapped::No if page => "page.absent-before-map",
                    Mapped::At(_) if self.user => "page.supervisor-only",
                    _ => "mmu.unmapped-page-interrupts",
                };
                self.takes_by(Cause::Unmapped { ea, store }, 0, rule)
            }
            Reached::Protected => self.takes(Cause::Protected { ea, store }, 0),
            Reached::Unknown => self.open_access(),
        }
    }

    /// The same with the address written back, but where the access is refused.
    pub(super) fn access_and_update(&mut self, ea: u64, stored: Option<u64>) -> Prediction {
        let mut prediction = self.access(Size::Word, ea, stored);
        let base = match prediction.trap {
            Trap::Never => ea,
            Trap::Expected => ea - UPDATE,
            Trap::May => return prediction,
        };
        let allowed = Allowed::OneOf(vec![self.environment.cut(base)]);
        let part = Part::Register(BASE);
        prediction.expectations.push(Expectation { part, allowed, rule: "spr.instruction-changes-its-targets" });
        prediction
    }

    /// A load or store of the page by its address.
    pub(super) fn access_page(&mut self, size: Size, offset: u64, stored: Option<u64>) -> Prediction {
        let whole = FIELDS.iter().find(|field| u64::from(field.offset32) == offset);
        let holds = |field: &&Field| (field.offset..field.offset + u16::from(field.size)).contains(&(offset as u16));
        let field = whole.or_else(|| FIELDS.iter().find(holds));
        match (whole, size, stored) {
            // Of a 64-bit guest's field this is half.
            _ if self.environment.is_wide() => self.forget_field(field, stored),
            (Some(field), Size::Word, None) => {
                let found = self.load_field(field);
                if found.expectations.is_empty() {
                    found
                } else {
                    Prediction { rule: "page.mapped-where-asked", ..found }
                }
            }
            (Some(field), Size::Word, Some(value)) => self.store_field(field, value),
            _ => self.forget_field(field, stored),
        }
    }

    pub(super) fn forget_field(&mut self, field: Option<&'static Field>, stored: Option<u64>) -> Prediction {
        if stored.is_some() {
            self.msr = None;
            if let Some(spr) = field.and_then(|field| self.register_of(field)) {
                self.registers.of(spr.cell).set(None, Way::Page);
            }
        }
        Prediction::done("page.mapped-where-asked")
    }

    pub(super) fn patched(&mut self, spr: &'static Spr, value: Option<u64>) -> Prediction {
        let rule = "patch.same-effect";
        let field = self.environment.field_of(spr).filter(|_| !self.user);
        match (self.memory.mapped, field) {
            (Mapped::At(_), Some(field)) if self.memory.page_is_there() => {
                let prediction = match value {
                    Some(value) => self.store_field(field, value),
                    None => self.load_field(field),
                };
                re_ruled(prediction, rule)
            }
            _ => {
                if value.is_some() {
                    self.registers.forget(spr.cell);
                    self.memory.forget_in_place_of_page();
                }
                self.open_access()
            }
        }
    }

    pub(super) fn patched_mfmsr(&mut self) -> Prediction {
        let rule = "patch.same-effect";
        match self.memory.mapped {
            _ if self.user => self.open_access(),
            Mapped::At(_) if self.memory.page_is_there() => match FIELDS.iter().find(|field| field.name == "msr") {
                Some(field) => re_ruled(self.load_field(field), rule),
                None => self.open_access(),
            },
            _ => self.open_access(),
        }
    }

    pub(super) fn patched_write_msr(&mut self, by: MsrWriter, value: u64) -> Prediction {
        // The sequences save registers in the page, and mark themselves there.
        for field in ["scratch1", "scratch2", "scratch3", "critical"] {
            self.fields.remove(field);
        }
        if self.user || !self.memory.page_is_there() {
            self.msr = None;
            self.memory.forget_in_place_of_page();
            return self.open_access();
        }
        // Whether it traps depends on what waits and on which bits change.
        self.settle_before_msr_write();
        self.write_msr(by, value);
        Prediction::done("patch.same-effect")
    }
}

fn re_ruled(mut prediction: Prediction, rule: &'static str) -> Prediction {
    prediction.rule = rule;
    prediction.expectations.iter_mut().for_each(|expectation| expectation.rule = rule);
    prediction
}

#[cfg(test)]
mod tests {
    use super::super::super::action::{Action, ExitKind, Rights, Step};
    use super::super::super::environment::WINDOW;
    use super::super::predict;
    use super::*;
    use crate::fuzz::testing::environment;

    fn last(actions: &[Action]) -> Prediction {
        let steps: Vec<Step> = actions.iter().map(|action| Step { user: false, action: *action }).collect();
        predict(&environment("ref-e500v2-pr"), &steps).pop().expect("of each step one")
    }

    /// What the register with the address holds after the step, by the contract.
    fn base(actions: &[Action]) -> Option<Allowed> {
        let of_base = |expectation: &Expectation| expectation.part == Part::Register(BASE);
        last(actions).expectations.into_iter().find(of_base).map(|expectation| expectation.allowed)
    }

    #[test]
    fn an_address_is_moved_on_but_where_the_access_is_refused() {
        let (ea, map) = (WINDOW + 0x20, |rights| Action::Map(WINDOW, MEMORY, rights));
        let (load, store) = (Action::LoadUpdate(ea), Action::StoreUpdate(ea, 1));
        let (moved, left) = (Some(Allowed::OneOf(vec![ea])), Some(Allowed::OneOf(vec![ea - UPDATE])));
        assert_eq!(base(&[map(Rights::SrUr), load]), moved);
        assert_eq!(base(&[map(Rights::SrUr), store]), left);
        assert_eq!(base(&[map(Rights::Srw), store]), moved);
        assert_eq!(base(&[load]), left);
    }

    #[test]
    fn a_patched_kernel_without_the_page_stores_into_memory_of_its_own() {
        let environment = environment("ref-e500v2-pr");
        let page = environment.page();
        let sprg0 = Spr::lookup(environment.cpu, number::SPRG0).expect("a register");
        let (map, store) = (Action::Map(page, MEMORY, Rights::Srw), Action::Store(Size::Word, page + 0x24, 7));
        let load = Action::Load(Size::Word, MEMORY + 0x24);
        assert_eq!(last(&[map, store, load]).expectations.len(), 1);
        assert!(last(&[map, store, Action::PatchedWrite(sprg0, 3, 8), load]).expectations.is_empty());
        let by_msr = Action::PatchedWriteMsr(MsrWriter::Mtmsr, 3, environment.msr());
        assert!(last(&[map, store, by_msr, load]).expectations.is_empty());
    }

    #[test]
    fn a_patched_write_of_the_msr_is_an_exit_or_none() {
        let environment = environment("ref-e500v2-pr");
        let sprg6 = Field::by_name("sprg6").expect("a field");
        let usprg6 = Spr::lookup(environment.cpu, number::USPRG6).expect("a register");
        let shown = |between: Action| {
            let before =
                [Action::MapPage(environment.page()), Action::StoreField(sprg6, 3), Action::Exit(ExitKind::Mfpvr)];
            let behind = [Action::StoreField(sprg6, 4), between, Action::ReadSpr(usprg6)];
            last(&[before, behind].concat()).expectations.pop().map(|expectation| expectation.allowed)
        };
        let patched = Action::PatchedWriteMsr(MsrWriter::Wrtee, 28, msr::EE);
        assert_eq!(shown(patched), Some(Allowed::OneOf(vec![3, 4])));
        assert_eq!(shown(Action::Exit(ExitKind::Mfpvr)), Some(Allowed::OneOf(vec![4])));
    }

    #[test]
    fn nobody_can_tell_what_the_guest_s_own_store_to_int_pending_leaves() {
        let environment = environment("ref-e500v2-pr");
        let map = Action::MapPage(environment.page());
        let field = Field::by_name("int_pending").expect("a field");
        let (store, load) = (Action::StoreField(field, 4), Action::LoadField(field));
        let exit = Action::Exit(ExitKind::Mfpvr);
        assert!(last(&[map, store, load]).varies && last(&[map, store, exit, load]).varies);
        assert!(!last(&[map, load]).varies && !last(&[map, load]).expectations.is_empty());
    }
}
