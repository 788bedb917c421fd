//! Steps that a kernel seldom takes, and that no register, field or call stands for: each with the line that takes it,
//! and what the contract says of it. A table, since most are one instruction that a hypervisor mistakes for another.

mod laid_down;
pub(super) mod scene;
mod table;
pub(super) mod theme;

use super::environment::{Environment, MEMORY, WINDOW};
use super::prediction::Part;
use crate::feature::Feature;
use sprig_isa::cpu::Family;
use sprig_isa::exception::Exception;
use sprig_isa::msr::{self, book3s, booke};
use sprig_wire::host::HostCall;

/// One of them.
#[derive(Debug)]
pub struct Odd {
    /// What it is, as coverage counts it.
    pub(super) name: &'static str,
    /// The line, in which `{...}` stands for something of the CPU's.
    pub(super) line: &'static str,
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
    /// Where a scene, a theme or the scripts of single things have it, since it leaves the guest in a state that other
    /// steps do not expect.
    Arranged,
}

/// What the contract says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Says {
    /// Nothing: the reference is asked. The rule comes closest.
    Open(&'static str),
    /// The same of a step that is no instruction of the guest's, or one that takes no exception.
    Done(&'static str),
    /// User space asks for something that it is not given.
    Refused(&'static str),
    /// Nothing, as for the first, and where an exception has ended it the MSR is not the kernel's.
    OpenMsr(&'static str),
    /// What a document lays down, whatever comes before.
    Laid(Laid),
    /// The value is one of these, by this rule.
    Value(&'static str, &'static [u64]),
    /// It is a system call of the guest's, which finds these in r3 and r4.
    SystemCall(&'static str, [u64; 2]),
    /// The page is mapped as always.
    MapsPage,
    /// The page is mapped, and its physical address is that of memory.
    MapsPageBehindMemory,
    /// A page of memory is mapped in the window, for either state, and may be executed.
    MapsWindow,
    /// A handler of the script's own finds this in USPRG4, by this rule, where the page is there to be stored to.
    Handler(&'static str, u64),
    /// Of what interrupts the guest, something waits now or does not any more, or has been taken.
    Pending(&'static str),
    /// The guest has waited for a watchdog's interrupt.
    Woken(&'static str),
    /// The guest begins anew.
    Reset,
}

/// What is laid down of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Laid {
    pub(super) rule: &'static str,
    /// The exception that it takes, and at which offset of its line, in bytes.
    pub(super) exception: Option<(Exception, u64)>,
    /// What else is seen of it.
    pub(super) values: &'static [(Part, Bits)],
}

/// Bits of it, and what they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits {
    pub(super) mask: u64,
    pub(super) value: u64,
}

/// Memory that the page is put behind: no other step is about it.
pub(super) const BEHIND: u64 = MEMORY + 0x1_0000;

/// UCLE, SPE, FP, FE0, DE and FE1 of an e500v2's MSR (e500 manual, table 2-9); FE0 and FE1 are where the server
/// families have them.
const UNITS: u64 = booke::UCLE | booke::SPE | msr::FP | book3s::FE0 | booke::DE | book3s::FE1;

/// Code in the window: `addi r3, 0, 0x77; blr`.
pub(super) const CODE: [(u64, u64); 2] = [(MEMORY, 0x3860_0077), (MEMORY + 4, 0x4e80_0020)];
const _: () = assert!(WINDOW == 0xd000_0000, "lines of the table say it");

/// All of them.
fn all() -> impl Iterator<Item = &'static Odd> {
    let of_themes = theme::THEMES.iter().flat_map(|theme| theme.steps);
    table::GUESTS.iter().chain(scene::STEPS).chain(laid_down::STEPS).chain(of_themes)
}

/// Those that scripts of this environment can have.
pub(super) fn here(environment: &Environment) -> Vec<&'static Odd> {
    let has = |feature: &Feature| environment.has(*feature);
    all().filter(|odd| odd.needs.iter().all(has) && !odd.lacks.iter().any(has)).collect()
}

impl Odd {
    /// Its line on this CPU.
    pub(super) fn text(&self, environment: &Environment) -> String {
        let msr = environment.msr();
        self.line
            .replace("{other-space}", &format!("{:#x}", msr | booke::IS | booke::DS))
            .replace("{units}", &format!("{:#x}", msr ^ UNITS))
            .replace("{waiting}", &format!("{:#x}", (msr | booke::CE | booke::WE) & !msr::EE))
            .replace("{return}", if environment.family() == Family::Book3s64 { "rfid" } else { "rfi" })
            .replace("{msr}", &format!("{msr:#x}"))
    }

    /// True if it gives a value.
    pub(super) fn gives_value(&self) -> bool {
        let host_step =
            self.line.strip_prefix("host ").and_then(|call| call.split(' ').next()).and_then(HostCall::by_name);
        host_step.is_some_and(|call| call.results > 0)
            || self.line.contains(" gives ")
            || ["page.", "map-page", "mfspr ", "taken "].iter().any(|prefix| self.line.starts_with(prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::scene::{SCENES, USER};
    use super::theme::{THEMES, Theme};
    use super::*;
    use crate::fuzz::testing::environment;
    use sprig_isa::page;

    #[test]
    fn each_is_a_step_of_some_target() {
        let targets =
            ["ref-e500v2-pr", "ref-440-pr", "ref-7447-pr", "ref-970-pr", "ref-power8-64-pr", "ref-power8-64le-pr"];
        let said: Vec<&str> = targets.iter().flat_map(|id| here(&environment(id))).map(|odd| odd.name).collect();
        for odd in all() {
            assert!(said.contains(&odd.name), "{}", odd.name);
        }
        assert!(here(&environment("ref-e500v2-bare")).iter().all(|odd| !odd.needs.contains(&Feature::Hypercall)));
    }

    #[test]
    fn no_two_have_one_name() {
        let mut names: Vec<&str> = all().map(|odd| odd.name).collect();
        names.sort_unstable();
        let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }

    #[test]
    fn every_step_of_a_scene_is_in_a_table() {
        for name in SCENES.iter().flat_map(|scene| scene.iter()) {
            let name = name.strip_suffix(USER).unwrap_or(name);
            assert!(all().any(|odd| odd.name == name), "{name}");
        }
    }

    #[test]
    fn every_step_of_a_theme_is_in_a_table_and_every_step_is_of_a_theme() {
        let names = |theme: &Theme| {
            let phrases = theme.phrases.iter().copied().flatten();
            let all = theme.opening.iter().chain(phrases).chain(theme.closing);
            all.map(|name| name.strip_suffix(USER).unwrap_or(name)).collect::<Vec<_>>()
        };
        let named: Vec<&str> = THEMES.iter().flat_map(names).collect();
        for name in &named {
            assert!(all().any(|odd| odd.name == *name), "{name}");
        }
        for odd in THEMES.iter().flat_map(|theme| theme.steps) {
            assert!(named.contains(&odd.name), "{}", odd.name);
        }
    }

    #[test]
    fn the_page_is_where_its_lines_look() {
        let displacement = |name| {
            let field = page::Field::by_name(name).expect("a field");
            i32::from(field.offset32) - page::PAGE_SIZE as i32
        };
        assert_eq!((displacement("sprg0"), displacement("sprg4"), displacement("sr13")), (-4060, -3884, -3940));
    }
}
