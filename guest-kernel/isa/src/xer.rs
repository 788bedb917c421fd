//! XER: summary overflow, overflow, carry and the byte count of string instructions (Power ISA 2.03 Book I, section
//! 3.2.2).

/// Summary overflow.
pub const SO: u32 = 1 << 31;
/// Overflow.
pub const OV: u32 = 1 << 30;
/// Carry.
pub const CA: u32 = 1 << 29;
/// Those that arithmetic sets.
pub const FLAGS: u32 = SO | OV | CA;
/// Number of bytes lswx and stswx move.
pub const COUNT: u32 = 0x7f;
