//! Where goldens go when they are recorded: each behaviour once, as general as it is.
//!
//! ```text
//!                    bare                     what most of the targets below it do
//!             booke-bare   book3s-bare        a file only if it differs from the folder above
//!       e500v2-bare   440-bare                ...
//!   ref-e500v2-bare   qemu-ppce500-e500v2     one implementation's own
//! ```
//!
//! Recording one target after the other could not do this: the first to run would write what is only its own into the
//! folder of all. So what every target did is put together first, with what the goldens say of those that did not run.

use super::same;
use std::collections::{BTreeMap, BTreeSet};

/// What one target wants its golden of a case to say.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Its folders, most specific first.
    pub chain: Vec<String>,
    /// The text; none if the target did not run. Then it wants what it has, or follows a target that did run and whose
    /// own folder it looks into.
    pub text: Option<String>,
    /// Whether it counts in folders that others look into too.
    pub leads: bool,
}

/// What has to be done to one folder's golden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Write it.
    Write {
        /// The folder.
        element: String,
        /// The text.
        text: String,
    },
    /// Remove it.
    Remove {
        /// The folder.
        element: String,
    },
}

/// The changes to the goldens of one case that give every target what it wants, with as few files as that takes.
#[must_use]
pub fn place(wishes: &[Wish], existing: &BTreeMap<String, String>) -> Vec<Change> {
    let effective = |files: &BTreeMap<String, String>, chain: &[String]| {
        chain.iter().find_map(|element| files.get(element)).cloned()
    };
    let owner = |element: &String| wishes.iter().find(|wish| wish.chain.first() == Some(element));
    let follows = |wish: &Wish| {
        let mut more_general = wish.chain.iter().skip(1);
        let has_own = wish.chain.first().is_some_and(|own| existing.contains_key(own));
        !has_own && more_general.any(|element| owner(element).is_some_and(|owner| owner.text.is_some()))
    };
    let kept = |wish: &Wish| if follows(wish) { None } else { effective(existing, &wish.chain) };
    let wanted: Vec<Option<String>> = wishes.iter().map(|wish| wish.text.clone().or_else(|| kept(wish))).collect();
    let concerned: BTreeSet<&String> = wishes.iter().flat_map(|wish| &wish.chain).collect();
    let mut files = existing.clone();
    files.retain(|element, _| !concerned.contains(element));

    for element in general_first(wishes) {
        let below = wishes.iter().zip(&wanted).filter(|(wish, _)| wish.chain.contains(element));
        let below: Vec<_> = below.collect();
        let some_lead = below.iter().any(|(wish, wanted)| wish.leads && wanted.is_some());
        let inherited = |wish: &Wish| effective(&files, &wish.chain);
        let content = |wish: &Wish, wanted: &str| inherited(wish).is_some_and(|text| same(&text, wanted));
        if below.iter().all(|(wish, wanted)| wanted.as_deref().is_none_or(|wanted| content(wish, wanted))) {
            continue;
        }
        let mut counted: Vec<(&str, usize)> = Vec::new();
        // In a target's own folder only that target has, whoever else looks into it.
        let is_owners = |wish: &Wish| wish.chain.first() == Some(element);
        let has_owner = below.iter().any(|(wish, wanted)| is_owners(wish) && wanted.is_some());
        let having_a_say =
            below.iter().filter(|(wish, _)| if has_owner { is_owners(wish) } else { wish.leads || !some_lead });
        for text in having_a_say.filter_map(|(_, wanted)| wanted.as_deref()) {
            match counted.iter_mut().find(|(known, _)| same(known, text)) {
                Some((_, count)) => *count += 1,
                None => counted.push((text, 1)),
            }
        }
        // What is here stays as long as it is wanted; else the most wanted takes its place, if need be what is above.
        let most = counted.iter().map(|(_, count)| *count).max();
        let repeats = |text: &str| below.iter().any(|(wish, _)| content(wish, text));
        let stays = existing.get(element).filter(|text| counted.iter().any(|(known, _)| same(known, text)));
        let text = stays.map(String::as_str).or_else(|| {
            let mut candidates = counted.iter().filter(|(_, count)| Some(*count) == most).map(|(text, _)| *text);
            let first = candidates.clone().next();
            candidates.find(|text| repeats(text)).or(first)
        });
        if let Some(text) = text.filter(|text| !repeats(text)).map(str::to_owned) {
            files.insert(element.clone(), text);
        }
    }
    let written = files.iter().filter(|(element, text)| existing.get(*element).is_none_or(|old| !same(old, text)));
    let removed = existing.keys().filter(|element| !files.contains_key(*element));
    written
        .map(|(element, text)| Change::Write { element: element.clone(), text: text.clone() })
        .chain(removed.map(|element| Change::Remove { element: element.clone() }))
        .collect()
}

/// Every folder of the chains, each after all that are more general in any of them: chains that share folders need not
/// be of one length.
fn general_first(wishes: &[Wish]) -> Vec<&String> {
    let mut levels: BTreeMap<&String, usize> =
        wishes.iter().flat_map(|wish| &wish.chain).map(|folder| (folder, 0)).collect();
    // A level moves with those after it: as often as there are folders is enough for the longest row of them.
    for _ in 0..levels.len() {
        for wish in wishes {
            let mut least = 0;
            for folder in wish.chain.iter().rev() {
                let level = levels.entry(folder).or_default();
                *level = least.max(*level);
                least = *level + 1;
            }
        }
    }
    let mut folders: Vec<_> = levels.into_iter().collect();
    folders.sort_by_key(|(_, level)| *level);
    folders.into_iter().map(|(folder, _)| folder).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGETS: [[&str; 4]; 4] = [
        ["ref-e500v2-bare", "e500v2-bare", "booke-bare", "bare"],
        ["qemu-ppce500-e500v2", "e500v2-bare", "booke-bare", "bare"],
        ["ref-440-bare", "440-bare", "booke-bare", "bare"],
        ["ref-750-bare", "750-bare", "book3s-bare", "bare"],
    ];

    fn wishes(texts: [Option<&str>; 4]) -> Vec<Wish> {
        let wish = |(chain, text): ([&str; 4], Option<&str>)| Wish {
            chain: chain.map(str::to_owned).to_vec(),
            text: text.map(str::to_owned),
            leads: true,
        };
        TARGETS.into_iter().zip(texts).map(wish).collect()
    }

    fn files(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries.iter().map(|(element, text)| ((*element).to_owned(), (*text).to_owned())).collect()
    }

    fn changes(texts: [Option<&str>; 4], existing: &[(&str, &str)]) -> Vec<String> {
        let in_short = |change| match change {
            Change::Write { element, text } => format!("{element}: {text}"),
            Change::Remove { element } => format!("{element} removed"),
        };
        place(&wishes(texts), &files(existing)).into_iter().map(in_short).collect()
    }

    #[test]
    fn what_all_do_is_kept_once_at_the_top() {
        assert_eq!(changes([Some("x"); 4], &[]), ["bare: x"]);
    }

    #[test]
    fn what_one_family_does_differently_is_kept_once_for_the_family() {
        assert_eq!(changes([Some("x"), Some("x"), Some("x"), Some("y")], &[]), ["bare: x", "book3s-bare: y"]);
        assert_eq!(changes([Some("x"), Some("x"), Some("z"), Some("x")], &[]), ["440-bare: z", "bare: x"]);
    }

    #[test]
    fn targets_that_do_not_lead_have_a_say_only_among_themselves() {
        let chains =
            [["ref", "ref", "pr"], ["kvm-new", "kvm", "pr"], ["kvm-old", "kvm", "pr"], ["kvm-cured", "kvm", "pr"]];
        let wish = |(chain, text): ([&str; 3], &str)| Wish {
            chain: chain.map(str::to_owned).to_vec(),
            text: Some(text.to_owned()),
            leads: chain[0] == "ref",
        };
        let wishes: Vec<Wish> = chains.into_iter().zip(["x", "y", "y", "x"]).map(wish).collect();
        let written = |element: &str, text: &str| Change::Write { element: element.to_owned(), text: text.to_owned() };
        let expected = [written("kvm", "y"), written("kvm-cured", "x"), written("pr", "x")];
        assert_eq!(place(&wishes, &BTreeMap::new()), expected);
    }

    #[test]
    fn chains_that_share_folders_need_not_be_of_one_length() {
        let wish = |chain: &[&str], text: &str| Wish {
            chain: chain.iter().map(|&folder| folder.to_owned()).collect(),
            text: Some(text.to_owned()),
            leads: false,
        };
        let wishes = [
            wish(&["new-64", "power8-64", "power8", "kvm"], "wide"),
            wish(&["new", "power8", "kvm"], "x"),
            wish(&["old", "power8", "kvm"], "x"),
            wish(&["g4", "kvm"], "y"),
        ];
        let written = |element: &str, text: &str| Change::Write { element: element.to_owned(), text: text.to_owned() };
        let expected = [written("g4", "y"), written("kvm", "x"), written("power8-64", "wide")];
        assert_eq!(place(&wishes, &BTreeMap::new()), expected);
    }

    /// A target, one that looks into its folder, and their common one.
    fn variant(of: Option<&str>, itself: Option<&str>, existing: &[(&str, &str)]) -> Vec<(String, String)> {
        let wish = |chain: &[&str], text: Option<&str>| Wish {
            chain: chain.iter().map(|&folder| folder.to_owned()).collect(),
            text: text.map(str::to_owned),
            leads: false,
        };
        let wishes =
            [wish(&["local", "first", "kvm"], itself), wish(&["first", "kvm"], of), wish(&["old", "kvm"], None)];
        let written = |change| match change {
            Change::Write { element, text } => (element, text),
            Change::Remove { element } => (element, "removed".to_owned()),
        };
        place(&wishes, &files(existing)).into_iter().map(written).collect()
    }

    #[test]
    fn what_looks_into_the_folder_of_a_target_that_ran_follows_it_unless_it_has_its_own() {
        let pair = |element: &str, text: &str| (element.to_owned(), text.to_owned());
        let existing = [("kvm", "x"), ("old", "z")];
        assert_eq!(variant(Some("y"), None, &existing), [pair("kvm", "y")]);
        assert_eq!(variant(Some("y"), None, &[("kvm", "x"), ("local", "q")]), [pair("first", "y")]);
        assert_eq!(variant(None, None, &existing), []);
    }

    #[test]
    fn a_targets_own_folder_has_what_that_target_did_whoever_else_looks_into_it() {
        let pair = |element: &str, text: &str| (element.to_owned(), text.to_owned());
        assert_eq!(variant(Some("y"), Some("x"), &[("kvm", "x")]), [pair("first", "y"), pair("local", "x")]);
    }

    #[test]
    fn what_one_implementation_does_differently_is_its_own() {
        let texts = [Some("x"), Some("q"), Some("x"), Some("x")];
        assert_eq!(changes(texts, &[("bare", "x")]), ["qemu-ppce500-e500v2: q"]);
        let texts = [Some("q"), Some("x"), Some("x"), Some("x")];
        assert_eq!(changes(texts, &[("bare", "x")]), ["ref-e500v2-bare: q"]);
    }

    #[test]
    fn one_target_that_changes_does_not_change_the_others() {
        assert_eq!(changes([Some("y"), None, None, None], &[("bare", "x")]), ["ref-e500v2-bare: y"]);
    }

    #[test]
    fn what_changes_for_all_changes_in_place() {
        assert_eq!(changes([Some("y"); 4], &[("bare", "x")]), ["bare: y"]);
        let both = [("bare", "x"), ("book3s-bare", "z")];
        assert_eq!(changes([Some("y"), Some("y"), Some("y"), None], &both), ["bare: y"]);
    }

    #[test]
    fn an_override_nobody_needs_any_more_is_removed() {
        let both = [("bare", "x"), ("book3s-bare", "z")];
        assert_eq!(changes([None, None, None, Some("x")], &both), ["book3s-bare removed"]);
    }

    #[test]
    fn the_first_target_ever_recorded_fills_the_most_general_folder() {
        assert_eq!(changes([None, Some("x"), None, None], &[]), ["bare: x"]);
        assert_eq!(changes([Some("y"), None, None, None], &[("book3s-bare", "z")]), ["bare: y"]);
    }

    #[test]
    fn goldens_of_other_chains_are_left_alone() {
        assert_eq!(changes([Some("x"); 4], &[("bare", "x"), ("e500v2-pr", "z")]), [""; 0]);
    }
}
