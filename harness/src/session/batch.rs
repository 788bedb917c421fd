//! Cutting a stream of cases into sessions.

use crate::case::Case;
use sprig_wire::batch;
use sprig_wire::layout::BATCH_SIZE;
use std::borrow::Borrow;
use std::collections::VecDeque;
use std::iter::Peekable;

/// Most bytes the cases of one session may take together.
const ROOM: usize = BATCH_SIZE as usize - batch::OVERHEAD;

/// Cases by sessions: as many as fit the guest's memory and the target takes at once. Known killers come last, one by
/// one; only they are kept until then.
pub(super) struct Batches<C, I: Iterator<Item = C>> {
    cases: Peekable<I>,
    killers: VecDeque<C>,
    most: usize,
}

impl<C: Borrow<Case>, I: Iterator<Item = C>> Batches<C, I> {
    pub(super) fn new(cases: I, most: usize) -> Self {
        Self { cases: cases.peekable(), killers: VecDeque::new(), most: most.max(1) }
    }
}

impl<C: Borrow<Case>, I: Iterator<Item = C>> Iterator for Batches<C, I> {
    type Item = VecDeque<C>;

    fn next(&mut self) -> Option<VecDeque<C>> {
        let (mut batch, mut room) = (VecDeque::new(), ROOM);
        while batch.len() < self.most {
            // A case that is too large for any session goes into one of its own, where it fails by name.
            let fits = |case: &C| batch.is_empty() || case.borrow().kills || case.borrow().parts.size() <= room;
            let Some(case) = self.cases.next_if(fits) else { break };
            if case.borrow().kills {
                self.killers.push_back(case);
            } else {
                room = room.saturating_sub(case.borrow().parts.size());
                batch.push_back(case);
            }
        }
        if batch.is_empty() {
            batch.extend(self.killers.pop_front());
        }
        (!batch.is_empty()).then_some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::empty_guest;

    fn case(name: &str, kills: bool, bytes: usize) -> Case {
        let mut case = empty_guest();
        case.name = name.to_owned();
        case.kills = kills;
        case.parts.ops = vec![0; bytes];
        case
    }

    fn names(cases: Vec<Case>, most: usize) -> Vec<Vec<String>> {
        Batches::new(cases.into_iter(), most)
            .map(|batch| batch.into_iter().map(|case: Case| case.name).collect())
            .collect()
    }

    #[test]
    fn killers_run_alone_and_last() {
        let cases = vec![case("k1", true, 0), case("a", false, 0), case("k2", true, 0), case("b", false, 0)];
        assert_eq!(names(cases, usize::MAX), [vec!["a", "b"], vec!["k1"], vec!["k2"]]);
    }

    #[test]
    fn a_session_takes_no_more_than_the_target_does() {
        let cases = vec![case("a", false, 0), case("b", false, 0), case("c", false, 0)];
        assert_eq!(names(cases, 2), [vec!["a", "b"], vec!["c"]]);
    }

    #[test]
    fn a_batch_that_would_not_fit_guest_memory_is_cut_exactly_there() {
        let empty = case("", false, 0).parts.size();
        let half = ROOM / 2 / 8 * 8;
        let (first, second) = (half - empty, ROOM - half - empty);
        let fitting = vec![case("a", false, first), case("b", false, second)];
        let refs: Vec<_> = fitting.iter().collect();
        assert_eq!(crate::target::batch(&refs, false).map(|bytes| bytes.len()), Ok(BATCH_SIZE as usize));
        assert_eq!(names(fitting, usize::MAX), [["a", "b"]]);
        let one_too_large = vec![case("a", false, first), case("b", false, second + 1), case("c", false, 0)];
        assert_eq!(names(one_too_large, usize::MAX), [vec!["a"], vec!["b", "c"]]);
    }
}
