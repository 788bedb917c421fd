//! The one protocol between the harness, the guest kernel and the host side of a target.
//!
//! ```text
//!   harness                          guest RAM                            harness
//!   assemble --batch, bytecode--> [ BATCH ] --interpreter--> [ LOG ] --frame--> serial line --> decode
//!                                                               |--> [ KEPT ] --read where guest memory is a file--> decode
//!                                                               '-- read from memory by a host that gives each case a machine;
//!                                                                   its frames: serial line, or its own memory (aside) --> decode
//! ```
//!
//! The harness, the judge, the guest kernel, the reference hypervisor and the VMM speak it, so it is written down once,
//! and without an allocator where a guest has to read it. Everything in memory and on the line is big-endian. No
//! decoder here panics on any input: what does not fit its format is a [`Malformed`].
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

pub mod aside;
pub mod batch;
pub mod board;
pub mod bytecode;
mod cursor;
pub mod effect;
pub mod firmware;
pub mod frame;
pub mod host;
pub mod layout;
pub mod log;

/// Version of everything in this crate; a guest and a harness of different versions refuse each other.
pub const VERSION: u16 = 7;

/// Bytes that do not follow the format they claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What was being read.
    pub what: &'static str,
    /// Offset of the first byte that does not fit, from the start of what was being read.
    pub at: usize,
}

impl core::fmt::Display for Malformed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "malformed {} at byte {}", self.what, self.at)
    }
}

impl core::error::Error for Malformed {}

/// CRC-32 as in IEEE 802.3, over batches, logs and frames.
#[cfg(not(feature = "alloc"))]
pub const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// The same with a larger table, sixteen bytes at a time, for those who have the room: every case has a batch.
#[cfg(feature = "alloc")]
pub static CRC: crc::Crc<u32, crc::Table<16>> = crc::Crc::<u32, crc::Table<16>>::new(&crc::CRC_32_ISO_HDLC);
