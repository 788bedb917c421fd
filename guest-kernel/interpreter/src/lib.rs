//! Runs Sprig's script bytecode on any machine that can execute one instruction: the logic of the guest kernel.
#![no_std]
#![forbid(unsafe_code)]
