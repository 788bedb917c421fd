//! What instructions decide: comparisons, the operations of the condition register, traps (Power ISA 2.07 Book I,
//! chapters 2 and 3).

use super::given::Given;
use super::rtl::compared;

/// A comparison as signed numbers, of doublewords if `long`.
fn compare(given: &Given, long: bool, other: u64) -> u32 {
    let one = given.ra();
    if long { compared(one as i64, other as i64) } else { compared(one as i32, other as i32) }
}

/// The same as unsigned numbers.
fn compare_logical(given: &Given, long: bool, other: u64) -> u32 {
    let one = given.ra();
    if long { compared(one, other) } else { compared(one as u32, other as u32) }
}

pub(super) fn cmp(given: &Given) -> u32 {
    given.with_comparison(compare(given, given.long(), given.rb()))
}

pub(super) fn cmpi(given: &Given) -> u32 {
    given.with_comparison(compare(given, given.long(), given.immediate()))
}

pub(super) fn cmpl(given: &Given) -> u32 {
    given.with_comparison(compare_logical(given, given.long(), given.rb()))
}

pub(super) fn cmpli(given: &Given) -> u32 {
    given.with_comparison(compare_logical(given, given.long(), given.immediate()))
}

pub(super) fn crand(given: &Given) -> u32 {
    given.with_bit(given.ba() & given.bb())
}

pub(super) fn cror(given: &Given) -> u32 {
    given.with_bit(given.ba() | given.bb())
}

pub(super) fn crxor(given: &Given) -> u32 {
    given.with_bit(given.ba() ^ given.bb())
}

pub(super) fn crnand(given: &Given) -> u32 {
    given.with_bit(!(given.ba() & given.bb()))
}

pub(super) fn crnor(given: &Given) -> u32 {
    given.with_bit(!(given.ba() | given.bb()))
}

pub(super) fn creqv(given: &Given) -> u32 {
    given.with_bit(given.ba() == given.bb())
}

pub(super) fn crandc(given: &Given) -> u32 {
    given.with_bit(given.ba() & !given.bb())
}

pub(super) fn crorc(given: &Given) -> u32 {
    given.with_bit(given.ba() | !given.bb())
}

pub(super) fn mcrf(given: &Given) -> u32 {
    given.with_field(given.bf(), given.field(given.bfa()))
}

pub(super) fn mtcrf(given: &Given) -> u32 {
    (0..8).filter(|field| given.field_mask() & 0x80 >> field != 0).fold(given.cr, |cr, field| {
        let bits = 0xf000_0000 >> (4 * field);
        cr & !bits | given.rs() as u32 & bits
    })
}

/// Whether a trap instruction of words traps.
fn traps<S: Ord, U: Ord>(given: &Given, signed: (S, S), unsigned: (U, U)) -> bool {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let (signed, unsigned) = (signed.0.cmp(&signed.1), unsigned.0.cmp(&unsigned.1));
    let conditions = [signed == Less, signed == Greater, signed == Equal, unsigned == Less, unsigned == Greater];
    conditions.iter().enumerate().any(|(index, holds)| *holds && given.trap_on() & 0b1_0000 >> index != 0)
}

fn traps_on_words(given: &Given, other: u64) -> bool {
    let (one, other) = (given.ra() as u32, other as u32);
    traps(given, (one as i32, other as i32), (one, other))
}

fn traps_on_doublewords(given: &Given, other: u64) -> bool {
    let one = given.ra();
    traps(given, (one as i64, other as i64), (one, other))
}

pub(super) fn tw(given: &Given) -> bool {
    traps_on_words(given, given.rb())
}

pub(super) fn twi(given: &Given) -> bool {
    traps_on_words(given, given.immediate())
}

pub(super) fn td(given: &Given) -> bool {
    traps_on_doublewords(given, given.rb())
}

pub(super) fn tdi(given: &Given) -> bool {
    traps_on_doublewords(given, given.immediate())
}
