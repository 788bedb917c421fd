//! What a kernel seldom does, among the scripts of single things: each odd step by itself, and those that need others
//! around them.

use super::action::{Action, MsrWriter, Rights, Size, Step};
use super::environment::WINDOW;
use super::generate::{Generator, OFFSET};
use super::odd::scene::{SCENES, USER};
use super::odd::{BEHIND, CODE, Place};
use super::singles::{VALUE, supervisor, user};
use sprig_isa::spr::number;

impl Generator {
    /// What a kernel seldom does, by itself and with the page.
    pub(super) fn seldom(&self) -> Vec<Vec<Step>> {
        let vocabulary = self.vocabulary();
        let mut scripts = Vec::new();
        for number in vocabulary.numbers.iter().copied() {
            scripts.push(vec![supervisor(Action::ReadNumber(number))]);
            if self.is_of_no_register(number) {
                scripts.push(vec![supervisor(Action::WriteNumber(number))]);
            }
        }
        for odd in vocabulary.odds.iter().filter(|odd| odd.place != Place::Arranged) {
            scripts.push(vec![supervisor(Action::Odd(odd))]);
            if odd.place == Place::Anywhere {
                scripts.push(vec![user(Action::Odd(odd))]);
            }
        }
        let sprg0 = vocabulary.held.iter().find(|spr| spr.number == number::SPRG0).copied();
        if let Some(sprg0) = sprg0.filter(|_| self.is_paged()) {
            let mapped = [self.map_page(), supervisor(Action::WriteSpr(sprg0, VALUE))];
            let page = supervisor(Action::Load(Size::Word, self.environment().page() + OFFSET));
            // After some of them the guest's state is not the kernel's until it is written again.
            let back = supervisor(Action::WriteMsr { by: MsrWriter::Mtmsr, from: 3, value: self.environment().msr() });
            for (odd, behind) in
                [("real-mode-load", back), ("other-space-load", back), ("alias-in-handler", back), ("reset", page)]
            {
                scripts.extend(self.odd_named(odd).map(|odd| mapped.into_iter().chain([odd, behind]).collect()));
            }
        }
        if let Some(map) = self.odd_named("map-page-behind-memory") {
            let window = supervisor(Action::Map(WINDOW, BEHIND, Rights::SrwUrw));
            let write = sprg0.map(|spr| supervisor(Action::WriteSpr(spr, VALUE)));
            for load in [supervisor, user].map(|by| by(Action::Load(Size::Word, WINDOW + OFFSET))) {
                scripts.push(write.into_iter().chain([map, window, load]).collect());
            }
        }
        let code =
            [self.odd_named("window-mapped"), self.odd_named("segment-no-execute"), self.odd_named("code-called")];
        if let ([Some(mapped), Some(segment), Some(called)], Some(lifts)) =
            (code, self.odd_named("map-page-without-flag"))
        {
            let stores = CODE.map(|(ea, word)| supervisor(Action::Store(Size::Word, ea, word)));
            for map in [lifts, self.map_page()] {
                for called in [called, user(called.action)] {
                    scripts.push(stores.into_iter().chain([mapped, map, segment, called]).collect());
                }
            }
        }
        scripts.extend(self.scenes());
        scripts
    }

    /// The odd step of this name, if scripts can have it.
    pub(super) fn odd_named(&self, name: &str) -> Option<Step> {
        self.vocabulary().odds.iter().find(|odd| odd.name == name).map(|odd| supervisor(Action::Odd(odd)))
    }

    /// Odd steps one after the other, where scripts can have all of them.
    fn scenes(&self) -> impl Iterator<Item = Vec<Step>> {
        SCENES.iter().filter_map(|scene| self.played(scene))
    }

    /// These odd steps, if scripts can have all of them.
    pub(super) fn played(&self, names: &[&str]) -> Option<Vec<Step>> {
        let step = |name: &&str| match name.strip_suffix(USER) {
            Some(name) => self.odd_named(name).map(|odd| user(odd.action)),
            None => self.odd_named(name),
        };
        names.iter().map(step).collect()
    }
}
