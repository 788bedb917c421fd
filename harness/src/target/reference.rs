//! The reference hypervisor as a target: a fresh machine for each case, its log read from memory when it has ended.
//!
//! No process, no console, no clock: the same case gives the same bytes on every run, and a case that ends its machine
//! harms no other and has reported everything up to its last step.

use super::console::find_panic;
use super::{Availability, Boot, ByHand, Limits, Stop, Target, Unprepared, image};
use crate::case::{Case, Hold, Profile};
use crate::feature::{Feature, FeatureSet};
use crate::transcript::{ExitCount, Fate, RunResult};
use sprig_isa::cpu::Cpu;
use sprig_refhv::bare::{Bare, Wires};
use sprig_refhv::cpu::Supervisor;
use sprig_refhv::host::Host;
use sprig_refhv::hypervisor::policy::HOST_SLICE;
use sprig_refhv::hypervisor::{Description, Design, DesignRow, Deviation, GuestKernel, Hypervisor, Setup, UserSpace};
use sprig_refhv::image::{Image, ImageError};
use sprig_refhv::machine::{self, Machine, Outcome};
use sprig_refhv::snapshot::Snapshot;
use sprig_wire::batch::BatchBuilder;
use sprig_wire::bytecode::longest_wait;
use sprig_wire::layout::BATCH_BASE;
use sprig_wire::log::{self, State};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// Number of the one case in its batch. Not zero: exits of the boot are counted for the case whose number an empty log
/// has.
const CASE: u32 = 1;
/// Instructions of a round of the guest's loop for `hold` (`sprig_interpreter::Machine::spin`).
const SPIN_INSTRUCTIONS: u64 = 4;
/// What `hold` is under the reference hypervisor: what its host leaves the guest.
const HOLD: Hold = Hold { spin: HOST_SLICE.div_ceil(SPIN_INSTRUCTIONS) as u32, ..Hold::NO_HOST };
/// More instructions than a kernel needs until it looks at its batch.
const MOST_BOOT: u64 = 100_000;
/// A whole case may take this many times the limit of one step.
const STEPS: u64 = 100;
/// In a target's name, what stands in front of the deviation of a hypervisor that is wrong on purpose.
pub const DEVIATES: char = '+';

/// How a reference machine is set up.
#[derive(Debug)]
pub struct Mode {
    /// Last part of the target's name, and of the names of its goldens.
    pub name: &'static str,
    /// The hypervisor; none for the CPU as hardware.
    hypervisor: Option<Setup>,
    /// What it declares in addition to the CPU's features.
    features: &'static [Feature],
}

/// What a guest has under a hypervisor that does not offer it the page as the contract lays it out.
const WITHOUT_PAGE: &[Feature] = {
    use Feature::{ExitCounts, External, Host, Hypercall, Ioctl, Reset};
    &[Hypercall, Host, Ioctl, Reset, External, ExitCounts]
};

impl Mode {
    /// Every mode, in the order in which targets are listed.
    #[must_use]
    pub fn all() -> [Self; 3] {
        [
            Self::bare(),
            Self::page(),
            Self {
                name: "pr-nopage",
                hypervisor: Some(Setup { offers_page: false, ..Setup::default() }),
                features: WITHOUT_PAGE,
            },
        ]
    }

    /// The CPU as hardware.
    const fn bare() -> Self {
        use Feature::{Bare, External, Host, Reset};
        Self { name: "bare", hypervisor: None, features: &[Bare, Host, Reset, External] }
    }

    /// A hypervisor that offers the page.
    fn page() -> Self {
        use Feature::{ExitCounts, External, Host, Hypercall, Ioctl, MagicPage, Reset};
        Self {
            name: "pr",
            hypervisor: Some(Setup::default()),
            features: &[Hypercall, MagicPage, Host, Ioctl, Reset, External, ExitCounts],
        }
    }

    /// One that offers a page with another layout.
    fn other_page() -> Self {
        Self { features: WITHOUT_PAGE, ..Self::page() }
    }

    /// True if a target in this mode declares what its guest kernel does: a firmware is of interest where it has
    /// touched the magic page.
    fn allows(&self, feature: Feature) -> bool {
        feature != Feature::Firmware || self.features.contains(&Feature::MagicPage)
    }
}

/// A CPU of the reference with a guest kernel for it.
#[derive(Debug)]
pub struct Model {
    /// Its name in target names.
    pub label: &'static str,
    /// The CPU's name in `sprig_isa::cpu::CPUS`.
    cpu: &'static str,
    image: image::Image,
    /// What the guest kernel declares.
    features: &'static [Feature],
    /// The image, once it has been read.
    parsed: OnceLock<Result<Arc<Image>, String>>,
}

impl Model {
    /// The model of this name.
    #[must_use]
    pub fn by_label(label: &str) -> Option<&'static Self> {
        MODELS.iter().find(|model| model.label == label)
    }

    /// The model with a target's CPU and guest kernel.
    fn of(profile: &Profile) -> Option<&'static Self> {
        let is_alike = |model: &&Self| {
            let kernel = [Feature::Wide, Feature::LittleEndian];
            model.cpu == profile.cpu.name
                && kernel.iter().all(|feature| model.features.contains(feature) == profile.features.contains(*feature))
        };
        MODELS.iter().find(is_alike)
    }

    /// Every model, in the order in which they are listed.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        MODELS.iter()
    }

    /// True if a guest on this CPU, with this kernel, can tell the deviation from the right hypervisor.
    #[must_use]
    pub fn is_concerned(&self, deviation: &Description) -> bool {
        let has = |feature| self.features.contains(&feature);
        let kernel = GuestKernel { wide: has(Feature::Wide), little_endian: has(Feature::LittleEndian) };
        Cpu::by_name(self.cpu).is_some_and(|cpu| deviation.applies.includes(cpu, kernel))
    }

    /// The 32-bit guest kernel, which runs on every CPU.
    const fn narrow(cpu: &'static str) -> Self {
        // What stands in for a firmware is 32-bit code.
        Self { label: cpu, cpu, image: image::BOARD, features: &[Feature::Firmware], parsed: OnceLock::new() }
    }

    /// A 64-bit one.
    const fn wide(label: &'static str, cpu: &'static str, image: image::Image, features: &'static [Feature]) -> Self {
        Self { label, cpu, image, features, parsed: OnceLock::new() }
    }

    /// The guest image, read once.
    fn image(&self) -> Result<Arc<Image>, String> {
        let read = || {
            let name = self.image.name;
            let bytes = self.image.bytes().map_err(|error| error.to_string())?;
            let parsed = Image::parse(&bytes).map_err(|error| format!("the guest image {name}: {error}"))?;
            Ok(Arc::new(parsed))
        };
        self.parsed.get_or_init(read).clone()
    }
}

/// Every model.
pub(super) static MODELS: [Model; 8] = [
    Model::narrow("e500v2"),
    Model::narrow("440"),
    Model::narrow("7447"),
    Model::narrow("750"),
    Model::narrow("970"),
    Model::narrow("power8"),
    Model::wide("power8-64", "power8", image::BOARD_64, &[Feature::Wide]),
    Model::wide("power8-64le", "power8", image::BOARD_64LE, &[Feature::Wide, Feature::LittleEndian]),
];

/// A machine whose kernel has booted, once there has been one. None where it does not come so far.
type Booted<S> = OnceLock<Option<Snapshot<S>>>;

/// One model in one mode.
#[derive(Debug)]
pub struct Reference {
    id: String,
    model: &'static Model,
    cpu: &'static Cpu,
    mode: Mode,
    /// Each case's machine boots by itself.
    boots_each: bool,
    bare: Booted<Bare>,
    guest: Booted<Hypervisor>,
}

impl Reference {
    /// The target for a model in a mode; none if the tables do not know its CPU.
    #[must_use]
    pub fn new(model: &'static Model, mode: Mode) -> Option<Self> {
        let cpu = Cpu::by_name(model.cpu)?;
        let id = format!("ref-{}-{}", model.label, mode.name);
        Some(Self { id, model, cpu, mode, boots_each: false, bare: OnceLock::new(), guest: OnceLock::new() })
    }

    /// The target for a model under the hypervisor that offers the page.
    #[must_use]
    pub fn with_page(model: &'static Model) -> Option<Self> {
        Self::new(model, Mode::page())
    }

    /// What a target with this profile is compared with: the same CPU and guest kernel in the same mode. None if no
    /// model is like it.
    pub(super) fn like(profile: &Profile) -> Option<Self> {
        let mode = if profile.features.contains(Feature::Bare) { Mode::bare() } else { Mode::page() };
        Self::new(Model::of(profile)?, mode)
    }

    /// The target for a model under a hypervisor that is wrong on purpose. Its goldens are those of the right one.
    #[must_use]
    pub fn deviating(model: &'static Model, deviation: Deviation) -> Option<Self> {
        let right = Self::with_page(model)?;
        let id = format!("{}{DEVIATES}{deviation}", right.id);
        let setup = right.mode.hypervisor.map(|setup| Setup { deviation: Some(deviation), ..setup });
        Some(Self { id, mode: Mode { hypervisor: setup, ..right.mode }, ..right })
    }

    /// The target for a hypervisor of another design. Its goldens are those of the contract's, where it does the same.
    #[must_use]
    pub fn designed(row: &DesignRow) -> Option<Self> {
        let usual = Self::with_page(Model::by_label(row.cpu)?)?;
        let mode = if row.has_magic_page { usual.mode } else { Mode::other_page() };
        let setup = mode.hypervisor.map(|setup| Setup { design: Some(row.design), ..setup });
        Some(Self { id: format!("ref-{}", row.id), mode: Mode { hypervisor: setup, ..mode }, ..usual })
    }

    /// The same target, but that each case's machine boots the kernel by itself.
    #[must_use]
    pub fn booting_each(self) -> Self {
        Self { boots_each: true, ..self }
    }

    /// A machine in which the kernel is about to look at its batch; or one that is switched on, where a machine does
    /// not come so far.
    fn machine<S: Supervisor + Clone>(
        &self,
        booted: &Booted<S>,
        make: impl Fn() -> Result<Machine<S>, ImageError>,
    ) -> Result<Machine<S>, String> {
        let failed = |error| format!("the guest image {}: {error}", self.model.image.name);
        if self.boots_each {
            return make().map_err(failed);
        }
        if booted.get().is_none() {
            let snapshot = Snapshot::before_load(&make, BATCH_BASE.into(), MOST_BOOT).map_err(failed)?;
            // Another thread may have been faster, with the same.
            let _ = booted.set(snapshot);
        }
        match booted.get() {
            Some(Some(snapshot)) => Ok(snapshot.to_machine()),
            _ => make().map_err(failed),
        }
    }

    /// How the hypervisor is designed, if not by the contract.
    fn design(&self) -> Option<Design> {
        self.mode.hypervisor.and_then(|setup| setup.design)
    }

    /// Runs one case; its result, and what the console said.
    fn case(&self, case: &Case, limits: &Limits, loud: bool) -> Result<(RunResult, Vec<u8>), String> {
        let mut builder = BatchBuilder::new(loud);
        if !loud {
            builder = builder.silent();
        }
        builder.push(CASE, &case.parts);
        let batch = builder.finish().map_err(|error| error.to_string())?;
        let image = self.model.image()?;
        let step = limits.instructions(longest_wait(&case.parts.ops));
        match self.mode.hypervisor {
            None => {
                let mut machine = self.machine(&self.bare, || Machine::bare(self.cpu, Arc::clone(&image)))?;
                let result = Self::run_machine(&mut machine, &mut Wires, &batch, step)?;
                Ok((result, machine.console().to_vec()))
            }
            Some(setup) => {
                let mut machine = self.machine(&self.guest, || Machine::guest(self.cpu, Arc::clone(&image), setup))?;
                let mut result = Self::run_machine(&mut machine, &mut UserSpace, &batch, step)?;
                let exits = result.exits.insert(Vec::new());
                machine.processor.supervisor.exits().tell_of_case(CASE, &mut |step, reason, count| {
                    exits.push(ExitCount { step: Some(step), reason: reason.name().into(), count });
                });
                Ok((result, machine.console().to_vec()))
            }
        }
    }

    fn run_machine<S: Supervisor>(
        machine: &mut Machine<S>,
        host: &mut dyn Host<S>,
        batch: &[u8],
        step: u64,
    ) -> Result<RunResult, String> {
        if !machine.place(BATCH_BASE, batch) {
            return Err("the batch does not fit the machine's memory".to_owned());
        }
        let total = step.saturating_mul(STEPS);
        let outcome = machine.run(machine::Limits { step, total }, host);
        let (state, last_step, entries) = match log::open(machine.log()) {
            Ok((header, entries)) if header.case == CASE => (header.state, log::begun(header.step), entries.to_vec()),
            // The guest has not come as far as the case, or the case has written over its log.
            _ => (State::Idle, None, Vec::new()),
        };
        let limit = if machine.core().clock.executed() < total {
            format!("no step of progress within {step} instructions")
        } else {
            format!("no end within {total} instructions")
        };
        let fate = Self::fate(&outcome, &limit, state, machine.console());
        Ok(RunResult { fate, state: state as u16, last_step, entries, exits: None })
    }

    /// What the machine's end means for the case, given how far its log has come; a hang is what `limit` says.
    fn fate(outcome: &Outcome, limit: &str, state: State, console: &[u8]) -> Fate {
        match (outcome, state) {
            (Outcome::Hang { pc }, _) => Fate::Hung(format!("{limit}, at {pc:#x}")),
            (Outcome::Crash { .. }, _) => Fate::Crashed(outcome.to_string()),
            (Outcome::PoweredOff(_), State::Idle | State::Running | State::Resetting) => {
                Fate::Crashed(match find_panic(console) {
                    Some(reason) => format!("the guest gave up: {reason}"),
                    None => "the machine was powered off".to_owned(),
                })
            }
            (Outcome::PoweredOff(_), _) => Fate::Ended,
        }
    }
}

impl Target for Reference {
    fn id(&self) -> &str {
        &self.id
    }

    fn profile(&self) -> Profile {
        let kernel = self.model.features.iter().filter(|feature| self.mode.allows(**feature)).copied();
        let mut features =
            FeatureSet::of_cpu(self.cpu).union(FeatureSet::of(self.mode.features)).union(kernel.collect());
        if self.cpu.family.is_booke() {
            features.insert(Feature::Critical);
        }
        let hold = if self.mode.hypervisor.is_some() { HOLD } else { Hold::NO_HOST };
        Profile { cpu: self.cpu, features, hold }
    }

    fn availability(&self) -> Availability {
        match self.model.image() {
            Ok(_) => Availability::Yes,
            Err(reason) => Availability::No { reason, remedy: super::REBUILD_IMAGES.to_owned() },
        }
    }

    fn golden_chain(&self) -> Vec<String> {
        let id = self.id.split(DEVIATES).next().unwrap_or_default();
        let mut chain = super::golden_chain(id, &self.profile(), self.mode.name);
        if self.design().is_some() {
            chain.insert(1, format!("ref-{}-{}", self.model.label, self.mode.name));
        }
        chain
    }

    fn leads(&self) -> bool {
        self.design().is_none()
    }

    fn is_reference(&self) -> bool {
        true
    }

    /// A hypervisor that is not by the contract is compared with the one that is, that one with the CPU as hardware.
    fn counterpart(&self) -> Option<Reference> {
        let Setup { deviation, design, .. } = self.mode.hypervisor?;
        let is_by_contract = deviation.is_none() && design.is_none();
        Self::new(self.model, if is_by_contract { Mode::bare() } else { Mode::page() })
    }

    fn version(&self) -> Option<String> {
        None
    }

    fn cases_per_session(&self) -> usize {
        1
    }

    fn run(&self, boot: Boot<'_>, ended: &mut dyn FnMut(RunResult)) -> Result<(), Stop> {
        let Boot { cases, limits, loud, mut console } = boot;
        for case in cases {
            let (result, said) = self.case(case, limits, loud).map_err(Stop::error)?;
            if let Some(console) = &mut console {
                console.write_all(&said).map_err(|error| Stop::error(format!("cannot copy the console: {error}")))?;
            }
            ended(result);
        }
        Ok(())
    }

    fn by_hand(&self, _: &Path, _: &[&Case], _: &ByHand) -> Result<Option<String>, Unprepared> {
        Ok(None)
    }
}
