//! The embedded reference hypervisor: PowerPC machines in plain Rust, exact to the instruction and fully deterministic.
//!
//! ```text
//!   machine        an image and a batch in memory, run within limits; says how it ended     image, host, snapshot
//!     |
//!   cpu            what every PowerPC does in problem state: decode and execute one instruction after the other
//!     | Supervisor (the one seam: translation, privileged instructions, interrupts, time)
//!     |--- bare        the CPU as hardware: privileged instructions are executed, interrupts go to their vectors
//!     '--- hypervisor  KVM-PR-like: the guest kernel runs in problem state, its privileged instructions are emulated
//!
//!   by both:       mmu     the four translation models
//!                  msr     what software can make of the machine state register
//!                  vector  taking an interrupt, and returning from one
//!                  trace   which instruction a trace interrupt follows
//!   below:         memory  guest-physical RAM
//!                  board   console, power-off, reset, host calls, interrupt lines
//!                  clock   time, counted in instructions
//! ```
#![forbid(unsafe_code)]

pub mod bare;
pub mod board;
pub mod clock;
pub mod cpu;
pub mod host;
pub mod hypervisor;
pub mod image;
pub mod machine;
pub mod memory;
pub mod mmu;
mod moment;
pub mod msr;
pub mod snapshot;
mod sources;
mod trace;
pub mod vector;
