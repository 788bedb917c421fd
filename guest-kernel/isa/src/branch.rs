//! Fields of conditional branches and traps (Power ISA Book I, "Branch Instructions", BO and BI; "Fixed-Point Trap
//! Instructions", TO).

/// BO: taken if the bit of CR is one.
pub const IF_SET: u8 = 0b01100;
/// BO: taken if the bit of CR is zero.
pub const IF_CLEAR: u8 = 0b00100;
/// BO: CTR is decremented; taken while it is not zero.
pub const DECREMENTED: u8 = 0b10000;
/// BO: taken.
pub const ALWAYS: u8 = 0b10100;
/// BI: EQ of CR0.
pub const CR0_EQ: u8 = 2;
/// TO: a trap whatever the operands are.
pub const TRAP_ALWAYS: u8 = 31;
