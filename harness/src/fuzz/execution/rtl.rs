//! What instructions compute, as the RTL of their descriptions says it (Power ISA 2.07 Book I, chapters 2 and 3), on 64
//! bits whatever the mode; what a 32-bit mode changes are the carries, the overflows and what CR0 compares.
//!
//! Written from the manual alone: that the reference computes in another way is what makes the two worth comparing.

use super::given::Given;

/// What one instruction leaves behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Effect {
    /// Of its target, if it has one.
    pub(super) value: u64,
    /// What of the target is laid down.
    pub(super) known: Known,
    /// CA, if it sets it.
    pub(super) ca: Option<bool>,
    /// OV, if its form with OE sets it so.
    pub(super) ov: bool,
}

/// What of a target its description defines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Known {
    /// All of it.
    #[default]
    All,
    /// The lower word, and the upper one only where it does not exist.
    Word,
    /// One field of a condition register.
    Field(u32),
    /// Nothing.
    Nothing,
}

impl Effect {
    const fn of(value: u64) -> Self {
        Self { value, known: Known::All, ca: None, ov: false }
    }

    const fn word(value: u32) -> Self {
        Self { known: Known::Word, ..Self::of(value as u64) }
    }
}

/// Signed numbers of the mode's width.
const fn signed(given: &Given, value: u64) -> i128 {
    if given.wide { value as i64 as i128 } else { value as i32 as i128 }
}

/// Unsigned ones.
const fn unsigned(given: &Given, value: u64) -> u128 {
    if given.wide { value as u128 } else { value as u32 as u128 }
}

/// A sum of three: CA is the carry out of it as unsigned numbers, OV that it is not what the signed numbers add up to.
fn sum(given: &Given, one: u64, other: u64, carry: bool) -> Effect {
    let value = one.wrapping_add(other).wrapping_add(carry.into());
    let carried = unsigned(given, one) + unsigned(given, other) + u128::from(carry) != unsigned(given, value);
    let exact = signed(given, one) + signed(given, other) + i128::from(carry);
    Effect { ca: Some(carried), ov: exact != signed(given, value), ..Effect::of(value) }
}

/// The same of an instruction that leaves CA alone.
fn sum_without_carry(given: &Given, one: u64, other: u64, carry: bool) -> Effect {
    Effect { ca: None, ..sum(given, one, other, carry) }
}

pub(super) fn addi(given: &Given) -> Effect {
    Effect::of(given.ra().wrapping_add(given.immediate()))
}

pub(super) fn addis(given: &Given) -> Effect {
    Effect::of(given.ra().wrapping_add(given.immediate() << 16))
}

pub(super) fn addic(given: &Given) -> Effect {
    sum(given, given.ra(), given.immediate(), false)
}

pub(super) fn subfic(given: &Given) -> Effect {
    sum(given, !given.ra(), given.immediate(), true)
}

pub(super) fn mulli(given: &Given) -> Effect {
    Effect::of(given.ra().wrapping_mul(given.immediate()))
}

pub(super) fn add(given: &Given) -> Effect {
    sum_without_carry(given, given.ra(), given.rb(), false)
}

pub(super) fn addc(given: &Given) -> Effect {
    sum(given, given.ra(), given.rb(), false)
}

pub(super) fn adde(given: &Given) -> Effect {
    sum(given, given.ra(), given.rb(), given.carry())
}

pub(super) fn addme(given: &Given) -> Effect {
    sum(given, given.ra(), u64::MAX, given.carry())
}

pub(super) fn addze(given: &Given) -> Effect {
    sum(given, given.ra(), 0, given.carry())
}

pub(super) fn subf(given: &Given) -> Effect {
    sum_without_carry(given, !given.ra(), given.rb(), true)
}

pub(super) fn subfc(given: &Given) -> Effect {
    sum(given, !given.ra(), given.rb(), true)
}

pub(super) fn subfe(given: &Given) -> Effect {
    sum(given, !given.ra(), given.rb(), given.carry())
}

pub(super) fn subfme(given: &Given) -> Effect {
    sum(given, !given.ra(), u64::MAX, given.carry())
}

pub(super) fn subfze(given: &Given) -> Effect {
    sum(given, !given.ra(), 0, given.carry())
}

pub(super) fn neg(given: &Given) -> Effect {
    sum_without_carry(given, !given.ra(), 0, true)
}

/// Words as signed numbers.
fn words(given: &Given) -> (i64, i64) {
    (given.ra() as i32 as i64, given.rb() as i32 as i64)
}

pub(super) fn mullw(given: &Given) -> Effect {
    let (a, b) = words(given);
    Effect { ov: i32::try_from(a * b).is_err(), ..Effect::of((a * b) as u64) }
}

pub(super) fn mulhw(given: &Given) -> Effect {
    let (a, b) = words(given);
    Effect::word(((a * b) >> 32) as u32)
}

pub(super) fn mulhwu(given: &Given) -> Effect {
    let product = u64::from(given.ra() as u32) * u64::from(given.rb() as u32);
    Effect::word((product >> 32) as u32)
}

/// A quotient; none is undefined, and an overflow.
fn quotient(quotient: Option<u64>, known: Known) -> Effect {
    match quotient {
        Some(value) => Effect { known, ..Effect::of(value) },
        None => Effect { known: Known::Nothing, ov: true, ..Effect::of(0) },
    }
}

pub(super) fn divw(given: &Given) -> Effect {
    let of_words = (given.ra() as i32).checked_div(given.rb() as i32);
    quotient(of_words.map(|value| u64::from(value as u32)), Known::Word)
}

pub(super) fn divwu(given: &Given) -> Effect {
    quotient((given.ra() as u32).checked_div(given.rb() as u32).map(u64::from), Known::Word)
}

pub(super) fn mulld(given: &Given) -> Effect {
    let product = i128::from(given.ra() as i64) * i128::from(given.rb() as i64);
    Effect { ov: i64::try_from(product).is_err(), ..Effect::of(product as u64) }
}

pub(super) fn mulhd(given: &Given) -> Effect {
    let product = i128::from(given.ra() as i64) * i128::from(given.rb() as i64);
    Effect::of((product >> 64) as u64)
}

pub(super) fn mulhdu(given: &Given) -> Effect {
    Effect::of(((u128::from(given.ra()) * u128::from(given.rb())) >> 64) as u64)
}

pub(super) fn divd(given: &Given) -> Effect {
    quotient((given.ra() as i64).checked_div(given.rb() as i64).map(|value| value as u64), Known::All)
}

pub(super) fn divdu(given: &Given) -> Effect {
    quotient(given.ra().checked_div(given.rb()), Known::All)
}

pub(super) fn ori(given: &Given) -> Effect {
    Effect::of(given.rs() | given.immediate())
}

pub(super) fn oris(given: &Given) -> Effect {
    Effect::of(given.rs() | given.immediate() << 16)
}

pub(super) fn xori(given: &Given) -> Effect {
    Effect::of(given.rs() ^ given.immediate())
}

pub(super) fn xoris(given: &Given) -> Effect {
    Effect::of(given.rs() ^ given.immediate() << 16)
}

pub(super) fn andi(given: &Given) -> Effect {
    Effect::of(given.rs() & given.immediate())
}

pub(super) fn andis(given: &Given) -> Effect {
    Effect::of(given.rs() & given.immediate() << 16)
}

pub(super) fn and(given: &Given) -> Effect {
    Effect::of(given.rs() & given.rb())
}

pub(super) fn andc(given: &Given) -> Effect {
    Effect::of(given.rs() & !given.rb())
}

pub(super) fn or(given: &Given) -> Effect {
    Effect::of(given.rs() | given.rb())
}

pub(super) fn orc(given: &Given) -> Effect {
    Effect::of(given.rs() | !given.rb())
}

pub(super) fn xor(given: &Given) -> Effect {
    Effect::of(given.rs() ^ given.rb())
}

pub(super) fn nor(given: &Given) -> Effect {
    Effect::of(!(given.rs() | given.rb()))
}

pub(super) fn nand(given: &Given) -> Effect {
    Effect::of(!(given.rs() & given.rb()))
}

pub(super) fn eqv(given: &Given) -> Effect {
    Effect::of(!(given.rs() ^ given.rb()))
}

pub(super) fn extsb(given: &Given) -> Effect {
    Effect::of(given.rs() as i8 as u64)
}

pub(super) fn extsh(given: &Given) -> Effect {
    Effect::of(given.rs() as i16 as u64)
}

pub(super) fn extsw(given: &Given) -> Effect {
    Effect::of(given.rs() as i32 as u64)
}

pub(super) fn cntlzw(given: &Given) -> Effect {
    Effect::of((given.rs() as u32).leading_zeros().into())
}

pub(super) fn cntlzd(given: &Given) -> Effect {
    Effect::of(given.rs().leading_zeros().into())
}

/// The amount of a shift by a register: that of a word has a bit more than it needs, and so has that of a doubleword.
fn amount(given: &Given, bits: u64) -> u32 {
    (given.rb() & (2 * bits - 1)) as u32
}

pub(super) fn slw(given: &Given) -> Effect {
    Effect::of((given.rs() as u32).checked_shl(amount(given, 32)).unwrap_or(0).into())
}

pub(super) fn srw(given: &Given) -> Effect {
    Effect::of((given.rs() as u32).checked_shr(amount(given, 32)).unwrap_or(0).into())
}

pub(super) fn sld(given: &Given) -> Effect {
    Effect::of(given.rs().checked_shl(amount(given, 64)).unwrap_or(0))
}

pub(super) fn srd(given: &Given) -> Effect {
    Effect::of(given.rs().checked_shr(amount(given, 64)).unwrap_or(0))
}

/// To the right with the sign: CA if the number is negative and ones are lost.
fn shifted(value: i64, amount: u32) -> Effect {
    let exact = i128::from(value);
    let result = exact >> amount;
    Effect { ca: Some(value < 0 && result << amount != exact), ..Effect::of(result as u64) }
}

pub(super) fn sraw(given: &Given) -> Effect {
    shifted((given.rs() as i32).into(), amount(given, 32))
}

pub(super) fn srawi(given: &Given) -> Effect {
    shifted((given.rs() as i32).into(), given.shift())
}

pub(super) fn srad(given: &Given) -> Effect {
    shifted(given.rs() as i64, amount(given, 64))
}

pub(super) fn sradi(given: &Given) -> Effect {
    shifted(given.rs() as i64, given.shift())
}

/// Ones from bit `first` to bit `last`, round the end if the last comes first.
fn mask(first: u32, last: u32) -> u64 {
    let from = u64::MAX >> first;
    let to = u64::MAX << (63 - last);
    if first <= last { from & to } else { from | to }
}

/// Both halves are the rotated word.
fn rotated_word(given: &Given, by: u32) -> u64 {
    let word = u64::from((given.rs() as u32).rotate_left(by));
    word << 32 | word
}

fn mask_of_word(given: &Given) -> u64 {
    mask(given.mask_begin() + 32, given.mask_end() + 32)
}

pub(super) fn rlwinm(given: &Given) -> Effect {
    Effect::of(rotated_word(given, given.shift()) & mask_of_word(given))
}

pub(super) fn rlwnm(given: &Given) -> Effect {
    Effect::of(rotated_word(given, (given.rb() & 31) as u32) & mask_of_word(given))
}

pub(super) fn rlwimi(given: &Given) -> Effect {
    let mask = mask_of_word(given);
    Effect::of(rotated_word(given, given.shift()) & mask | given.before() & !mask)
}

pub(super) fn rldicl(given: &Given) -> Effect {
    Effect::of(given.rs().rotate_left(given.shift()) & mask(given.mask_begin(), 63))
}

pub(super) fn rldicr(given: &Given) -> Effect {
    Effect::of(given.rs().rotate_left(given.shift()) & mask(0, given.mask_end()))
}

pub(super) fn rldic(given: &Given) -> Effect {
    Effect::of(given.rs().rotate_left(given.shift()) & mask(given.mask_begin(), 63 - given.shift()))
}

pub(super) fn rldimi(given: &Given) -> Effect {
    let mask = mask(given.mask_begin(), 63 - given.shift());
    Effect::of(given.rs().rotate_left(given.shift()) & mask | given.before() & !mask)
}

pub(super) fn rldcl(given: &Given) -> Effect {
    Effect::of(given.rs().rotate_left((given.rb() & 63) as u32) & mask(given.mask_begin(), 63))
}

pub(super) fn rldcr(given: &Given) -> Effect {
    Effect::of(given.rs().rotate_left((given.rb() & 63) as u32) & mask(0, given.mask_end()))
}

/// The bits of each byte, halfword, word or doubleword counted for itself.
fn counted(value: u64, bits: u32) -> Effect {
    let mask = u64::MAX >> (64 - bits);
    let parts = (0..64).step_by(bits as usize);
    Effect::of(parts.map(|shift| u64::from((value >> shift & mask).count_ones()) << shift).sum())
}

pub(super) fn popcntb(given: &Given) -> Effect {
    counted(given.rs(), 8)
}

pub(super) fn popcntw(given: &Given) -> Effect {
    counted(given.rs(), 32)
}

pub(super) fn popcntd(given: &Given) -> Effect {
    counted(given.rs(), 64)
}

/// Ones for each byte that is the same in both.
pub(super) fn cmpb(given: &Given) -> Effect {
    let bytes = given.rs().to_be_bytes().into_iter().zip(given.rb().to_be_bytes());
    Effect::of(bytes.fold(0, |ones, (one, other)| ones << 8 | if one == other { 0xff } else { 0 }))
}

/// Each byte names a bit, from the left; there is none from 64 on.
pub(super) fn bpermd(given: &Given) -> Effect {
    let bit = |index: u8| 0x8000_0000_0000_0000_u64.checked_shr(index.into()).is_some_and(|bit| given.rb() & bit != 0);
    Effect::of(given.rs().to_be_bytes().into_iter().fold(0, |bits, index| bits << 1 | u64::from(bit(index))))
}

pub(super) fn isel(given: &Given) -> Effect {
    Effect::of(if given.bit(given.bc()) { given.ra() } else { given.rb() })
}

pub(super) fn mfcr(given: &Given) -> Effect {
    Effect::of(given.cr.into())
}

pub(super) fn mfocrf(given: &Given) -> Effect {
    Effect { known: Known::Field(given.field_of_mask()), ..mfcr(given) }
}

/// LT, GT and EQ of two numbers.
pub(super) fn compared<T: Ord>(one: T, other: T) -> u32 {
    match one.cmp(&other) {
        std::cmp::Ordering::Less => 0b1000,
        std::cmp::Ordering::Greater => 0b0100,
        std::cmp::Ordering::Equal => 0b0010,
    }
}

/// The same for CR0: a result of the mode's width and zero.
pub(super) fn recorded(given: &Given, value: u64) -> u32 {
    compared(signed(given, value), 0)
}
