//! What is measured on a target: operations of a kernel as it stands, and as it is once it has patched itself.
//!
//! ```text
//!   stub:  mfspr r6, TBL            the guest's own clock
//!          op ; op ; ... (12 times) \
//!          addic. r5, r5, -1         > r5 times
//!          bne                      /
//!          mfspr r7, TBL
//! ```
//!
//! A system call under KVM-PR on a 64-bit server CPU leaves another value in CTR (arch/powerpc/kernel/exceptions-64s.S,
//! SYSTEM_CALL), so nothing is counted there.
//!
//! The instructions of the patched guest are those of the other, each replaced as the guest's patcher does it
//! ([`sprig_interpreter::patcher`]).

use crate::case::{Case, Profile, SourceFile};
use crate::feature::{Feature, FeatureSet};
use crate::script;
use sprig_interpreter::Kernel;
use sprig_interpreter::patcher::{self, Place, TRAMPOLINE_WORDS};
use sprig_isa::cpu::Family;
use sprig_isa::exception::Exception;
use sprig_isa::insn::word::branch_absolute;
use sprig_refhv::hypervisor::policy::PAGE_FEATURES;
use sprig_wire::layout::CODE_BASE;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// Operations in the stub's loop.
pub(super) const IN_LOOP: u32 = 12;
/// `addic. r5, r5, -1`, which scripts do not know.
const COUNT_DOWN: &str = "word 0x34a5ffff";
/// Instructions of a round in addition to the operations: counting, and the branch.
pub(super) const COUNTING: u32 = 2;
/// Instructions of a round of [`PLAIN`].
pub(super) const PLAIN_ROUND: u32 = IN_LOOP + COUNTING;
/// Name of the observation that has the clock before and after the loop.
const CLOCK: &str = "clock";
/// Where a system call goes on BookE: a place between the vectors of both families, to which IVOR8 is pointed.
const BOOKE_SYSTEM_CALL: u16 = 0x1c00;

/// An operation.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) what: &'static str,
    /// Its instructions, one after the other in the loop.
    instructions: &'static [&'static str],
    /// What handles its system call.
    handler: &'static [&'static str],
    /// The feature that the CPU has for it.
    needs: Option<Feature>,
    /// And the one that it has not.
    lacks: Option<Feature>,
    /// Its traps have a limit in the reference.
    pub(super) is_one_access: bool,
}

const fn instructions(what: &'static str, instructions: &'static [&'static str]) -> Operation {
    Operation { what, instructions, handler: &[], needs: None, lacks: None, is_one_access: false }
}

const fn access(what: &'static str, instruction: &'static [&'static str]) -> Operation {
    Operation { is_one_access: true, ..instructions(what, instruction) }
}

/// Of a register whose alias is USPRG4.
const fn sprg4(what: &'static str, instruction: &'static [&'static str]) -> Operation {
    Operation { needs: Some(Feature::Usprg4), ..instructions(what, instruction) }
}

/// Of the one whose alias is USPRG3, where that is all there is.
const fn sprg3(what: &'static str, instruction: &'static [&'static str]) -> Operation {
    Operation { needs: Some(Feature::Usprg3), lacks: Some(Feature::Usprg4), ..instructions(what, instruction) }
}

/// The unit: the average instruction of code that does not trap. It loads, computes and stores.
pub(super) const PLAIN: Operation = instructions(
    "a plain instruction",
    &["lwz r11, 0(r10)", "add r8, r8, r11", "rlwinm r9, r8, 3, 0, 31", "stw r9, 4(r10)"],
);

/// What a 32-bit Linux does to registers between a system call and the return from it
/// (arch/powerpc/kernel/head_booke.h, NORMAL_EXCEPTION_PROLOG; entry_32.S, interrupt_return): whatever else it does is
/// the same under a hypervisor.
const LINUX_EXCEPTION: &[&str] = &[
    "mtspr SPRG0, r10", // SPRG_WSCRATCH0: a register is free
    "mfspr r10, SPRG3", // SPRG_THREAD
    "mfspr r11, SRR1",  // from problem state?
    "mtmsr r4",         // MSR_KERNEL
    "mfspr r13, SPRG0", // SPRG_RSCRATCH0
    "mfspr r12, SRR0",
    "mfspr r9, SRR1",
    "mfspr r2, SPRG3", // SPRG_THREAD: current
    "mtspr SRR1, r9",
    "mtspr SRR0, r12",
];

pub(super) const OPERATIONS: &[Operation] = &[
    access("mfspr SPRG0", &["mfspr r3, SPRG0"]),
    access("mtspr SPRG0", &["mtspr SPRG0, r3"]),
    access("mfmsr", &["mfmsr r3"]),
    sprg4("mtspr SPRG4", &["mtspr SPRG4, r3"]),
    sprg4("mfspr USPRG4, its alias", &["mfspr r3, USPRG4"]),
    sprg3("mtspr SPRG3", &["mtspr SPRG3, r3"]),
    sprg3("mfspr SPRG3", &["mfspr r3, SPRG3"]),
    sprg3("mfspr USPRG3, its alias", &["mfspr r3, USPRG3"]),
    Operation { handler: LINUX_EXCEPTION, ..instructions("a system call and its return", &["sc"]) },
];

/// What a guest's kernel has done to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guest {
    /// Nothing.
    Unpatched,
    /// Each instruction is replaced that the page has something for.
    Patched,
}

impl Guest {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Unpatched => "unpatched",
            Self::Patched => "patched",
        }
    }
}

impl Operation {
    /// True if the CPU has its registers.
    pub(super) fn is_for(&self, features: FeatureSet) -> bool {
        self.needs.is_none_or(|needed| features.contains(needed))
            && self.lacks.is_none_or(|lacking| !features.contains(lacking))
    }

    /// Instructions of one of them.
    pub(super) fn length(&self) -> u32 {
        // A row of a table that is above.
        1 + self.handler.len() as u32
    }

    /// The loop, ready to run this many times; none where patching changes nothing, or there is no page. The script is
    /// our own, so it parses and assembles; if not, there is nothing to measure.
    pub(super) fn assemble(&self, profile: &Profile, guest: Guest, rounds: u32, times: u32) -> Option<Case> {
        if guest == Guest::Patched && !self.can_be_patched(profile) {
            return None;
        }
        let text = self.script(profile, guest, rounds, times);
        let script = script::parse(Arc::new(SourceFile { path: PathBuf::from("bench.probe"), text })).ok()?;
        let mut case = script.instances().first()?.assemble(profile).ok()?;
        match guest {
            Guest::Unpatched => Some(case),
            Guest::Patched => self.patch(&mut case, profile).then_some(case),
        }
    }

    /// True if the page is where it is patched to be. In an interrupt handler of a 64-bit server CPU it is not, for a
    /// 32-bit kernel: interrupts set MSR\[SF\], and in real mode -4096 is another address then. No such kernel has one.
    fn can_be_patched(&self, profile: &Profile) -> bool {
        let is_wide = profile.features.contains(Feature::Wide);
        let is_elsewhere = profile.cpu.family == Family::Book3s64 && !is_wide && !self.handler.is_empty();
        profile.features.contains(Feature::MagicPage) && !is_elsewhere
    }

    fn script(&self, profile: &Profile, guest: Guest, rounds: u32, times: u32) -> String {
        let mut text = "# Measures the cost of one operation.\nrule unspecified.cost\n\n".to_owned();
        if !self.handler.is_empty() {
            text += &self.script_of_handler(profile);
        }
        if guest == Guest::Patched {
            text += "map-page\n";
        }
        let body: Vec<&str> = self.instructions.iter().copied().cycle().take(IN_LOOP as usize).collect();
        let (body, back) = (body.join(" ; "), 4 * (IN_LOOP + 1));
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "old = mfmsr\nfor time in 1..{times} {{\n{CLOCK} = run mfspr r6, TBL ; {body} ; {COUNT_DOWN} ; bc 4, 2, -{back} ; mfspr r7, TBL \
             with r4 = old, r5 = {rounds}, r6 = 0, r10 = SCRATCH gives r6, r7\n}}\n"
        );
        text
    }

    /// The handler is the first stub of the case, which jumps over it; what is at the vector branches there.
    fn script_of_handler(&self, profile: &Profile) -> String {
        let rfi = if profile.cpu.family == Family::Book3s64 { "rfid" } else { "rfi" };
        let handler: Vec<&str> = self.handler.iter().copied().chain([rfi]).collect();
        let over = 4 * (handler.len() + 1);
        let to_handler = branch_absolute(CODE_BASE + 4);
        let (vector, point) = match Exception::SystemCall.description().vector {
            Some(vector) if !profile.cpu.family.is_booke() => (vector, String::new()),
            _ => (BOOKE_SYSTEM_CALL, format!("mtspr IVOR8, {BOOKE_SYSTEM_CALL:#x}\n")),
        };
        format!(
            "run b {over} ; {}\nstore32 {vector:#x}, {to_handler:#x}\n\
             run dcbst 0, r3 ; sync ; icbi 0, r3 ; sync ; isync with r3 = {vector:#x}\n{point}",
            handler.join(" ; ")
        )
    }

    /// Replaces every instruction of loop and handler that a guest may; false if there are none.
    fn patch(&self, case: &mut Case, profile: &Profile) -> bool {
        let kernel = Kernel {
            wide: profile.features.contains(Feature::Wide),
            little: profile.features.contains(Feature::LittleEndian),
        };
        let measured = case.steps.iter().enumerate().filter(|(index, step)| {
            let is_handler = *index == 0 && !self.handler.is_empty();
            is_handler || step.observation.as_deref().is_some_and(is_clock)
        });
        let stubs: Vec<(u32, u8)> = measured.filter_map(|(_, step)| step.stub).collect();
        let mut patched = false;
        for at in stubs.into_iter().flat_map(|(offset, words)| (0..u32::from(words)).map(move |word| offset + 4 * word))
        {
            let code = &mut case.parts.code;
            let trampoline = CODE_BASE + 4 * code.len() as u32;
            let place = Place { instruction: CODE_BASE + at, trampoline, room: TRAMPOLINE_WORDS as u8 };
            let Some(word) = code.get_mut(at as usize / 4) else { continue };
            let Some(replaced) = patcher::patch(kernel, profile.cpu, PAGE_FEATURES, *word, place) else { continue };
            *word = replaced.word;
            code.extend(replaced.trampoline());
            patched = true;
        }
        patched
    }
}

/// True if this observation of a case is the clock before and after its loop.
pub(super) fn is_clock(observation: &str) -> bool {
    observation.split('[').next() == Some(CLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target;

    fn code(target: &str, what: &str, guest: Guest) -> Option<Vec<u32>> {
        let profile = target::all().iter().find(|row| row.id() == target).expect("a target").profile();
        let operation = OPERATIONS.iter().find(|operation| operation.what == what).expect("an operation");
        operation.assemble(&profile, guest, 1, 1).map(|case| case.parts.code)
    }

    #[test]
    fn every_operation_assembles_wherever_its_registers_are() {
        for target in target::all() {
            let profile = target.profile();
            let here = OPERATIONS.iter().chain([&PLAIN]).filter(|operation| operation.is_for(profile.features));
            for operation in here {
                let case = operation.assemble(&profile, Guest::Unpatched, 1, 1);
                assert!(case.is_some(), "{} on {}", operation.what, target.id());
            }
        }
    }

    #[test]
    fn a_patched_guest_loads_and_stores_where_the_other_traps() {
        // lwz r3, -4060(0); stw r3, -3884(0), see `sprig_isa::page`.
        let load = code("ref-e500v2-pr", "mfspr SPRG0", Guest::Patched).expect("replaced");
        assert!(load.iter().filter(|word| **word == 0x8060_f024).count() == 12);
        let store = code("ref-e500v2-pr", "mtspr SPRG4", Guest::Patched).expect("replaced");
        assert!(store.iter().filter(|word| **word == 0x9060_f0d4).count() == 12);
    }

    #[test]
    fn where_nothing_is_replaced_there_is_no_patched_guest() {
        assert_eq!(code("ref-power8-pr", "mfspr USPRG3, its alias", Guest::Patched), None);
        assert_eq!(code("ref-e500v2-bare", "mfspr SPRG0", Guest::Patched), None);
        assert_eq!(code("ref-power8-pr", "a system call and its return", Guest::Patched), None);
    }

    #[test]
    fn of_an_exception_only_the_call_and_the_return_are_left() {
        let traps = |words: Vec<u32>| {
            let mfspr_or_mtspr = words.iter().filter(|word| matches!(**word & 0xfc00_07fe, 0x7c00_02a6 | 0x7c00_03a6));
            // TBL is read around the loop.
            mfspr_or_mtspr.count() - 2
        };
        let call = "a system call and its return";
        assert_eq!(code("ref-e500v2-pr", call, Guest::Unpatched).map(traps), Some(9 + 1));
        assert_eq!(code("ref-e500v2-pr", call, Guest::Patched).map(traps), Some(1));
    }
}
