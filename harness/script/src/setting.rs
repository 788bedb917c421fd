//! The values of a case's parameters in one instance of it.

use super::gpr;
use sprig_judge::feature::{Feature, FeatureSet};

/// The guest kernel's word size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names say it
pub enum GuestWord {
    #[default]
    Bits32,
    Bits64,
}

impl GuestWord {
    /// Width of a general register, bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::Bits32 => 32,
            Self::Bits64 => 64,
        }
    }
}

/// The guest kernel's byte order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names say it
pub enum ByteOrder {
    #[default]
    Big,
    Little,
}

/// What `in privilege { }` means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names say it
pub enum Privilege {
    #[default]
    Supervisor,
    User,
}

/// The three parameters that every script has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct BuiltIn {
    /// `privilege`.
    pub privilege: Privilege,
    /// `word`; none if any is right, so that it is the target's.
    pub word: Option<GuestWord>,
    /// `order`, the same.
    pub order: Option<ByteOrder>,
}

impl BuiltIn {
    /// The word size that values are for: where any is right, what fits the narrower fits the wider.
    pub(super) fn word(self) -> GuestWord {
        self.word.unwrap_or_default()
    }

    /// The same on a target with these features, whose guest kernel has one word size and byte order.
    pub(super) fn on(self, features: FeatureSet) -> Self {
        let word = if features.contains(Feature::Wide) { GuestWord::Bits64 } else { GuestWord::Bits32 };
        let order = if features.contains(Feature::LittleEndian) { ByteOrder::Little } else { ByteOrder::Big };
        Self { word: Some(self.word.unwrap_or(word)), order: Some(self.order.unwrap_or(order)), ..self }
    }
}

/// What a parameter or loop variable stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Meaning {
    /// A number.
    Number(u64),
    /// A special register, by its name in `sprig_isa::spr`.
    Spr(&'static str),
    /// A general register.
    Gpr(u8),
    /// Nothing: what it was to be is wrong and has been reported.
    Unknown,
}

/// One value of a parameter or loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binding {
    pub(super) meaning: Meaning,
    /// As the names of cases and observations show it.
    pub(super) text: String,
}

impl Binding {
    pub(super) fn register(meaning: Meaning) -> Self {
        let text = match meaning {
            Meaning::Spr(name) => name.to_owned(),
            Meaning::Gpr(number) => gpr::name(number).to_owned(),
            Meaning::Number(value) => value.to_string(),
            Meaning::Unknown => String::new(),
        };
        Self { meaning, text }
    }
}

/// The values of all parameters in one instance.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    /// In the order of the header.
    pub(super) parameters: Vec<(String, Binding)>,
    pub(super) built_in: BuiltIn,
}
