//! Steps that a kernel seldom takes, and that no register, field or call stands for: each with the line that takes it, and what the
//! contract says of it. A table, since most are one instruction that a hypervisor mistakes for another.

use super::environment::{Environment, MEMORY, WINDOW};
use crate::feature::Feature;
use sprig_isa::msr::{self, book3s, booke};

/// One of them.
#[derive(Debug)]
pub struct Odd {
    /// What it is, as coverage counts it.
    pub(super) name: &'static str,
    /// The line, in which `{...}` stands for something of the CPU's.
    line: &'static str,
    /// What the target has to have.
    pub(super) needs: &'static [Feature],
    /// What it must not have.
    lacks: &'static [Feature],
    /// Who takes it, and where.
    pub(super) place: Place,
    /// What comes of it.
    pub(super) says: Says,
}

/// Where an odd step may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Anywhere, in problem state too.
    Anywhere,
    /// Anywhere in supervisor state.
    Supervisor,
    /// Where the scripts of single things have it, since it leaves the guest in a state that other steps do not expect.
    Arranged,
}

/// What the contract says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Says {
    /// Nothing: the reference is asked. The rule comes closest.
    Open(&'static str),
    /// The same of a step that is no instruction of the guest's, or one that takes no exception.
    Done(&'static str),
    /// The same, and where an exception has ended it the MSR is not the kernel's.
    OpenMsr(&'static str),
    /// The value is one of these, by this rule.
    Value(&'static str, &'static [u64]),
    /// It is a system call of the guest's, which finds these in r3 and r4.
    SystemCall(&'static str, [u64; 2]),
    /// The page is mapped as always.
    MapsPage,
    /// The page is mapped, and its physical address is that of memory.
    MapsPageBehindMemory,
    /// A page of memory is mapped, with code in it.
    MapsCode,
    /// A handler of the script's own finds this in USPRG4, by this rule, where the page is there to be stored to.
    Handler(&'static str, u64),
    /// Timers have run out, or have not any more.
    Timers(&'static str),
    /// The guest begins anew.
    Reset,
}

/// Memory that the page is put behind: no other step is about it.
pub(super) const BEHIND: u64 = MEMORY + 0x1_0000;

const CALL: &[Feature] = &[Feature::Hypercall];
const NO_EXECUTE: &[Feature] = &[Feature::MagicPage, Feature::Book3s64];
const OTHER_ORDER: &[Feature] = &[Feature::MagicPage, Feature::LittleEndian, Feature::Host, Feature::Ioctl];

const TIMERS: &[Feature] = &[Feature::Booke, Feature::Host, Feature::Ioctl];
/// UCLE, SPE, FP, FE0, DE and FE1 of an e500v2's MSR (e500 manual, table 2-9); FE0 and FE1 are where the server families have them.
const UNITS: u64 = booke::UCLE | booke::SPE | msr::FP | book3s::FE0 | booke::DE | book3s::FE1;

/// All of them.
static ODDS: &[Odd] = &[
    Odd {
        name: "osi",
        // The two magic values of Mac-on-Linux.
        line: "run sc with r3 = 0x113724fa, r4 = 0x77810f9b gives r3, r4",
        needs: CALL,
        lacks: &[],
        place: Place::Anywhere,
        says: Says::SystemCall("hcall.osi-is-a-system-call", [0x1137_24fa, 0x7781_0f9b]),
    },
    Odd {
        name: "level-1",
        line: "run sc1 with r11 = KVM_HC_FEATURES, r3 = 0xdead0000 gives r3",
        needs: CALL,
        lacks: &[],
        place: Place::Anywhere,
        says: Says::Open("unspecified.sc-level-1"),
    },
    Odd {
        name: "reversed-call",
        // The `sc` of the sequence as a little-endian kernel sees the words of the device tree.
        line: "run addis r0, 0, 0x4b56; ori r0, r0, 0x4d21; word 0x02000044; addi r4, r4, 1; addi r5, r5, 1 with r3 = 0x33, r4 = 0x40, r5 = 0x50, r11 = KVM_HC_FEATURES gives r3, r4, r5",
        needs: &[Feature::Hypercall, Feature::LittleEndian],
        lacks: &[],
        place: Place::Anywhere,
        says: Says::Open("unspecified.byte-reversed-hypercall"),
    },
    Odd {
        name: "wide-token",
        line: "run addis r0, 0, 0x4b56; ori r0, r0, 0x4d21; sc with r11 = 0x12345678_00000000 | KVM_HC_FEATURES gives r3",
        needs: &[Feature::Hypercall, Feature::Wide],
        lacks: &[],
        place: Place::Supervisor,
        says: Says::Value("hcall.token-is-an-int", &[0]),
    },
    Odd {
        name: "time-base-written",
        // As it is: KVM ignores it, and no timer sees a jump.
        line: "run mfspr r5, TBU; mfspr r4, TBL; mtspr TBWU, r5; mtspr TBWL, r4; mfspr r3, TBU; subf r3, r5, r3 gives r3",
        needs: &[],
        lacks: &[Feature::Book3s64],
        place: Place::Supervisor,
        says: Says::Value("spr.write-only-is-written", &[0, 1]),
    },
    Odd {
        name: "real-mode-load",
        line: "run mfmsr r5; rlwinm r6, r5, 0, 28, 26; mtmsr r6; isync; lwz r3, -4060(r0); mtmsr r5; isync gives r3    # sprg0",
        needs: &[Feature::MagicPage, Feature::RealMode],
        lacks: &[Feature::LittleEndian],
        place: Place::Arranged,
        says: Says::OpenMsr("page.mapped-in-real-mode"),
    },
    Odd {
        name: "other-space-load",
        line: "run mtmsr r4; isync; lwz r3, -4060(r0); mtmsr r5 with r3 = POISON, r4 = {other-space}, r5 = {msr} gives r3    # sprg0",
        needs: &[Feature::MagicPage, Feature::Booke],
        lacks: &[],
        place: Place::Arranged,
        says: Says::OpenMsr("page.access-ends"),
    },
    Odd {
        name: "alias-in-handler",
        // The handler of a system call, `mfspr r5, USPRG4; rfi`, in memory that no other step is about. The first load is refused where the
        // page is not there, before anything else is done.
        line: "run lwz r12, -3884(r0); stw r6, 0x100(r4); stw r7, 0x104(r4); dcbst r4, r10; sync; icbi r4, r10; sync; isync; mfspr r8, IVPR; mfspr r9, IVOR8; mtspr IVPR, r4; mtspr IVOR8, r10; stw r11, -3884(r0); sc; mtspr IVPR, r8; mtspr IVOR8, r9 with r4 = SCRATCH + 0x10000, r5 = POISON, r6 = insn(mfspr r5, USPRG4), r7 = insn(rfi), r10 = 0x100, r11 = 0xa0000008 gives r5    # sprg4",
        needs: &[Feature::MagicPage, Feature::Booke, Feature::Usprg4],
        lacks: &[],
        place: Place::Arranged,
        says: Says::Handler("alias.consistent-after-exit", 0xa000_0008),
    },
    Odd {
        name: "msr-units",
        // UCLE, SPE, FP, FE0, DE, FE1, of which each CPU has its own (cases/exception/msr-each-bit.probe).
        line: "run mtmsr r4; isync; mfmsr r3; mtmsr r5; isync with r4 = {units}, r5 = {msr} gives r3",
        needs: &[Feature::Booke],
        lacks: &[],
        place: Place::Arranged,
        says: Says::Done("exception.msr-unit-bits"),
    },
    Odd {
        name: "timers-expired",
        line: "host set-sregs TSR, TSR.WIS | TSR.DIS | TSR.FIS",
        needs: TIMERS,
        lacks: &[],
        place: Place::Arranged,
        says: Says::Timers("host.set-sregs"),
    },
    Odd {
        name: "one-timer-seen",
        line: "run mtspr TSR, r4; mfspr r3, TSR; mtspr TSR, r5 with r4 = TSR.FIS, r5 = 0xffffffff gives r3",
        needs: TIMERS,
        lacks: &[],
        place: Place::Arranged,
        says: Says::Timers("irq.timer-status"),
    },
    Odd {
        name: "reset",
        line: "reset",
        needs: &[Feature::Reset],
        lacks: &[],
        place: Place::Arranged,
        says: Says::Reset,
    },
    Odd {
        name: "map-page-behind-memory",
        line: "map-page physical SCRATCH + 0x10000",
        needs: &[Feature::MagicPage, Feature::Book3s],
        lacks: &[],
        place: Place::Arranged,
        says: Says::MapsPageBehindMemory,
    },
    Odd {
        name: "map-page-without-flag",
        line: "map-page flags 0",
        needs: &[Feature::MagicPage],
        lacks: &[],
        place: Place::Arranged,
        says: Says::MapsPage,
    },
    Odd {
        name: "code-mapped",
        line: "map 0xd0000000 to SCRATCH as srwx",
        needs: NO_EXECUTE,
        lacks: &[],
        place: Place::Arranged,
        says: Says::MapsCode,
    },
    Odd {
        name: "segment-no-execute",
        // The segment of the window as the guest kernel has it, and N.
        line: "run slbie r5; slbmte r6, r7; isync with r5 = 0xd0000000, r6 = SLB.VSID(14) | SLB.KP | SLB.N, r7 = 0xd0000000 | SLB.V | SLB.INDEX(13)",
        needs: NO_EXECUTE,
        lacks: &[],
        place: Place::Arranged,
        says: Says::Open("page.flag-keeps-no-execute"),
    },
    Odd {
        name: "code-called",
        line: "run mtspr CTR, r4; bctrl with r4 = 0xd0000000 gives r3",
        needs: NO_EXECUTE,
        lacks: &[],
        place: Place::Arranged,
        says: Says::Open("page.flag-keeps-no-execute"),
    },
    Odd {
        name: "set-sprg4",
        line: "host set-regs SPRG4, 0x0123456789abcdef",
        needs: OTHER_ORDER,
        lacks: &[],
        place: Place::Arranged,
        says: Says::Done("host.set-regs"),
    },
    Odd {
        name: "load-sprg4",
        line: "page.sprg4",
        needs: OTHER_ORDER,
        lacks: &[],
        place: Place::Arranged,
        says: Says::Done("page.byte-order"),
    },
];

/// Code in the window: `addi r3, 0, 0x77; blr`.
pub(super) const CODE: [(u64, u64); 2] = [(MEMORY, 0x3860_0077), (MEMORY + 4, 0x4e80_0020)];
const _: () = assert!(WINDOW == 0xd000_0000, "lines of the table say it");

/// Those that scripts of this environment can have.
pub(super) fn here(environment: &Environment) -> Vec<&'static Odd> {
    let has = |feature: &Feature| environment.has(*feature);
    ODDS.iter().filter(|odd| odd.needs.iter().all(has) && !odd.lacks.iter().any(has)).collect()
}

impl Odd {
    /// Its line on this CPU.
    pub(super) fn text(&self, environment: &Environment) -> String {
        let msr = environment.msr();
        self.line
            .replace("{other-space}", &format!("{:#x}", msr | booke::IS | booke::DS))
            .replace("{units}", &format!("{:#x}", msr ^ UNITS))
            .replace("{msr}", &format!("{msr:#x}"))
    }

    /// True if it gives a value.
    pub(super) fn gives_value(&self) -> bool {
        self.line.contains(" gives ") || self.line.starts_with("page.") || self.line.starts_with("map-page")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::testing::environment;
    use sprig_isa::page;

    #[test]
    fn each_is_a_step_of_some_target() {
        let targets = ["ref-e500v2-pr", "ref-7447-pr", "ref-970-pr", "ref-power8-64-pr", "ref-power8-64le-pr"];
        let said: Vec<&str> = targets.iter().flat_map(|id| here(&environment(id))).map(|odd| odd.name).collect();
        for odd in ODDS {
            assert!(said.contains(&odd.name), "{}", odd.name);
        }
        assert!(here(&environment("ref-e500v2-bare")).iter().all(|odd| !odd.needs.contains(&Feature::Hypercall)));
    }

    #[test]
    fn the_page_is_where_its_lines_look() {
        let displacement = |name| {
            let field = page::Field::by_name(name).expect("a field");
            i32::from(field.offset32) - page::PAGE_SIZE as i32
        };
        assert_eq!((displacement("sprg0"), displacement("sprg4")), (-4060, -3884));
    }
}
