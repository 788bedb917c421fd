//! Tree to program: every name looked up, every loop written out, for one instance of a script.
//!
//! `on` blocks are kept, not chosen from: what is in them is checked whatever the target. So a program that resolves
//! without a mistake can be assembled for any target that has what its lines need.

mod block;
mod code;
mod condition;
mod constant;
mod instruction;
mod list;
mod lookup;
mod pages;
mod scope;
mod shared;
mod step;

use super::ast::{self, ExitKind, Expect, Expr, Name, Statement, StatementKind, Tree};
use super::diagnostic::Diagnostic;
use super::guard::Guard;
use super::limit;
use super::names;
use super::program::{Action, Check, Output, Program, Step, Width};
use super::setting::{Binding, GuestWord, Meaning, Setting};
use super::span::Span;
pub(super) use instruction::register_name;
use lookup::Lookup;
use pages::Mapped;
pub use pages::are_known as are_rights_known;
use scope::{Observation, Scope, View};
pub(super) use shared::{Need, Shared};
use sprig_judge::case::Term;
use sprig_judge::feature::Feature;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The names that steps define, with the first place that does.
pub(super) fn declare<'a>(body: &'a [Statement], declared: &mut HashMap<&'a str, Span>) {
    for statement in body {
        let name = match &statement.kind {
            StatementKind::Step(step) => step.name.as_ref(),
            StatementKind::Broken(name) => name.as_ref(),
            StatementKind::Block(block) => {
                declare(&block.body, declared);
                None
            }
            StatementKind::Expect(_) => None,
        };
        // A name that cannot be given has been reported, and means what it means.
        if let Some(name) = name.filter(|name| names::taken_by_language(&name.text).is_none()) {
            declared.entry(&name.text).or_insert(name.span);
        }
    }
}

/// The values of a parameter, which cannot depend on another one.
pub(super) fn parameter(
    source: &str,
    header: &ast::Header,
    values: &ast::Values,
    declared: &HashMap<&str, Span>,
    shared: &mut Shared,
) -> Option<Vec<Binding>> {
    let Shared { reports, used, .. } = shared;
    for item in values.items.iter().chain(&values.except) {
        let mentioned = header.parameters.iter().map(|parameter| &parameter.name.text);
        if let Some(other) = mentioned.into_iter().find(|other| item.mentions(&|name| name == other.as_str())) {
            let message = format!("`{other}` is a parameter: the values of one cannot depend on another");
            reports.push(Diagnostic::error(message).at(item.span(), ""));
            return None;
        }
    }
    let mut lookup = Lookup {
        source,
        reports,
        variables: Vec::new(),
        declared,
        word: GuestWord::default(),
        used,
        used_here: Vec::new(),
        mentioned: Vec::new(),
    };
    lookup.list(values)
}

/// Resolves one instance; what is wrong goes to `shared`. Gives what its lines need of the CPU as well.
pub(super) fn resolve(
    source: &str,
    tree: &Tree,
    declared: &HashMap<&str, Span>,
    setting: &Setting,
    shared: &mut Shared,
) -> (Program, Vec<(Guard, Need)>) {
    let Shared { reports, used, work, stopped } = shared;
    let lookup = Lookup {
        source,
        reports,
        variables: setting.parameters.clone(),
        declared,
        word: GuestWord::default(),
        used,
        used_here: Vec::new(),
        mentioned: Vec::new(),
    };
    let mut resolver = Resolver {
        lookup,
        tree,
        setting,
        work,
        stopped,
        program: Program::default(),
        scope: Scope::default(),
        rounds: Vec::new(),
        texts: Vec::new(),
        guard: Guard::new(tree.header.needs.iter().map(|(feature, _)| *feature)),
        race: None,
        races: 0,
        user: false,
        in_broken: 0,
        mapped: Mapped::default(),
        needs: Vec::new(),
        known_needs: HashSet::new(),
    };
    resolver.lookup.word = resolver.word();
    resolver.statements(&tree.body);
    (resolver.program, resolver.needs)
}

struct Resolver<'a, 's> {
    lookup: Lookup<'a>,
    tree: &'a Tree,
    setting: &'a Setting,
    work: &'s mut usize,
    stopped: &'s mut bool,
    program: Program,
    scope: Scope,
    /// Where the loops around the statement stand, outermost first.
    rounds: Vec<Meaning>,
    /// The same for names.
    texts: Vec<String>,
    guard: Guard,
    /// The race around the statement, by its number among the races.
    race: Option<usize>,
    races: usize,
    /// In problem state.
    user: bool,
    /// Blocks around that begin with a line that is wrong.
    in_broken: usize,
    mapped: Mapped,
    needs: Vec<(Guard, Need)>,
    known_needs: HashSet<(Guard, Need)>,
}

impl Resolver<'_, '_> {
    /// The word size of the guest kernels that come here: as the case or the block asks, else the setting's. Where any
    /// can come, what fits the narrower word fits the wider.
    fn word(&self) -> GuestWord {
        match self.guard.says(Feature::Wide) {
            Some(true) => GuestWord::Bits64,
            Some(false) => GuestWord::Bits32,
            None => self.setting.built_in.word(),
        }
    }

    fn statements(&mut self, body: &[Statement]) {
        for statement in body {
            if !self.spend() {
                return;
            }
            self.lookup.used_here.clear();
            let line = statement.line;
            match &statement.kind {
                StatementKind::Block(block) => self.block(block, line),
                StatementKind::Broken(Some(name)) => self.observe(name, None, None),
                StatementKind::Broken(None) => {}
                StatementKind::Step(step) if self.lookup.reports.wrong_lines.contains(&line) => {
                    if let Some(name) = &step.name {
                        self.observe(name, None, None);
                    }
                }
                StatementKind::Step(step) => self.watched(line, |resolver| resolver.step(step, line)),
                StatementKind::Expect(_) if self.lookup.reports.wrong_lines.contains(&line) => {}
                StatementKind::Expect(expect) => self.watched(line, |resolver| resolver.expect(expect, line)),
            }
        }
    }

    /// Does something with a line, and remembers it if that finds a mistake.
    fn watched<T>(&mut self, line: u32, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.lookup.reports.list.len();
        let result = work(self);
        self.note_registers();
        if self.lookup.reports.list.len() > before {
            self.lookup.reports.wrong_lines.insert(line);
        }
        result
    }

    /// False if nothing more is to be resolved.
    fn spend(&mut self) -> bool {
        if *self.work == 0 && !*self.stopped {
            let message =
                format!("written out, the script's loops and parameters make more than {} lines", limit::WORK);
            self.stop(Diagnostic::error(message));
        }
        *self.work = self.work.saturating_sub(1);
        *self.stopped |= self.lookup.reports.list.len() >= limit::MISTAKES;
        !*self.stopped
    }

    fn stop(&mut self, diagnostic: Diagnostic) {
        self.lookup.report(diagnostic);
        *self.stopped = true;
    }

    /// What the statement's registers ask of the CPU.
    fn note_registers(&mut self) {
        for (register, span) in std::mem::take(&mut self.lookup.mentioned) {
            let is_new = self.need(Need::Register(register));
            if is_new
                && self.guard.is_possible()
                && let Some(message) = self.not_there(register)
            {
                self.lookup.report(Diagnostic::error(message).at(span, ""));
            }
        }
    }

    /// Why no CPU has this register and all others that are needed where this line is reached, if none has.
    fn not_there(&self, register: &str) -> Option<String> {
        let has = |registers: &[&str]| self.guard.can_have(registers);
        if !has(&[register]) {
            return Some(format!("no CPU that reaches this line has {register}"));
        }
        let needed = self.needs.iter().filter(|(guard, _)| guard.is_part_of(&self.guard));
        let needed: Vec<&str> = needed.filter_map(|(_, need)| need.register()).collect();
        if has(&needed) {
            return None;
        }
        Some(match needed.iter().find(|other| !has(&[other, register])) {
            Some(other) => format!("no CPU that reaches this line has both {other} and {register}"),
            None => format!("no CPU that reaches this line has {register} and all registers before it"),
        })
    }

    /// Notes a need; true if it is new.
    fn need(&mut self, need: Need) -> bool {
        let key = (self.guard.clone(), need);
        if self.known_needs.contains(&key) {
            return false;
        }
        self.needs.push(key.clone());
        self.known_needs.insert(key)
    }

    /// Reports a feature that the header and the blocks around do not ask for.
    fn require(&mut self, feature: Feature, span: Span) {
        let is_known = !self.tree.header.needs_more && self.in_broken == 0;
        if is_known && !self.guard.has(feature) {
            let found = Diagnostic::error(format!("this needs a target with `{feature}`")).at(span, "");
            self.lookup.report(
                found.help(format!("say `needs {feature}` in the header, or put it into `on {feature} {{ }}`")),
            );
        }
    }

    /// The value of an expression that may speak of observations.
    fn term(&mut self, expr: &Expr) -> Option<Term> {
        let view = View {
            scope: &self.scope,
            program: &self.program,
            round: &self.rounds,
            guard: &self.guard,
            race: self.race,
            in_expectation: false,
            joined: RefCell::default(),
        };
        let term = self.lookup.term(expr, &view);
        let joined = view.joined.into_inner();
        self.program.joined.extend(joined);
        term
    }

    fn step(&mut self, step: &ast::Step, line: u32) {
        if let ast::Action::Code(address, instructions) = &step.action {
            return self.code(step, line, address, instructions);
        }
        let done = self.action(step);
        let Some((action, outputs)) = done else {
            if let Some(name) = &step.name {
                self.observe(name, None, None);
            }
            return;
        };
        self.check_place(step, &action, &outputs);
        let instruction = match (&step.action, &action) {
            (ast::Action::Patched(run), Action::Run { instructions, .. }) => {
                if run.instructions.len() > 1 {
                    let found = Diagnostic::error("`patched` runs one instruction").at(step.span, "");
                    self.lookup.report(found);
                }
                instructions.first().cloned()
            }
            _ => None,
        };
        let patch = instruction.map(|instruction| {
            let name = step.name.as_ref().map(|name| format!("{}.patched", self.full_name(name)));
            let outputs = vec![Output { name: "", register: None, width: Width::Bits(1) }];
            self.push(step.span, line, name, Action::Patch(instruction), outputs, (false, false))
        });
        let implied =
            matches!(action, Action::Exit(ExitKind::Sc | ExitKind::Trap | ExitKind::Hcall | ExitKind::TlbMiss));
        let marks = (step.may_trap.is_some() || implied, step.varying.is_some());
        let name = step.name.as_ref().map(|name| self.full_name(name));
        let index = self.push(step.span, line, name, action, outputs, marks);
        if let Some(name) = &step.name {
            self.observe(name, Some(index), patch);
        }
    }

    /// What a step cannot do where it stands.
    fn check_place(&mut self, step: &ast::Step, action: &Action, outputs: &[Output]) {
        let stub = action.has_stub();
        if let Some(span) = step.may_trap.filter(|_| !stub) {
            let found = Diagnostic::error("this step cannot take an exception").at(span, "");
            self.lookup.report(found.note("it runs no instruction of the guest"));
        }
        if let Some(name) = step.name.as_ref().filter(|_| !stub && outputs.is_empty()) {
            let message = format!("`{}` would observe nothing", name.text);
            self.lookup.report(Diagnostic::error(message).at(name.span, "").at(step.span, "has no value"));
        }
        let supervisor = matches!(
            action,
            Action::Map { .. } | Action::Unmap(_) | Action::Firmware { .. } | Action::Restore | Action::Reset
        );
        if self.user && supervisor {
            let found = Diagnostic::error("this is done in supervisor state").at(step.span, "in problem state here");
            self.lookup.report(found);
        }
        if self.race.is_some() && matches!(action, Action::Reset) {
            self.lookup.report(Diagnostic::error("a race cannot be reset").at(step.span, ""));
        }
        if self.race.is_some() && matches!(step.action, ast::Action::Patched(_)) {
            let found = Diagnostic::error("an instruction is patched once, a race runs it often").at(step.span, "");
            self.lookup.report(found);
        }
    }

    fn full_name(&self, name: &Name) -> String {
        scope::full_name(&name.text, &self.texts)
    }

    fn push(
        &mut self,
        span: Span,
        line: u32,
        name: Option<String>,
        action: Action,
        outputs: Vec<Output>,
        (may_trap, varying): (bool, bool),
    ) -> usize {
        let index = self.program.steps.len();
        if index >= limit::STEPS {
            let message = format!("a case has at most {} steps when its loops are written out", limit::STEPS);
            self.stop(Diagnostic::error(message).at(span, "one too many"));
        }
        let (guard, name, in_race) = (self.guard.clone(), name.map(Arc::from), self.race.is_some());
        self.program.steps.push(Step { line, span, guard, name, may_trap, varying, in_race, action, outputs });
        index
    }

    fn observe(&mut self, name: &Name, step: Option<usize>, patch: Option<usize>) {
        if self.tree.header.parameters.iter().any(|parameter| parameter.name.text == name.text) {
            // This has been reported with the header.
            return;
        }
        if self.lookup.variables.iter().any(|(known, _)| *known == name.text) {
            let message = format!("`{}` is a parameter or loop variable already", name.text);
            self.lookup.report(Diagnostic::error(message).at(name.span, "choose another name"));
            return;
        }
        let (guard, uncertain) = (self.guard.clone(), self.in_broken > 0);
        let observation = Observation { step, patch, guard, uncertain, race: self.race, span: name.span };
        if let Some(first) = self.scope.add(name, self.rounds.clone(), observation) {
            let found =
                Diagnostic::error(format!("`{}` is observed already", name.text)).at(name.span, "a second time");
            self.lookup.report(if first == name.span { found } else { found.at(first, "the first time") });
        }
    }

    fn expect(&mut self, expect: &Expect, line: u32) {
        let rules = &self.tree.header.rules;
        let rule = match &expect.rule {
            None => 0,
            Some(named) => match rules.iter().position(|rule| rule.text == named.text) {
                Some(index) => index,
                None => {
                    let found = Diagnostic::error(format!("`{}` is not among this case's rules", named.text));
                    let known = names::similar("a rule", &named.text, rules.iter().map(|rule| rule.text.as_str()));
                    let found = found.at(named.span, "").maybe_help(known);
                    self.lookup.report(found.note("the header's `rule` line names every rule a case tests"));
                    0
                }
            },
        };
        let view = View {
            scope: &self.scope,
            program: &self.program,
            round: &self.rounds,
            guard: &self.guard,
            race: self.race,
            in_expectation: true,
            joined: RefCell::default(),
        };
        let condition = view.expectation(&mut self.lookup, &expect.condition);
        let joined = view.joined.into_inner();
        self.program.joined.extend(joined);
        let Some(condition) = condition else { return };
        let span = expect.condition.span;
        if self.program.checks.len() >= limit::CHECKS {
            let message = format!("a case has at most {} expectations when its loops are written out", limit::CHECKS);
            self.stop(Diagnostic::error(message).at(span, "one too many"));
        }
        self.program.checks.push(Check { line, guard: self.guard.clone(), span, rule, condition });
    }
}
