//! The known name a mistyped one probably means.

/// Below this likeness a suggestion would puzzle more than it helps.
const LIKELY: f64 = 0.75;

/// The most similar of the known names, if one is similar enough.
#[must_use]
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(wanted, name), name))
        .filter(|(likeness, _)| *likeness >= LIKELY)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// `; did you mean X?`, or nothing.
#[must_use]
pub fn suggestion<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(wanted, known).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_is_near_and_nothing_else() {
        let known = ["alias.consistent-after-exit", "page.supervisor-only"];
        assert_eq!(nearest("alias.consistent-afer-exit", known), Some(known[0]));
        assert_eq!(suggestion("zzz", known), "");
    }
}
