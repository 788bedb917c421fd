//! Random choices. Each script has a stream of its own, made of the seed and its number, so that what a script is
//! depends on neither how many there are nor how long one takes.

use fastrand::Rng;

/// Values at which a register that loses, swaps, extends or masks something shows it.
const INTERESTING: [u64; 12] = [
    0,
    1,
    0xffff_ffff,
    0x8000_0000,
    0x7fff_ffff,
    0x0102_0304,
    0x5555_5555,
    0xaaaa_aaaa,
    0x0000_ffff,
    0xffff_0000,
    0xa000_0004,
    0xdead_0000,
];

/// Random choices for one script.
#[derive(Debug)]
pub(super) struct Dice {
    random: Rng,
    /// Values drawn so far.
    drawn: Vec<u64>,
}

impl Dice {
    /// The choices for a script by its number.
    pub(super) fn of_script(seed: u64, number: u64) -> Self {
        // A generator for each pair: the first draws a seed of 64 bits from the campaign's, the second is this
        // script's.
        let mut campaign = Rng::with_seed(seed);
        let random = Rng::with_seed(campaign.u64(..) ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self { random, drawn: Vec::new() }
    }

    /// A number below this one; zero if there is none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { self.random.usize(..end) }
    }

    /// One of these.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// True this many times in a hundred.
    pub(super) fn percent(&mut self, chance: u8) -> bool {
        self.random.u8(..100) < chance
    }

    /// A value of a register with this many bits.
    pub(super) fn value(&mut self, bits: u32) -> u64 {
        // Two that are the same, or nearly, show what compares them.
        if !self.drawn.is_empty() && self.percent(12) {
            let place = self.below(self.drawn.len());
            let again = self.drawn[place];
            let flip = if self.percent(30) { 1 << self.below(32) } else { 0 };
            return (again ^ flip) & (u64::MAX >> (64 - bits));
        }
        let value = self.fresh(bits);
        self.drawn.push(value);
        value
    }

    fn fresh(&mut self, bits: u32) -> u64 {
        let narrow = match self.below(4) {
            0 | 1 => INTERESTING[self.below(INTERESTING.len())],
            2 => 1 << self.below(32),
            _ => self.random.u32(..).into(),
        };
        let wide = match self.below(3) {
            _ if bits <= 32 => 0,
            0 => u64::from(self.random.u32(..)) << 32,
            1 => 1 << (32 + self.below(32)),
            _ => 0,
        };
        narrow | wide
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_s_choices_depend_on_seed_and_number_alone() {
        let draw = |seed, number| {
            let mut dice = Dice::of_script(seed, number);
            (0..8).map(|_| dice.value(64)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1, 7), draw(1, 7));
        assert_ne!(draw(1, 7), draw(1, 8));
        assert_ne!(draw(1, 7), draw(2, 7));
    }

    #[test]
    fn a_value_fits_its_register() {
        let mut dice = Dice::of_script(1, 1);
        assert!((0..1000).all(|_| dice.value(32) <= u64::from(u32::MAX)));
        assert!((0..1000).any(|_| dice.value(64) > u64::from(u32::MAX)));
    }
}
