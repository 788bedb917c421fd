//! What the contract says of one step: whether it takes an exception, and what its observation may be.

use sprig_isa::exception::Exception;

/// Whether a step takes an exception.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Trap {
    /// It does not.
    #[default]
    Never,
    /// The contract leaves it open.
    May,
    /// It does, or whether it does is an expectation of its own.
    Expected,
}

/// What of a step's observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Its value.
    Value,
    /// The general register with this number, after the value.
    Register(u8),
    /// Which exception it took, if any.
    Exception,
    /// Where.
    Srr0,
    /// The state there.
    Srr1,
    /// ESR or DSISR.
    Syndrome,
    /// DEAR or DAR.
    Dar,
    /// CR, XER or LR; how a host step went.
    Special(&'static str),
    /// The result of a host step with this number, after the value.
    Result(u8),
    /// That the hypervisor gave the guest up there.
    GivenUp,
    /// That the target died.
    Fate,
}

impl Part {
    /// After the observation's name, as the script language has it.
    pub(super) fn suffix(self) -> String {
        match self {
            Self::Value | Self::GivenUp | Self::Fate => String::new(),
            Self::Register(number) => format!(".r{number}"),
            Self::Special(name) => format!(".{name}"),
            Self::Result(number) => format!(".{number}"),
            Self::Exception => ".exception".to_owned(),
            Self::Srr0 => ".srr0".to_owned(),
            Self::Srr1 => ".srr1".to_owned(),
            Self::Syndrome => ".syndrome".to_owned(),
            Self::Dar => ".dar".to_owned(),
        }
    }

    /// The output of this name of a step's (`case::Step::outputs`): a general register, a further result, or the value
    /// itself.
    pub(super) fn of_output(name: &str) -> Option<Self> {
        const SPECIAL: [&str; 4] = ["cr", "xer", "lr", "status"];
        match (name.strip_prefix('r'), SPECIAL.into_iter().find(|special| *special == name)) {
            (Some(number), _) => number.parse().ok().map(Self::Register),
            (None, Some(special)) => Some(Self::Special(special)),
            (None, None) if name.is_empty() => Some(Self::Value),
            (None, None) => name.parse().ok().map(Self::Result),
        }
    }

    /// In words.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Register(_) => "register",
            Self::Special(name) => name,
            Self::Result(_) => "result",
            Self::Exception => "exception",
            Self::Srr0 => "srr0",
            Self::Srr1 => "srr1",
            Self::Syndrome => "syndrome",
            Self::Dar => "dar",
            Self::GivenUp => "given up",
            Self::Fate => "end",
        }
    }
}

/// What it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    /// One of these.
    OneOf(Vec<u64>),
    /// Anything but zero.
    NonZero,
    /// Under this mask, that.
    Bits(u64, u64),
    /// One of these exceptions.
    Exceptions(&'static [Exception]),
    /// This exception, or none.
    Exception(Option<Exception>),
}

/// One expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expectation {
    pub(super) part: Part,
    pub(super) allowed: Allowed,
    /// The rule that says so.
    pub(super) rule: &'static str,
}

/// What the contract says of one step.
#[derive(Clone, Debug, Default)]
pub(super) struct Prediction {
    pub(super) trap: Trap,
    pub(super) expectations: Vec<Expectation>,
    /// The rule that decides where the script says nothing of what is seen.
    pub(super) rule: &'static str,
    /// Another run may give another value.
    pub(super) varies: bool,
    /// An asynchronous interrupt that is asked about is due: it is waited for.
    pub(super) waits: bool,
}

impl Prediction {
    /// It does what it is asked for.
    pub(super) fn done(rule: &'static str) -> Self {
        Self { rule, ..Self::default() }
    }

    /// Nothing is said.
    pub(super) fn open(rule: &'static str) -> Self {
        Self { trap: Trap::May, rule, ..Self::default() }
    }

    /// Its value is one of these; nothing is said where there is none.
    pub(super) fn value(rule: &'static str, values: Option<Vec<u64>>) -> Self {
        Self::done(rule).with(Part::Value, values.map(Allowed::OneOf))
    }

    /// The same with an expectation.
    pub(super) fn with(mut self, part: Part, allowed: Option<Allowed>) -> Self {
        self.expectations.extend(allowed.map(|allowed| Expectation { part, allowed, rule: self.rule }));
        self
    }
}

impl Allowed {
    /// The bits in which this value is not what is allowed; none where that is not one number.
    pub(super) fn differing(&self, seen: u64) -> Option<u64> {
        match self {
            Self::OneOf(values) => match values.as_slice() {
                [only] => Some(seen ^ only),
                _ => None,
            },
            Self::Bits(mask, value) => Some((seen ^ value) & mask),
            Self::NonZero | Self::Exceptions(_) | Self::Exception(_) => None,
        }
    }
}

impl Expectation {
    /// As the script language says it, of the observation of this name.
    pub(super) fn text(&self, name: &str) -> String {
        let term = format!("{name}{}", self.part.suffix());
        let numbers = |values: &[u64]| values.iter().map(|value| format!("{value:#x}")).collect::<Vec<_>>().join(", ");
        let condition = match &self.allowed {
            Allowed::OneOf(values) => match values.as_slice() {
                [only] => format!("{term} == {only:#x}"),
                values => format!("{term} in {{{}}}", numbers(values)),
            },
            Allowed::NonZero => format!("{term} != 0"),
            Allowed::Bits(mask, value) => format!("({term} & {mask:#x}) == {value:#x}"),
            Allowed::Exceptions(exceptions) => match exceptions {
                [only] => format!("{term} == {}", only.name()),
                several => {
                    let names: Vec<&str> = several.iter().map(|exception| exception.name()).collect();
                    format!("{term} in {{{}}}", names.join(", "))
                }
            },
            Allowed::Exception(exception) => format!("{term} == {}", exception.map_or("none", Exception::name)),
        };
        format!("expect {condition} by {}", self.rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_the_part_that_a_script_calls_by_its_name() {
        for (name, part) in [
            ("", Part::Value),
            ("r17", Part::Register(17)),
            ("xer", Part::Special("xer")),
            ("status", Part::Special("status")),
            ("3", Part::Result(3)),
        ] {
            assert_eq!(Part::of_output(name), Some(part));
            let dotted = if name.is_empty() { String::new() } else { format!(".{name}") };
            assert_eq!(part.suffix(), dotted);
        }
        assert_eq!(Part::of_output("no-part"), None);
    }
}
