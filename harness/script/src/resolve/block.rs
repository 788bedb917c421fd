//! Blocks: what is done in problem state, in a race, once for each value, or on some targets only.

use super::Resolver;
use crate::ast::{Block, BlockHeader, Expr, Name};
use crate::diagnostic::Diagnostic;
use crate::program::Action;
use crate::setting::{Binding, Meaning, Privilege};

impl Resolver<'_, '_> {
    pub(super) fn block(&mut self, block: &Block, line: u32) {
        match &block.header {
            BlockHeader::User => self.user_block(block, line),
            BlockHeader::Privilege if self.setting.built_in.privilege == Privilege::User => {
                self.user_block(block, line)
            }
            BlockHeader::Privilege => self.statements(&block.body),
            BlockHeader::Race(rounds) => self.race_block(block, line, rounds.as_ref()),
            BlockHeader::For { variable, values } => {
                let unknown = || vec![Binding { meaning: Meaning::Unknown, text: String::new() }];
                let is_wrong = self.lookup.reports.wrong_lines.contains(&line);
                let list = |resolver: &mut Self| resolver.lookup.list(values);
                let values = if is_wrong { None } else { self.watched(line, list) };
                let values = values.unwrap_or_else(unknown);
                self.loop_block(block, variable, values);
            }
            BlockHeader::On { feature, present } => {
                let guard = self.guard.and(*feature, *present);
                if self.guard.is_possible() && !guard.is_possible() {
                    let found = Diagnostic::error("no target comes here").at(block.span, "");
                    self.lookup.report(found.note("what the header and the blocks around need excludes it"));
                }
                let outer = std::mem::replace(&mut self.guard, guard);
                self.lookup.word = self.word();
                self.statements(&block.body);
                self.guard = outer;
                self.lookup.word = self.word();
            }
            BlockHeader::Broken(Some(variable)) => {
                let unknown = Binding { meaning: Meaning::Unknown, text: String::new() };
                self.loop_block(block, variable, vec![unknown]);
            }
            BlockHeader::Broken(None) => {
                self.in_broken += 1;
                self.statements(&block.body);
                self.in_broken -= 1;
            }
        }
    }

    fn user_block(&mut self, block: &Block, line: u32) {
        if self.user {
            let found = Diagnostic::error("this is in problem state already").at(block.span, "");
            self.lookup.report(found);
            return self.statements(&block.body);
        }
        self.push(block.span, line, None, Action::EnterUser, vec![], (false, false));
        self.user = true;
        self.statements(&block.body);
        self.user = false;
        self.push(block.span, block.end_line, None, Action::LeaveUser, vec![], (false, false));
    }

    fn race_block(&mut self, block: &Block, line: u32, rounds: Option<&Expr>) {
        let rounds = rounds.map(|rounds| self.race_rounds(rounds).unwrap_or(1));
        if self.race.is_some() {
            let found = Diagnostic::error("a race cannot be inside another").at(block.span, "");
            self.lookup.report(found);
            return self.statements(&block.body);
        }
        self.push(block.span, line, None, Action::RaceBegin(rounds), vec![], (false, false));
        self.race = Some(self.races);
        self.races += 1;
        self.statements(&block.body);
        self.race = None;
        self.push(block.span, block.end_line, None, Action::RaceEnd, vec![], (false, false));
    }

    fn loop_block(&mut self, block: &Block, variable: &Name, values: Vec<Binding>) {
        let known = self.lookup.variables.iter().any(|(known, _)| *known == variable.text);
        if known || self.lookup.declared.contains_key(variable.text.as_str()) {
            let message = format!("`{}` has a meaning here already", variable.text);
            self.lookup.report(Diagnostic::error(message).at(variable.span, "choose another name"));
        }
        for binding in values {
            if !self.spend() {
                return;
            }
            self.rounds.push(binding.meaning);
            self.texts.push(binding.text.clone());
            self.lookup.variables.push((variable.text.clone(), binding));
            self.statements(&block.body);
            self.lookup.used_here.clear();
            self.lookup.variables.pop();
            self.texts.pop();
            self.rounds.pop();
        }
    }
}
