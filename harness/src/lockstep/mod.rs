//! Lockstep: the reference interpreter against QEMU's one-instruction trace, register by register.
//!
//! The reference hypervisor is what every other target is compared with, so it has to be checked itself. QEMU can print
//! all registers before every instruction. That is an oracle written by other people: the same program runs in both,
//! and after each instruction everything QEMU prints has to be what the reference has.
//!
//! ```text
//!   seed -> program -> ELF --> QEMU -d cpu,nochain --trace--> Record --.
//!                        |                                            compare --> Difference | Figures
//!                        '---> bare machine --one instruction--> State -'             |
//!                                                                                  known: results the architecture
//!                                                                                  leaves open, each with its source
//! ```
//!
//! This checks the CPU, its MMU and its interrupts. It says nothing about the hypervisor, of which QEMU has none.

pub mod compare;
pub mod coverage;
pub mod elf;
pub mod executed;
pub mod image;
pub mod known;
pub mod program;
pub mod reference;
pub mod register;
mod run;
#[cfg(test)]
mod tests;
pub mod trace;

pub use run::{MODELS, Model, RunError, Subject, missing, run};
