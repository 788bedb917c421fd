//! The fewest scripts that kill every mutant.
//!
//! A script that is the only one to kill some mutant has to be among them. Then comes whichever kills most of those
//! left, until none is left; at last, scripts that later ones have made superfluous go. The true minimum would take a
//! search; this is as few or nearly so, and the same every time.

use std::collections::{BTreeMap, BTreeSet};

/// Scripts that together kill whatever any script kills, none of them superfluous. `kills` says who kills each mutant.
#[must_use]
pub fn cover<'a>(kills: &[BTreeSet<&'a str>]) -> Vec<&'a str> {
    let mut chosen: Vec<&str> = Vec::new();
    for killers in kills.iter().filter(|killers| killers.len() == 1) {
        chosen.extend(killers.iter().filter(|script| !chosen.contains(script)).copied().collect::<Vec<_>>());
    }
    let lives = |killers: &&BTreeSet<&'a str>, chosen: &[&str]| !chosen.iter().any(|script| killers.contains(script));
    loop {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for script in kills.iter().filter(|killers| lives(killers, &chosen)).flatten() {
            *counts.entry(script).or_default() += 1;
        }
        // Of equals the first by name.
        let Some((best, _)) = counts.into_iter().rev().max_by_key(|(_, count)| *count) else { break };
        chosen.push(best);
    }
    for script in chosen.clone() {
        let others: Vec<&str> = chosen.iter().copied().filter(|other| *other != script).collect();
        if kills.iter().filter(|killers| !killers.is_empty()).all(|killers| !lives(&killers, &others)) {
            chosen = others;
        }
    }
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn killed(by: &[&[&'static str]]) -> Vec<BTreeSet<&'static str>> {
        by.iter().map(|killers| killers.iter().copied().collect()).collect()
    }

    #[test]
    fn what_alone_kills_a_mutant_is_in_the_cover() {
        assert_eq!(cover(&killed(&[&["a"], &["a", "b"], &["c"]])), ["a", "c"]);
    }

    #[test]
    fn the_script_that_kills_most_comes_first() {
        assert_eq!(cover(&killed(&[&["a", "x"], &["b", "x"], &["c", "x"]])), ["x"]);
    }

    #[test]
    fn no_script_of_the_cover_is_superfluous() {
        // Greed takes x, of four mutants; a and b, for the two others, kill all that x does.
        let kills = killed(&[&["x", "a"], &["x", "a"], &["x", "b"], &["x", "b"], &["a", "c"], &["b", "d"]]);
        assert_eq!(cover(&kills), ["a", "b"]);
    }

    #[test]
    fn of_equals_the_first_by_name_is_taken() {
        assert_eq!(cover(&killed(&[&["b", "a"]])), ["a"]);
    }

    #[test]
    fn a_mutant_that_nothing_kills_asks_for_nothing() {
        assert!(cover(&killed(&[&[]])).is_empty());
        assert!(cover(&[]).is_empty());
    }
}
