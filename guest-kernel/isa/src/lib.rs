//! The vocabulary of Sprig, each word described once.
//!
//! The guest kernel, the script language, the reference hypervisor and the judge all speak of the same registers,
//! exceptions, page fields and hypercalls. Everything any of them knows about one of those is in a table here and
//! is derived from it everywhere else:
//!
//! | table | what it answers |
//! |---|---|
//! | [`answer`] | user space's answers to hypercalls |
//! | [`bit::REGISTERS`] | the bits and fields of registers by name |
//! | [`branch`] | the conditions of branches and traps |
//! | [`msr`], [`syndrome`], [`timer`], [`config`], [`xer`] | those bits and fields as constants |
//! | [`capability::CAPABILITIES`] | what KVM says of itself |
//! | [`cpu::CPUS`] | which CPU models there are, how to tell them by PVR, which family each belongs to |
//! | [`spr::SPRS`] | an SPR's number, who may read and write it, on which CPUs, what it aliases, its page field |
//! | [`debug`] | debugging a guest from user space |
//! | [`exception::EXCEPTIONS`] | an interrupt's name, Book3S vector, BookE IVOR and register class |
//! | [`page::FIELDS`] | a magic-page field's offset, width and feature bit |
//! | [`hcall`] | hypercall tokens, return codes, the instruction sequence |
//! | [`insn::INSNS`] | an instruction's encoding and operands |
//! | [`one_reg::ONE_REGS`] | the registers of KVM_GET_ONE_REG |
//! | [`mmu`] | the fields of TLB, segment and page table entries |
//! | [`name`] | names compared at build time |
//! | [`other_vm`] | the program of another virtual machine on the same CPU |
//! | [`sregs`] | the parts of `struct kvm_sregs` that an embedded CPU has |
//! | [`replacement::REPLACEMENTS`] | which instruction a guest may replace by which page access |
#![no_std]
#![forbid(unsafe_code)]

pub mod answer;
pub mod bit;
pub mod branch;
pub mod capability;
pub mod config;
pub mod cpu;
pub mod debug;
pub mod exception;
pub mod hcall;
pub mod insn;
pub mod mmu;
pub mod msr;
pub mod name;
pub mod one_reg;
pub mod osi;
pub mod other_vm;
pub mod page;
pub mod replacement;
pub mod spr;
pub mod sregs;
pub mod syndrome;
pub mod timer;
pub mod xer;
