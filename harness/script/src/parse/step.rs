//! Steps: one line of a script that does something.

use super::cursor::{Cursor, Parsed};
use super::instruction::Extended;
use crate::ast::{Action, ExitKind, Expr, Field, Name, Size, Step};
use crate::diagnostic::Diagnostic;
use crate::names::{self, Place, WORDS};
use sprig_isa::exception::{EXCEPTIONS, Exception};
use sprig_isa::insn::script::Row;
use sprig_isa::page;
use sprig_judge::nearest::nearest;
use sprig_wire::bytecode::permission;
use sprig_wire::firmware::{SERVICES, Service};
use sprig_wire::host::{HOST_CALLS, HostCall};

/// What steps are given, in words.
const SPECIAL_REGISTER: &str = "a special register";
const ADDRESS: &str = "an address";
const ROUNDS: &str = "a number of rounds";

impl Cursor<'_> {
    /// The name in front of `=`, if the line observes something.
    pub(super) fn observation(&mut self) -> Option<Name> {
        if !self.second_is("=") {
            return None;
        }
        let name = self.word("a name").ok()?;
        self.eat("=");
        Some(name)
    }

    pub(super) fn step(&mut self, name: Option<Name>) -> Parsed<Step> {
        let start = self.here();
        let (mut may_trap, mut varying) = (None, None);
        loop {
            let here = self.here();
            let marker = if self.eat_word("try") {
                &mut may_trap
            } else if self.eat_word("varying") {
                &mut varying
            } else {
                break;
            };
            if marker.replace(here).is_some() {
                return Err(Diagnostic::error("this was said already").at(here, "a second time"));
            }
        }
        let action = self.action(name.is_some())?;
        self.end()?;
        Ok(Step { name, may_trap, varying, action, span: start.to(self.before()) })
    }

    fn action(&mut self, observed: bool) -> Parsed<Action> {
        let starts = self.is_at_start() && (self.next_is(";") || self.next_is("-"));
        let word = self.word("a step");
        let word = word.map_err(|error| if starts { error.help("a comment begins with `#`") } else { error })?;
        Ok(match word.text.as_str() {
            "mfspr" => Action::Mfspr(self.value_of(SPECIAL_REGISTER)?),
            "mtspr" => {
                let register = self.value_of(SPECIAL_REGISTER)?;
                Action::Mtspr(register, self.after_comma()?)
            }
            "mfmsr" => Action::Mfmsr,
            "mtmsr" => Action::Mtmsr(self.value()?),
            "page" => self.page()?,
            "load8" => Action::Load(Size::Byte, self.value_of(ADDRESS)?),
            "load16" => Action::Load(Size::Half, self.value_of(ADDRESS)?),
            "load32" => Action::Load(Size::Word, self.value_of(ADDRESS)?),
            "load64" => Action::Load(Size::Double, self.value_of(ADDRESS)?),
            "store8" => self.store(Size::Byte)?,
            "store16" => self.store(Size::Half)?,
            "store32" => self.store(Size::Word)?,
            "store64" => self.store(Size::Double)?,
            "hcall" => self.hcall()?,
            "map-page" => self.map_page()?,
            "exit" => Action::Exit(self.exit_kind()?),
            "code" => {
                let address = self.value_of(ADDRESS)?;
                self.expect(",")?;
                Action::Code(address, self.instructions()?)
            }
            "run" => Action::Run(self.run()?),
            "patched" => Action::Patched(self.run()?),
            "let" => {
                let value = self.value()?;
                if self.next_is("=") {
                    let found = self.expected("the end of the line");
                    return Err(found.help("the name stands in front of the step: `x = let 1`"));
                }
                Action::Let(value)
            }
            "taken" => self.taken()?,
            "spin" => Action::Spin(self.value_of(ROUNDS)?),
            "hold" => Action::Hold,
            "map" => self.map()?,
            "unmap" => Action::Unmap(self.value_of(ADDRESS)?),
            "host" => self.host()?,
            "firmware" => self.firmware()?,
            "restore" => Action::Restore,
            "reset" => Action::Reset,
            _ if !observed && self.next_is("=") => {
                let help = "the name of an observation begins the line: `x = try mfmsr`";
                return Err(no_step(&word, observed).help(help));
            }
            _ if !observed && self.compares() => {
                return Err(no_step(&word, observed).help("`expect` begins a line that says what must hold"));
            }
            _ => return Err(no_step(&word, observed)),
        })
    }

    fn after_comma(&mut self) -> Parsed<Expr> {
        self.expect(",")?;
        self.value()
    }

    fn store(&mut self, size: Size) -> Parsed<Action> {
        let address = self.value_of(ADDRESS)?;
        Ok(Action::Store(size, address, self.after_comma()?))
    }

    fn page(&mut self) -> Parsed<Action> {
        if !self.eat(".") {
            return Err(self.expected("`.` and a field of the page"));
        }
        let field = if self.next_is("(") {
            Field::Shadowing(self.parenthesised()?)
        } else {
            let name = self.word("a field of the page, or a register in parentheses")?;
            let known = || page::FIELDS.iter().map(|field| field.name);
            match page::Field::by_name(&name.text) {
                Some(field) => Field::Named(field),
                None => return Err(names::unknown("field of the page", &name.text, name.span, known())),
            }
        };
        Ok(if self.eat("=") { Action::StoreField(field, self.value()?) } else { Action::LoadField(field) })
    }

    fn hcall(&mut self) -> Parsed<Action> {
        let token = self.value_of("a token")?;
        let mut arguments = Vec::new();
        while self.eat(",") {
            let register = self.value_of("a register for an argument")?;
            self.expect("=")?;
            arguments.push((register, self.value()?));
        }
        self.end_or(Some("`,`"))?;
        Ok(Action::Hcall { token, arguments })
    }

    fn map_page(&mut self) -> Parsed<Action> {
        let (mut ea, mut pa, mut flags) = (None, None, None);
        while !self.is_at_end() {
            let here = self.here();
            let (place, what) = if self.eat_word("at") {
                (&mut ea, ADDRESS)
            } else if self.eat_word("physical") {
                (&mut pa, ADDRESS)
            } else if self.eat_word("flags") {
                (&mut flags, "flags")
            } else {
                return Err(self.expected("`at`, `physical`, `flags` or the end of the line"));
            };
            if place.replace(self.value_of(what)?).is_some() {
                return Err(Diagnostic::error("this was said already").at(here, "a second time"));
            }
        }
        Ok(Action::MapPage { ea, pa, flags })
    }

    fn exit_kind(&mut self) -> Parsed<Option<ExitKind>> {
        if self.peek_word().is_none() {
            return self.end_or(Some("a kind of exit")).map(|()| None);
        }
        let name = self.word("a kind of exit")?;
        match ExitKind::ALL.iter().find(|(kind, _)| *kind == name.text) {
            Some((_, kind)) => Ok(Some(*kind)),
            None => {
                let kinds = ExitKind::ALL.map(|(kind, _)| kind);
                Err(names::unknown("kind of exit", &name.text, name.span, kinds))
            }
        }
    }

    fn taken(&mut self) -> Parsed<Action> {
        let name = self.word("an asynchronous interrupt")?;
        let asynchronous = || EXCEPTIONS.iter().filter(|row| row.asynchronous).map(|row| row.name);
        let Some(exception) = Exception::by_name(&name.text) else {
            return Err(names::unknown("interrupt", &name.text, name.span, asynchronous()));
        };
        if !exception.description().asynchronous {
            return Err(Diagnostic::error(format!("`{}` is not asynchronous", name.text))
                .at(name.span, "belongs to an instruction")
                .note(format!("the asynchronous interrupts are {}", asynchronous().collect::<Vec<_>>().join(", ")))
                .help("`x.exception` says whether a step took it"));
        }
        let within = if self.eat_word("within") { Some(self.value_of(ROUNDS)?) } else { None };
        Ok(Action::Taken { exception, within })
    }

    fn map(&mut self) -> Parsed<Action> {
        let ea = self.value_of(ADDRESS)?;
        if !self.eat_word("to") {
            return Err(self.expected("`to` and a physical address"));
        }
        let pa = self.value_of("a physical address")?;
        if !self.eat_word("as") {
            return Err(self.expected("`as` and the rights, like `srw,ur`"));
        }
        let mut rights = self.rights(0)?;
        while self.eat(",") {
            rights |= self.rights(rights)?;
        }
        Ok(Action::Map { ea, pa, rights })
    }

    /// `s` or `u` and the letters of what is allowed in that state, each given once.
    fn rights(&mut self, said: u8) -> Parsed<u8> {
        use permission as p;
        let name = self.word("rights, like `srw`")?;
        let wrong =
            |found: Diagnostic| found.note("rights are `s` (supervisor) or `u` (user) followed by letters of `rwx`");
        let mut letters = name.text.chars();
        let bits = match letters.next() {
            Some('s') => [p::SUPERVISOR_READ, p::SUPERVISOR_WRITE, p::SUPERVISOR_EXECUTE],
            Some('u') => [p::USER_READ, p::USER_WRITE, p::USER_EXECUTE],
            _ => {
                let found = Diagnostic::error(format!("`{}` names neither state", name.text));
                return Err(wrong(found.at(name.span, "")));
            }
        };
        let mut rights = 0;
        for letter in letters {
            let bit = match letter {
                'r' => bits[0],
                'w' => bits[1],
                'x' => bits[2],
                _ => {
                    let found = Diagnostic::error(format!("`{letter}` is not a right"));
                    return Err(wrong(found.at(name.span, "")));
                }
            };
            if (rights | said) & bit != 0 {
                let message = format!("the right `{letter}` is given twice");
                return Err(Diagnostic::error(message).at(name.span, "a second time"));
            }
            rights |= bit;
        }
        Ok(rights)
    }

    fn host(&mut self) -> Parsed<Action> {
        let name = self.word("a host step")?;
        let Some(call) = HostCall::by_name(&name.text) else {
            return Err(names::unknown("host step", &name.text, name.span, HOST_CALLS.iter().map(|call| call.name)));
        };
        Ok(Action::Host { call, arguments: self.arguments(&name, call.arguments)? })
    }

    fn firmware(&mut self) -> Parsed<Action> {
        let name = self.word("a service of the firmware")?;
        let Some(service) = Service::by_name(&name.text) else {
            let known = SERVICES.iter().map(|service| service.name);
            return Err(names::unknown("service of the firmware", &name.text, name.span, known));
        };
        Ok(Action::Firmware { service, arguments: self.arguments(&name, service.arguments)? })
    }

    fn arguments(&mut self, call: &Name, count: u8) -> Parsed<Vec<Expr>> {
        let mut arguments = Vec::new();
        if !self.is_at_end() {
            arguments.push(self.value()?);
            while self.eat(",") {
                arguments.push(self.value()?);
            }
            self.end_or(Some("`,`"))?;
        }
        if arguments.len() == usize::from(count) {
            return Ok(arguments);
        }
        let taken = match count {
            0 => "no value".to_owned(),
            1 => "1 value".to_owned(),
            many => format!("{many} values"),
        };
        let message = format!("`{}` takes {taken}, {} given", call.text, arguments.len());
        Err(Diagnostic::error(message).at(call.span.to(self.before()), ""))
    }
}

/// What other languages begin a line with, and what stands for it here.
const ELSEWHERE: [(&[&str], &str); 3] = [
    (
        &["if", "else", "ifdef", "switch"],
        "nothing depends on what is observed; `on FEATURE {` is for some targets only",
    ),
    (&["while", "loop", "repeat", "do"], "`for n in 0..9 {` writes steps out, `race 1000 {` runs them again and again"),
    (&["assert", "check", "require", "verify"], "`expect` says what must hold: `expect x == 1`"),
];

/// The line begins with a word that no step begins with.
fn no_step(word: &Name, observed: bool) -> Diagnostic {
    let name = word.text.as_str();
    if name == "expect" {
        let found = Diagnostic::error("an expectation cannot be observed").at(word.span, "not a step");
        return found.help("`expect` begins a line of its own");
    }
    let place = WORDS.iter().find(|(known, _)| *known == name).map(|(_, place)| *place);
    let found = Diagnostic::error(match place {
        Some(Place::Block) if observed => "a block cannot be observed".to_owned(),
        Some(_) => format!("`{name}` is not a step"),
        None => format!("unknown step `{name}`"),
    });
    let found = found.at(word.span, "not a step");
    if Row::by_mnemonic(name).is_some() {
        return found.help(format!("it is an instruction: `run {name} ...` executes it"));
    }
    if let Some(extended) = Extended::by_mnemonic(name) {
        return found.help(extended.help("run "));
    }
    if let Some((_, instead)) = ELSEWHERE.iter().find(|(words, _)| words.contains(&name) && !observed) {
        return found.help(*instead);
    }
    let begins = |place: Place| match place {
        Place::Step => true,
        Place::Header | Place::Block => !observed,
        Place::Within | Place::Detail => false,
    };
    let known = WORDS.iter().filter(|(_, place)| begins(*place)).map(|(word, _)| *word);
    let similar = nearest(name, known).filter(|nearest| *nearest != name).map(|nearest| {
        let place = WORDS.iter().find(|(word, _)| *word == nearest).map(|(_, place)| *place);
        let what = match place {
            Some(Place::Header) => "a line of the header",
            Some(Place::Block) => "a block",
            _ => "a step",
        };
        format!("{what} with a similar name: `{nearest}`")
    });
    if observed && similar.is_none() && place.is_none() {
        return found.help("a step comes after `=`; a value is named by `let`");
    }
    found.maybe_help(similar)
}
