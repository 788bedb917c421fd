//! Patterns over names of cases, targets and observations: `*` stands for any characters, `?` for one.
//!
//! Nothing else is special, so that a name like `old[SPRG4]` matches itself.

use std::fmt;
use wildmatch::WildMatch;

/// A pattern.
#[derive(Clone, PartialEq)]
pub struct Pattern(WildMatch);

impl Pattern {
    /// Reads a pattern; every text is one.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(WildMatch::new(text))
    }

    /// True if the whole name matches.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.0.matches(name)
    }
}

/// True if the text is more than a name.
#[must_use]
pub fn is_glob(text: &str) -> bool {
    text.contains(['*', '?'])
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({self})")
    }
}

impl<'de> serde::Deserialize<'de> for Pattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::new(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_matches_itself_and_stars_match_anything() {
        assert!(Pattern::new("old[SPRG4]").matches("old[SPRG4]"));
        assert!(Pattern::new("alias/*@user").matches("alias/after-exit@user"));
        assert!(!Pattern::new("alias/*@user").matches("alias/after-exit"));
    }
}
