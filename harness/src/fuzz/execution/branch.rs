//! Branches: whether each is taken, and what it leaves in CTR and LR.
//!
//! ```text
//!   bl 4 ; mfspr r6, LR ; mtspr CTR, r5 ; ... the branch ; addi r3, r3, 1 ; mfspr r7, LR ; subf r7, r6, r7 ; mfspr r5, CTR
//!          '-- r6 is its address                           '-- not if taken '-- where it goes
//! ```

use super::super::dice::Dice;
use super::super::environment::Environment;
use super::super::prediction::Allowed;
use super::seen;

/// Bytes of an instruction.
const WORD: u64 = 4;
/// In a BO: the branch is taken whatever the condition bit is; if that is set; CTR is left alone; it is taken when CTR
/// is zero (Power ISA 2.07 Book I, figure 44).
const ANY_CONDITION: u32 = 0b1_0000;
const IF_SET: u32 = 0b0_1000;
const KEEPS_CTR: u32 = 0b0_0100;
const IF_ZERO: u32 = 0b0_0010;
/// Those that are valid, with and without hints.
const BO: [u32; 14] = [
    0,
    IF_ZERO,
    KEEPS_CTR,
    KEEPS_CTR | 0b10,
    KEEPS_CTR | 0b11,
    IF_SET,
    IF_SET | IF_ZERO,
    IF_SET | KEEPS_CTR,
    IF_SET | KEEPS_CTR | 0b10,
    IF_SET | KEEPS_CTR | 0b11,
    ANY_CONDITION,
    ANY_CONDITION | IF_ZERO,
    ANY_CONDITION | 0b0_1001,
    ANY_CONDITION | KEEPS_CTR,
];

/// A kind of branch: where it goes, and whether it sets LR.
#[derive(Debug)]
pub(super) struct Kind {
    mnemonic: &'static str,
    to: To,
    links: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    Displacement,
    Lr,
    Ctr,
}

/// All of them.
pub(super) static ALL: &[Kind] = &[
    Kind { mnemonic: "bc", to: To::Displacement, links: false },
    Kind { mnemonic: "bcl", to: To::Displacement, links: true },
    Kind { mnemonic: "bclr", to: To::Lr, links: false },
    Kind { mnemonic: "bclrl", to: To::Lr, links: true },
    Kind { mnemonic: "bcctr", to: To::Ctr, links: false },
    Kind { mnemonic: "bcctrl", to: To::Ctr, links: true },
];

/// One with what decides about it.
#[derive(Clone, Copy, Debug)]
pub struct Branch {
    kind: &'static Kind,
    bo: u32,
    bi: u32,
    ctr: u64,
    cr: u32,
}

impl Branch {
    pub(super) fn draw(dice: &mut Dice, environment: &Environment, kind: &'static Kind) -> Self {
        // With CTR as its target it must leave CTR alone.
        let valid: Vec<u32> = BO.into_iter().filter(|bo| kind.to != To::Ctr || bo & KEEPS_CTR != 0).collect();
        let ctr = match dice.below(3) {
            0 => 1,
            1 => dice.below(3) as u64,
            _ => dice.value(environment.word()),
        };
        Self {
            kind,
            bo: dice.pick(&valid).copied().unwrap_or(KEEPS_CTR | ANY_CONDITION),
            bi: dice.below(32) as u32,
            ctr,
            cr: dice.value(32) as u32,
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.kind.mnemonic
    }

    pub(super) fn plainer(&self) -> Vec<Self> {
        let bit = self.cr & 0x8000_0000 >> self.bi;
        vec![Self { cr: bit, ..*self }, Self { ctr: 1, ..*self }, Self { cr: bit, ctr: 1, ..*self }]
    }

    /// Instructions from that whose address is known to the branch itself, and what puts its target where it looks.
    fn approach(&self) -> (u64, String) {
        let from = |instructions: u64| format!("addi r4, r6, {} ; ", instructions * WORD);
        match self.kind.to {
            To::Displacement => (2, "mtspr CTR, r5 ; ".to_owned()),
            To::Lr => (4, format!("{}mtspr LR, r4 ; mtspr CTR, r5 ; ", from(6))),
            To::Ctr => (3, format!("{}mtspr CTR, r4 ; ", from(5))),
        }
    }

    pub(super) fn text(&self) -> String {
        let Self { bo, bi, ctr, cr, .. } = self;
        let (_, approach) = self.approach();
        let target = if self.kind.to == To::Displacement { ", 8" } else { "" };
        let branch = format!("{} {bo}, {bi}{target}", self.kind.mnemonic);
        let count = if self.kind.to == To::Ctr { "" } else { " ; mfspr r5, CTR" };
        format!(
            "run bl 4 ; mfspr r6, LR ; {approach}{branch} ; addi r3, r3, 1 ; mfspr r7, LR ; subf r7, r6, r7{count} \
                with r3 = 0, r5 = {ctr:#x}, cr = {cr:#x} gives r3, r5, r7"
        )
    }

    pub(super) fn values(&self, environment: &Environment) -> Vec<(String, Allowed)> {
        let counts = self.bo & KEEPS_CTR == 0;
        let ctr = if counts { environment.cut(self.ctr.wrapping_sub(1)) } else { self.ctr };
        let count_holds = !counts || (ctr == 0) == (self.bo & IF_ZERO != 0);
        let bit = self.cr & 0x8000_0000 >> self.bi != 0;
        let condition_holds = self.bo & ANY_CONDITION != 0 || bit == (self.bo & IF_SET != 0);
        let skipped = u64::from(!(count_holds && condition_holds));
        let (before, _) = self.approach();
        let link = match self.kind {
            Kind { links: true, .. } => (before + 1) * WORD,
            Kind { to: To::Lr, .. } => (before + 2) * WORD,
            _ => 0,
        };
        let value = |name: &str, value| (name.to_owned(), seen(environment, value));
        vec![value("r3", skipped), value("r5", ctr), value("r7", link)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::testing::environment;

    /// Instructions skipped, CTR and what LR has become, by a branch of this kind on a 32-bit kernel.
    fn left(mnemonic: &str, bo: u32, ctr: u64, bit: bool) -> [u64; 3] {
        let kind = ALL.iter().find(|kind| kind.mnemonic == mnemonic).expect("a branch");
        let branch = Branch { kind, bo, bi: 2, ctr, cr: if bit { 0x2000_0000 } else { 0 } };
        let value = |(_, allowed)| match allowed {
            Allowed::OneOf(values) => values[0],
            other => panic!("{other:?} is no number"),
        };
        let values: Vec<u64> = branch.values(&environment("ref-e500v2-pr")).into_iter().map(value).collect();
        values.try_into().expect("three values")
    }

    #[test]
    fn a_counter_is_counted_whatever_the_condition_is() {
        assert_eq!(left("bc", 0b01000, 7, true), [0, 6, 0], "taken");
        assert_eq!(left("bc", 0b01000, 7, false), [1, 6, 0]);
        assert_eq!(left("bc", 0b01010, 1, true), [0, 0, 0], "taken at zero");
        assert_eq!(left("bc", 0b10000, 0, false), [0, 0xffff_ffff, 0]);
        assert_eq!(left("bc", 0b00100, 7, true), [1, 7, 0], "taken if the bit is not set");
    }

    #[test]
    fn a_link_is_set_whether_or_not_the_branch_is_taken() {
        for bit in [false, true] {
            assert_eq!(left("bcl", 0b01100, 7, bit), [u64::from(!bit), 7, 12]);
            assert_eq!(left("bclrl", 0b01100, 7, bit), [u64::from(!bit), 7, 20]);
            assert_eq!(left("bcctrl", 0b01100, 7, bit), [u64::from(!bit), 7, 16]);
            assert_eq!(left("bclr", 0b01100, 7, bit), [u64::from(!bit), 7, 24], "LR is what it was set to");
        }
    }
}
