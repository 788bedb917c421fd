//! The bytecode of one case: what the guest's interpreter does, step by step.
//!
//! Values live in *slots*, 64 bits each; constants are slots that the case fills in advance, so an operand is always a
//! slot number. Everything that executes an instruction under test is one operation, [`Op::Exec`]: load registers from
//! slots, run a stub the harness has assembled, store registers to slots, note the exception if there was one.
//!
//! Encoding: every operation starts with `u8 opcode, u8 flags, u16 step`; `step` is the number of the script step it
//! belongs to, and is what logs and counters speak of. Then come the operation's own fields, in the order of the
//! variant, and zeros up to a multiple of four bytes. The two that most cases consist of have a zero among their fields
//! too, so that what is wider than a byte lies at a multiple of its size: an unaligned access is expensive in an
//! emulator.

#[cfg(feature = "alloc")]
mod encode;
mod transfer;

#[cfg(feature = "alloc")]
pub use encode::Encoder;
pub use transfer::{Part, Register, Transfer, Transfers};

use crate::Malformed;
use crate::cursor::Cursor;

/// Flag: append a log entry even if nothing unusual happened: the script observes this step.
pub const OBSERVE: u8 = 1 << 0;

/// Flag of an [`Op::Exec`]: the stub changes nothing that a kernel puts back ([`crate::effect::is_plain`]).
pub const PLAIN: u8 = 1 << 1;

/// Flag of an [`Op::Exec`]: one of its transfers is of [`Part::High`]. Without it a 32-bit CPU has no value of more
/// than a word to move.
pub const HALVES: u8 = 1 << 2;

/// A list of slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots<'a>(&'a [u8]);

impl<'a> Slots<'a> {
    fn decode(cursor: &mut Cursor<'a>, count: u8) -> Result<Self, Malformed> {
        Ok(Self(cursor.take(usize::from(count) * 2)?))
    }

    /// The slots in order.
    pub fn iter(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.0.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
    }
}

/// What [`Op::Compute`] does with its two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Alu {
    /// a + b, wrapping.
    Add = 0,
    /// a - b, wrapping.
    Subtract = 1,
    /// a AND b.
    And = 2,
    /// a OR b.
    Or = 3,
    /// a XOR b.
    Xor = 4,
    /// a shifted left by b, zero from 64 on.
    ShiftLeft = 5,
    /// a shifted right by b, zero from 64 on.
    ShiftRight = 6,
}

impl Alu {
    const ALL: [Self; 7] =
        [Self::Add, Self::Subtract, Self::And, Self::Or, Self::Xor, Self::ShiftLeft, Self::ShiftRight];

    /// The result for two values.
    #[must_use]
    pub fn apply(self, a: u64, b: u64) -> u64 {
        let shift = u32::try_from(b).unwrap_or(u32::MAX);
        match self {
            Self::Add => a.wrapping_add(b),
            Self::Subtract => a.wrapping_sub(b),
            Self::And => a & b,
            Self::Or => a | b,
            Self::Xor => a ^ b,
            Self::ShiftLeft => a.checked_shl(shift).unwrap_or(0),
            Self::ShiftRight => a.checked_shr(shift).unwrap_or(0),
        }
    }
}

/// What a mapping made by [`Op::Map`] allows.
pub mod permission {
    /// Supervisor may load.
    pub const SUPERVISOR_READ: u8 = 1 << 0;
    /// Supervisor may store.
    pub const SUPERVISOR_WRITE: u8 = 1 << 1;
    /// Supervisor may execute.
    pub const SUPERVISOR_EXECUTE: u8 = 1 << 2;
    /// Problem state may load.
    pub const USER_READ: u8 = 1 << 3;
    /// Problem state may store.
    pub const USER_WRITE: u8 = 1 << 4;
    /// Problem state may execute.
    pub const USER_EXECUTE: u8 = 1 << 5;

    const SUPERVISOR: u8 = SUPERVISOR_READ | SUPERVISOR_WRITE;
    const USER: u8 = USER_READ | USER_WRITE;
    const EXECUTE: u8 = SUPERVISOR_EXECUTE | USER_EXECUTE;
    /// The permissions of problem state are those of supervisor state, so much higher.
    const USER_SHIFT: u32 = USER_READ.trailing_zeros();

    /// The PP bits of a hashed page table for these permissions, with Ks = 0 and Kp = 1 in the segment, if there are
    /// some (Power ISA 2.07 Book III-S, figure 32). They have nothing on execution but that it needs the right to load.
    #[must_use]
    pub const fn hashed_protection(permissions: u8) -> Option<u32> {
        const ALL_AND_LOAD: u8 = SUPERVISOR | USER_READ;
        const ALL: u8 = SUPERVISOR | USER;
        const LOAD: u8 = SUPERVISOR_READ | USER_READ;
        match permissions & !EXECUTE {
            SUPERVISOR => Some(0),
            ALL_AND_LOAD => Some(1),
            ALL => Some(2),
            LOAD => Some(3),
            _ => None,
        }
    }

    /// True if an entry of a radix tree can say this: it is for both states, or for supervisor state alone (Power ISA
    /// 3.0B Book III, "Radix Tree Page Table Entry").
    #[must_use]
    pub const fn has_radix_entry(permissions: u8) -> bool {
        let user = permissions >> USER_SHIFT;
        user == 0 || user == permissions & (SUPERVISOR | SUPERVISOR_EXECUTE)
    }
}

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op<'a> {
    /// Load registers, run the stub at `stub` (bytes from the start of the case's code), store registers. An exception
    /// of the stub ends it and is logged; registers are stored all the same.
    Exec {
        /// Offset of the stub's first word in the case's code, bytes.
        stub: u32,
        /// Number of words of the stub, without the final branch.
        words: u8,
        /// Registers loaded before; all others are zero but r1, which holds the guest's stack pointer.
        inputs: Transfers<'a>,
        /// Registers stored afterwards, and logged in this order.
        outputs: Transfers<'a>,
    },
    /// `to` = `a` op `b`.
    Compute {
        /// The operation.
        alu: Alu,
        /// Slot of the result.
        to: u16,
        /// Slot of the first operand.
        a: u16,
        /// Slot of the second operand.
        b: u16,
    },
    /// Go on in problem state.
    EnterUser,
    /// Go on in supervisor state.
    LeaveUser,
    /// Repeat up to the matching [`Op::RaceEnd`] `count` times. Within, a step's entry is logged only if it differs
    /// from all that the step has logged in this race.
    RaceBegin {
        /// Number of rounds.
        count: u32,
    },
    /// End of the repeated part.
    RaceEnd,
    /// Run in a loop of `count` rounds that causes no exit.
    Spin {
        /// Number of rounds.
        count: u32,
    },
    /// Wait until the asynchronous interrupt has been taken, at most `rounds` rounds; log (if observed) and store 1 if
    /// it was taken since the case began or was last asked, else 0.
    Taken {
        /// Number of the interrupt ([`sprig_isa::exception`]'s numbers, not checked here).
        exception: u8,
        /// Rounds to wait at most.
        rounds: u32,
        /// Slot of the answer.
        to: u16,
    },
    /// Make a 4 KiB translation from the page of one slot's effective address to that of another's physical address.
    Map {
        /// Slot of the effective address.
        ea: u16,
        /// Slot of the physical address.
        pa: u16,
        /// Bits of [`permission`].
        permissions: u8,
    },
    /// Remove the translation of the page of this effective address.
    Unmap {
        /// Slot of the effective address.
        ea: u16,
    },
    /// Have the host side carry out a step of [`crate::host`]. Logged are the results and then the status.
    Host {
        /// The step's number.
        call: u16,
        /// Slots of its arguments.
        arguments: Slots<'a>,
        /// Slots of its results.
        results: Slots<'a>,
    },
    /// Call the firmware, see [`crate::firmware`]. Logged are the results and then the status.
    Firmware {
        /// The call's number.
        service: u16,
        /// Slots of its arguments.
        arguments: Slots<'a>,
        /// Slots of its results.
        results: Slots<'a>,
    },
    /// Run the guest's patcher over one word of a stub. `to` becomes 1 if it was replaced, else 0.
    Patch {
        /// Offset of the word to patch in the case's code, bytes.
        at: u32,
        /// Offset of the room for a trampoline in the case's code, bytes.
        trampoline: u32,
        /// Words of room for the trampoline.
        room: u8,
        /// Slot with the feature bits MAP_MAGIC_PAGE answered.
        features: u16,
        /// Slot of the answer.
        to: u16,
    },
    /// Put vectors, translation and interrupt state back to what they are when a case begins, leaving SPRGs alone.
    Restore,
    /// Reset the machine; the case continues after this operation.
    Reset,
    /// Touch every page the coming operations use: comes after what may make a hypervisor forget translations, so that
    /// none of the coming operations causes an exit for one.
    Touch,
}

/// An operation with its step and flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// Number of the script step it belongs to.
    pub step: u16,
    /// Flags: [`OBSERVE`], [`PLAIN`], [`HALVES`].
    pub flags: u8,
    /// The operation.
    pub op: Op<'a>,
}

impl Step<'_> {
    /// True if the script observes this step.
    #[must_use]
    pub const fn is_observed(&self) -> bool {
        self.flags & OBSERVE != 0
    }

    /// True if its stub changes nothing that a kernel puts back.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.flags & PLAIN != 0
    }

    /// True if a 32-bit CPU has half of a value in one of its registers.
    #[must_use]
    pub const fn has_halves(&self) -> bool {
        self.flags & HALVES != 0
    }
}

/// Opcode bytes. Zero is not one, so that a run into zeroed memory is noticed.
mod opcode {
    pub(super) const EXEC: u8 = 1;
    pub(super) const COMPUTE: u8 = 2;
    pub(super) const ENTER_USER: u8 = 3;
    pub(super) const LEAVE_USER: u8 = 4;
    pub(super) const RACE_BEGIN: u8 = 5;
    pub(super) const RACE_END: u8 = 6;
    pub(super) const SPIN: u8 = 7;
    pub(super) const TAKEN: u8 = 8;
    pub(super) const MAP: u8 = 9;
    pub(super) const UNMAP: u8 = 10;
    pub(super) const HOST: u8 = 11;
    pub(super) const FIRMWARE: u8 = 12;
    pub(super) const PATCH: u8 = 13;
    pub(super) const RESTORE: u8 = 14;
    pub(super) const RESET: u8 = 15;
    pub(super) const TOUCH: u8 = 16;
}

/// Every operation begins at a multiple of this many bytes.
const ALIGNMENT: usize = 4;

/// Rounds of the longest wait of a case, of those that one step causes: the guest gets nowhere meanwhile. What cannot be
/// decoded ends it.
#[must_use]
pub fn longest_wait(mut ops: &[u8]) -> u32 {
    let mut longest = 0;
    while let Ok((step, size)) = decode(ops) {
        if let Op::Spin { count: rounds } | Op::Taken { rounds, .. } = step.op {
            longest = longest.max(rounds);
        }
        ops = ops.get(size..).unwrap_or(&[]);
    }
    longest
}

/// Decodes one operation and the number of bytes it takes.
///
/// # Errors
/// [`Malformed`] where the bytes end early, the opcode is unknown, or a field has a value that does not exist, but for
/// the fields of transfers: [`Transfers::iter`].
pub fn decode(bytes: &[u8]) -> Result<(Step<'_>, usize), Malformed> {
    let mut c = Cursor::new(bytes, "bytecode");
    let malformed = c.malformed();
    let [code, flags, high, low] = c.array()?;
    let step = u16::from_be_bytes([high, low]);
    let op = match code {
        opcode::EXEC => {
            let [s0, s1, s2, s3, words, inputs, outputs, _] = c.array()?;
            let (inputs, outputs) = Transfers::decode_two(&mut c, inputs, outputs)?;
            Op::Exec { stub: u32::from_be_bytes([s0, s1, s2, s3]), words, inputs, outputs }
        }
        opcode::COMPUTE => {
            let [alu, _, to @ .., a0, a1, b0, b1] = c.array::<8>()?;
            let alu = *Alu::ALL.get(usize::from(alu)).ok_or(malformed)?;
            let [to, a, b] = [to, [a0, a1], [b0, b1]].map(u16::from_be_bytes);
            Op::Compute { alu, to, a, b }
        }
        opcode::ENTER_USER => Op::EnterUser,
        opcode::LEAVE_USER => Op::LeaveUser,
        opcode::RACE_BEGIN => Op::RaceBegin { count: c.u32()? },
        opcode::RACE_END => Op::RaceEnd,
        opcode::SPIN => Op::Spin { count: c.u32()? },
        opcode::TAKEN => Op::Taken { exception: c.u8()?, rounds: c.u32()?, to: c.u16()? },
        opcode::MAP => Op::Map { ea: c.u16()?, pa: c.u16()?, permissions: c.u8()? },
        opcode::UNMAP => Op::Unmap { ea: c.u16()? },
        opcode::HOST => {
            let (call, arguments, results) = (c.u16()?, c.u8()?, c.u8()?);
            Op::Host { call, arguments: Slots::decode(&mut c, arguments)?, results: Slots::decode(&mut c, results)? }
        }
        opcode::FIRMWARE => {
            let (service, arguments, results) = (c.u16()?, c.u8()?, c.u8()?);
            Op::Firmware {
                service,
                arguments: Slots::decode(&mut c, arguments)?,
                results: Slots::decode(&mut c, results)?,
            }
        }
        opcode::PATCH => {
            Op::Patch { at: c.u32()?, trampoline: c.u32()?, room: c.u8()?, features: c.u16()?, to: c.u16()? }
        }
        opcode::RESTORE => Op::Restore,
        opcode::RESET => Op::Reset,
        opcode::TOUCH => Op::Touch,
        _ => return Err(malformed),
    };
    Ok((Step { step, flags, op }, c.position().next_multiple_of(ALIGNMENT).min(bytes.len())))
}
