//! Themes: odd steps that have to do with each other in any order, for random scripts about nothing else.
//!
//! ```text
//!   opening --- phrase --- phrase --- phrase ... --- closing
//!                  \__________|__________/
//!          chance says which, and what makes the hypervisor run between them
//! ```
//!
//! The contract knows nothing of what they change; the reference is asked. So what they do is defined whatever comes
//! before: each place that translates has one effective page, whose translations no other place has.

mod bat;
mod device;
mod hpt;
mod interrupt;
mod slb;
mod sr;
mod tlb;

use super::{Odd, Place, Says};
use crate::feature::Feature;

/// A theme: names of odd steps, those in problem state marked by [`super::scene::USER`].
#[derive(Debug)]
pub(in crate::fuzz) struct Theme {
    /// What every script of it begins with. A target that lacks what one of these steps needs does not have the theme.
    pub(in crate::fuzz) opening: &'static [&'static str],
    /// What it is made of, where the target has what it needs.
    pub(in crate::fuzz) phrases: &'static [&'static [&'static str]],
    /// What it ends with, so that the next script finds what it expects.
    pub(in crate::fuzz) closing: &'static [&'static str],
    /// The steps themselves.
    pub(super) steps: &'static [Odd],
}

/// All of them.
pub(in crate::fuzz) static THEMES: &[Theme] =
    &[tlb::THEME, hpt::THEME, slb::THEME, device::THEME, interrupt::THEME, bat::THEME, sr::THEME];

/// A load from memory that each theme maps in its own way.
macro_rules! load {
    ($ea:literal) => {
        concat!("run lwz r3, 0x24(r4) with r3 = POISON, r4 = ", $ea, " gives r3")
    };
}
use load;

/// Memory with a word of its own, and a function that returns a number of its own.
macro_rules! memory {
    ($at:literal, $word:literal, $code:literal) => {
        concat!(
            "run stw r5, 0x24(r4); stw r9, 0x28(r4); stw r6, 0x40(r4); stw r7, 0x44(r4); dcbst r4, r8; sync; \
                icbi r4, r8; isync with r4 =",
            $at,
            ", r5 = ",
            $word,
            ", r6 = insn(",
            $code,
            "), r7 = insn(bclr 20, 0), r8 = 0x40, r9 = 0"
        )
    };
}
use memory;

const fn step(name: &'static str, needs: &'static [Feature], line: &'static str, says: Says) -> Odd {
    Odd { name, line, needs, lacks: &[], place: Place::Arranged, says }
}
