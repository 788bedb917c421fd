//! The embedded reference hypervisor: PowerPC machines in plain Rust, exact to the instruction and fully deterministic.
//!
//! ```text
//!   machine        loads an image and a batch, runs them within limits, says how it ended
//!     |
//!   cpu            what every PowerPC does in problem state: decode and execute one instruction after the other
//!     | Supervisor (the one seam: translation, privileged instructions, interrupts, time)
//!     |--- bare        the CPU as hardware: privileged instructions are executed, interrupts go to their vectors
//!     '--- hypervisor  KVM-PR-like: the guest kernel runs in problem state, its privileged instructions are emulated
//!   mmu            the four translation models, used by both
//!   board          console, power-off, host doorbell, interrupt lines
//!   memory, clock  guest-physical RAM; time counted in instructions
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
pub mod msr;
pub mod vector;
