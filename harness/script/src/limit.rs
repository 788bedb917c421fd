//! How large a script may be.
//!
//! A file from anywhere may be given to `sprig check`, and the fuzzer makes its own. Each bound below is far above
//! what a lab note needs, and together they bound the time and the memory that any input can cost.

use sprig_wire::layout;

/// Largest file, bytes.
pub const SOURCE_BYTES: usize = 256 * 1024;
/// Longest line, bytes.
pub const LINE_BYTES: usize = 1000;
/// Longest name or number, bytes.
pub const WORD_BYTES: usize = 64;
/// Deepest nesting of blocks.
pub const BLOCK_DEPTH: usize = 16;
/// Deepest nesting of parentheses and unary operators.
pub const EXPRESSION_DEPTH: usize = 32;
/// Most operands and operators of one expression or condition.
pub const EXPRESSION_NODES: usize = 256;
/// Most values of one loop or parameter.
pub const VALUES: usize = 65_535;
/// Most instances of one script.
pub const INSTANCES: usize = 4096;
/// Most steps of one case when its loops are written out: a step's number has 16 bits.
pub const STEPS: usize = u16::MAX as usize;
/// Most expectations of one case when its loops are written out.
pub const CHECKS: usize = 16 * 1024;
/// Most statements and rounds of loops that checking all instances of a script may visit.
pub const WORK: usize = 1 << 18;
/// Most rounds of a race.
pub const RACE_ROUNDS: u64 = 1_000_000;
/// Most rounds of `spin` and of `taken ... within`.
pub const SPIN_ROUNDS: u64 = 1 << 28;
/// Most instructions of one `run`.
pub const INSTRUCTIONS: usize = 16;
/// Most mistakes looked for in one file: it takes a while to find the name that each of them resembles.
pub const MISTAKES: usize = 1000;

/// Most pages a script may have mapped at once.
pub const MAPPED_PAGES: usize = layout::MAPPED_PAGES;

/// Most code of one case, bytes.
pub const CODE_BYTES: usize = layout::CODE_SIZE as usize;
/// Most slots of one case.
pub const SLOTS: usize = layout::SLOTS as usize;
/// Most a case may log, bytes.
pub const LOG_BYTES: usize = (layout::LOG_SIZE - sprig_wire::log::ENTRIES) as usize;
