//! The known name a mistyped one probably means.

/// The nearest of some known names, if one is near enough that a slip of the finger explains the difference.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let length = name.chars().count();
    // Every name of one letter is one letter away from every other.
    let allowed = (length / 3).max(1).min(length.saturating_sub(1));
    known
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `; did you mean X?`, or nothing.
#[must_use]
pub fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_is_near_and_nothing_else() {
        let known = ["alias.consistent-after-exit", "page.supervisor-only"];
        assert_eq!(nearest("alias.consistent-afer-exit", known), Some(known[0]));
        assert_eq!(suggestion("zzz", known), "");
        assert_eq!(nearest("z", ["x", "lr"]), None);
        assert_eq!(nearest("X", ["x", "lr"]), Some("x"));
        // One slip for every three letters.
        assert_eq!((nearest("abcdef", ["abcdxy"]), nearest("abcdef", ["abcxyz"])), (Some("abcdxy"), None));
    }
}
