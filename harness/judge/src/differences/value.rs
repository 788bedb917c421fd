//! The two values of a difference: what the reference shows and what QEMU shows, with `*` for what both show alike.
//!
//! `program ESR=PPR srr0=* srr1=*` against `program ESR=PPR srr0=* srr1=WE|*` is one difference, wherever the
//! instruction stands and whatever else is in SRR1.

/// Stands for any text, the same on both sides.
const ANY: char = '*';

/// Two values that differ in a known way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sides {
    reference: String,
    qemu: String,
}

impl Sides {
    /// The two values.
    pub(super) const fn new(reference: String, qemu: String) -> Self {
        Self { reference, qemu }
    }

    /// What is wrong with them, if something is.
    pub(super) fn mistake(&self) -> Option<&'static str> {
        let stars = |text: &str| text.matches(ANY).count();
        if self.reference == self.qemu {
            Some("both sides of this difference are the same")
        } else if stars(&self.reference) != stars(&self.qemu) {
            Some("one side of this difference has more `*` than the other: each stands for the same text on both")
        } else {
            None
        }
    }

    /// True if these are the values seen.
    pub(super) fn are(&self, reference: &str, qemu: &str) -> bool {
        let captured = captures(&self.reference, reference);
        captured.is_some() && captured == captures(&self.qemu, qemu)
    }
}

/// What stands for each `*` of the pattern, each as short as it can be but the last; none if the text does not match.
fn captures<'t>(pattern: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut literals = pattern.split(ANY);
    let mut rest = text.strip_prefix(literals.next()?)?;
    let mut captures = Vec::new();
    let mut literals = literals.peekable();
    while let Some(literal) = literals.next() {
        let captured =
            if literals.peek().is_none() { rest.strip_suffix(literal)? } else { rest.get(..rest.find(literal)?)? };
        captures.push(captured);
        rest = rest.get(captured.len() + literal.len()..)?;
    }
    rest.is_empty().then_some(captures)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides(reference: &str, qemu: &str) -> Sides {
        Sides::new(reference.to_owned(), qemu.to_owned())
    }

    #[test]
    fn values_without_a_star_are_compared_as_they_stand() {
        assert!(sides("0x1", "0x2").are("0x1", "0x2"));
        assert!(!sides("0x1", "0x2").are("0x2", "0x1") && !sides("0x1", "0x2").are("0x1", "0x22"));
    }

    #[test]
    fn a_star_stands_for_the_same_text_on_both_sides() {
        let privileged = sides("program ESR=PPR srr0=* srr1=*", "program ESR=PPR srr0=* srr1=WE|*");
        assert!(privileged.are("program ESR=PPR srr0=+4 srr1=PR|ME", "program ESR=PPR srr0=+4 srr1=WE|PR|ME"));
        assert!(!privileged.are("program ESR=PPR srr0=+0 srr1=PR|ME", "program ESR=PPR srr0=+4 srr1=WE|PR|ME"));
        assert!(!privileged.are("program ESR=PPR srr0=+4 srr1=ME", "program ESR=PPR srr0=+4 srr1=WE|PR|ME"));
        assert!(!privileged.are("program ESR=PIL srr0=+4 srr1=PR|ME", "program ESR=PPR srr0=+4 srr1=WE|PR|ME"));
    }

    #[test]
    fn a_star_may_stand_for_nothing_and_the_last_takes_the_rest() {
        assert_eq!(captures("a*b*", "ab"), Some(vec!["", ""]));
        assert_eq!(captures("a*b*c", "axbybcc"), Some(vec!["x", "ybc"]));
        assert_eq!(captures("a*b*", "ax"), None);
        assert_eq!(captures("*", ""), Some(vec![""]));
        assert_eq!(captures("a*a", "a"), None);
    }

    #[test]
    fn sides_that_are_equal_or_have_unequal_stars_are_a_mistake() {
        assert!(sides("*", "*").mistake().is_some() && sides("*", "x").mistake().is_some());
        assert_eq!(sides("*", "WE|*").mistake(), None);
    }
}
