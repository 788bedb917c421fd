//! The pages a script maps: where they can be, what the guest's page tables can allow, and how many there are at once.

use super::{Need, Resolver};
use crate::ast::Expr;
use crate::diagnostic::Diagnostic;
use crate::guard::Guard;
use crate::limit;
use crate::program::{Action, Value};
use crate::span::Span;
use sprig_isa::mmu::PAGE_SIZE;
use sprig_judge::feature::{Feature, FeatureSet};
use sprig_wire::bytecode::permission;
use sprig_wire::layout;

/// True if the page tables of a target with these features know these rights.
pub fn are_known(rights: u8, features: FeatureSet) -> bool {
    if !features.contains(Feature::Book3s) {
        true
    } else if features.contains(Feature::Hashed) {
        permission::hashed_protection(rights).is_some()
    } else {
        permission::has_radix_entry(rights)
    }
}

/// The pages that are mapped where a statement stands, as far as that is known before the guest runs: each with the
/// targets that come by the line which maps it.
#[derive(Debug, Default)]
pub(super) struct Mapped(Vec<(Guard, u64)>);

impl Mapped {
    /// Adds a page; returns how many are mapped on every target that reaches this line.
    fn add(&mut self, guard: &Guard, ea: u64) -> usize {
        let here = |known: &Guard| known == guard || guard.implies(known);
        if !self.0.iter().any(|(known, page)| *page == ea && here(known)) {
            // On targets where it was mapped before it is the same page.
            self.0.retain(|(known, page)| *page != ea || !known.implies(guard));
            self.0.push((guard.clone(), ea));
        }
        self.0.iter().filter(|(known, _)| here(known)).count()
    }

    /// Removes a page, or an unknown one.
    fn remove(&mut self, guard: &Guard, ea: Option<u64>) {
        let may_be = |page: u64| ea.is_none_or(|ea| ea == page);
        self.0.retain(|(known, page)| !may_be(*page) || !(known == guard || known.overlaps(guard)));
    }
}

impl Resolver<'_, '_> {
    pub(super) fn map(&mut self, ea: &Expr, pa: &Expr, rights: u8, span: Span) -> Option<Action> {
        let word = self.lookup.word.bits();
        let (ea, pa) = (self.mappable(ea, word), self.page(pa, u64::BITS));
        self.need(Need::Rights(rights));
        let (ea, pa) = (ea?, pa?);
        if let Value::Constant(address) = ea
            && self.mapped.add(&self.guard, address) > limit::MAPPED_PAGES
        {
            let message = format!("more than {} pages are mapped at once", limit::MAPPED_PAGES);
            self.lookup.report(Diagnostic::error(message).at(span, "one too many").help("`unmap EA` removes one"));
            self.mapped = Mapped::default();
        }
        Some(Action::Map { ea, pa, rights })
    }

    pub(super) fn unmap(&mut self, ea: &Expr) -> Option<Action> {
        let ea = self.mappable(ea, self.lookup.word.bits())?;
        let known = if let Value::Constant(address) = ea { Some(address) } else { None };
        self.mapped.remove(&self.guard, known);
        Some(Action::Unmap(ea))
    }

    /// `restore` and `reset` remove what the script has mapped.
    pub(super) fn unmap_all(&mut self) {
        self.mapped.remove(&self.guard, None);
    }

    /// The effective address of a page that a script may map.
    fn mappable(&mut self, expr: &Expr, word: u32) -> Option<Value> {
        let ea = self.page(expr, word)?;
        if let Value::Constant(address) = ea
            && !layout::is_for_scripts(address)
        {
            if u32::try_from(address).is_err() {
                let message = format!("{address:#x} is neither in the lowest 4 GiB nor in the highest 256 MiB");
                self.lookup.report(Diagnostic::error(message).at(expr.span, "the guest kernel maps no page there"));
                return None;
            }
            let [memory, devices @ ..] = layout::KERNEL_SEGMENTS.map(|segment| format!("{segment:#x}0000000"));
            let found = Diagnostic::error("the guest kernel has this address itself").at(expr.span, "");
            let note = format!(
                "in the 256 MiB from {memory} its memory is mapped already, in those from {} device registers",
                devices.join(" and ")
            );
            self.lookup.report(found.note(note));
            return None;
        }
        Some(ea)
    }

    /// The address of a page. One that an observation gives is taken without its low bits, as the guest finds it.
    fn page(&mut self, expr: &Expr, bits: u32) -> Option<Value> {
        let value = self.value(expr, bits, "an address")?;
        if let Value::Constant(address) = value
            && !address.is_multiple_of(PAGE_SIZE)
        {
            let found = Diagnostic::error(format!("{address:#x} is not the address of a page")).at(expr.span, "");
            self.lookup.report(found.note(format!("a page begins at a multiple of {PAGE_SIZE:#x}")));
            return None;
        }
        Some(value)
    }
}
