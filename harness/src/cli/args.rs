//! The command line as clap reads it.

use crate::lockstep::MODELS;
use crate::report::Format;
use crate::target::Model;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// A conformance suite for PowerPC hypervisors.
///
/// Without a command: `sprig run`, every case on the reference hypervisor.
#[derive(Debug, Parser)]
#[command(name = "sprig", version, max_term_width = 100, after_help = EXIT_STATUS)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const EXIT_STATUS: &str = "\
Exit status: 0 all as expected, 1 a verdict that fails the run, 2 wrong usage or a bad script, \
125 nothing could be judged, or not everything (`git bisect run` skips such a commit).

Cases and goldens are those of the checkout that this program was built in, or that SPRIG_ROOT names.";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run cases on targets and judge them.
    Run(Run),
    /// Show every target: available, or why not and the command that makes it so.
    Targets(Targets),
    /// Show the cases, the rules, their sentences, the features, or what the cases cover.
    List(List),
    /// Report everything that is wrong with scripts, or with the whole suite.
    Check(Check),
    /// Run cases on targets and write pages to browse: rules by targets, and transcripts side by side.
    Report(Report),
    /// Run one case on one target and show everything: each step, its exits, the console, the command.
    Repro(Repro),
    /// Measure what the suite itself costs, and what a guest's operations cost.
    ///
    /// Figures are ratios of two things measured by turns in one run, unless they say a unit of time, and are printed
    /// as soon as they are known; together they take a minute or two. If one is over its limit, the exit status is 1.
    /// docs/bench.md says what is measured, and how.
    Bench(Bench),
    /// Say whether a build of a kernel, of QEMU or of a firmware is worse than allowed.
    Gate(Gate),
    /// Write a folder with everything a PowerPC Linux host needs to run cases on its own KVM, by hand.
    ///
    /// `sprig run --from LOG` judges what it prints there.
    Export(Export),
    /// Try random scripts on a target, and show the smallest that breaks a rule or differs from the reference.
    ///
    /// docs/fuzz.md says what the scripts are, how they are judged, and what to do with findings.
    Fuzz(Fuzz),
    /// Compare the reference interpreter with QEMU: every register after every instruction.
    Lockstep(Lockstep),
    /// Run the cases on hypervisors that are wrong on purpose, and show which case notices which.
    ///
    /// Each mutant is the reference hypervisor with one known bug. docs/mutants.md says how to read the result, and
    /// what to do when one survives.
    Mutants(Mutants),
}

/// `sprig run`.
#[derive(Debug, Default, Args)]
pub struct Run {
    /// Cases: names (`alias/after-exit`, `alias/after-exit@user`), areas (`alias`), globs (`alias/*@user`), or paths of
    /// `.probe` files, which are judged by rules alone [default: all].
    #[arg(value_name = "CASE")]
    pub cases: Vec<String>,
    /// Targets: names or globs [default: every ref-*-bare and ref-*-pr].
    #[arg(long = "target", short, value_name = "T")]
    pub targets: Vec<String>,
    /// How the results are printed.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// How many targets run at the same time [default: one on each core].
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Run nothing: judge the log of what an exported folder has printed; `-` is standard input.
    #[arg(long, value_name = "LOG", conflicts_with_all = ["cases", "targets", "jobs"])]
    pub from: Option<PathBuf>,
}

/// `sprig report`.
#[derive(Debug, Args)]
pub struct Report {
    /// The folder to write: it is created, must be empty, or has an earlier report, which is replaced.
    #[arg(value_name = "OUT")]
    pub folder: PathBuf,
    /// Cases, as for `run` [default: all].
    #[arg(value_name = "CASE")]
    pub cases: Vec<String>,
    /// Targets, as for `run` [default: every ref-*-bare and ref-*-pr].
    #[arg(long = "target", short, value_name = "T")]
    pub targets: Vec<String>,
    /// How many targets run at the same time [default: one on each core].
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
}

/// `sprig export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The folder to write: it is created, or must be empty.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Cases, as for `run` [default: all].
    #[arg(value_name = "CASE")]
    pub cases: Vec<String>,
    /// The target whose goldens and expectations the results are judged by, one with KVM.
    #[arg(long, short, value_name = "T", default_value = crate::target::kvm::Local::ID)]
    pub target: String,
    /// The CPU of the host it is for, for kvm-local [default: this machine's; e500v2 where this is no PowerPC].
    #[arg(long, value_parser = host_cpus())]
    pub cpu: Option<String>,
}

fn host_cpus() -> clap::builder::PossibleValuesParser {
    crate::target::kvm::Local::cpus().collect::<Vec<_>>().into()
}

/// `sprig targets`.
#[derive(Debug, Args)]
pub struct Targets {
    /// Only those that boot a Linux host, each with the name of its kernel in ci/l1/kernels.toml, for scripts.
    #[arg(long)]
    pub host_kernels: bool,
}

/// `sprig list`.
#[derive(Debug, Args)]
pub struct List {
    /// The rules with their sources, the cases that cite each, the targets that exercise it, and the mutants that break
    /// it.
    #[arg(long, group = "what")]
    pub rules: bool,
    /// The documents the rules are from, sentence by sentence: the rules that cover each, or why none does.
    #[arg(long, group = "what")]
    pub sentences: bool,
    /// What the cases reach: each register, page field, hypercall and patch entry by state, way and moment.
    #[arg(long, group = "what")]
    pub coverage: bool,
    /// The features that cases can need, as a table for the language reference.
    #[arg(long, group = "what")]
    pub features: bool,
}

/// `sprig check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Scripts [default: the whole suite, with its rules, expectations, differences and goldens].
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// `sprig repro`.
#[derive(Debug, Args)]
pub struct Repro {
    /// The case: its name, or the path of a `.probe` file, with `@` and its parameters if it has any. `alias-desync` is
    /// a story with targets of its own.
    #[arg(value_name = "CASE")]
    pub case: String,
    /// The target; a case needs one, a story has its own.
    #[arg(long, short, value_name = "T")]
    pub target: Option<String>,
    /// A build that runs instead of the target's own.
    #[command(flatten)]
    pub build: Build,
    /// Count the exits of each step on a target that counts only those of a whole case, by one run per step.
    #[arg(long)]
    pub exits: bool,
    /// Have the printed command stop the guest before its first instruction and wait for gdb, on a port of this machine
    /// alone.
    #[arg(long)]
    pub gdb: bool,
    /// Have the printed command write a trace of every instruction and interrupt.
    #[arg(long)]
    pub trace: bool,
}

/// `sprig gate`.
#[derive(Debug, Args)]
#[command(after_help = GATE_STATUS)]
pub struct Gate {
    /// Cases, as for `run` [default: all].
    #[arg(value_name = "CASE")]
    pub cases: Vec<String>,
    /// The target whose part was built.
    #[arg(long, short, value_name = "T")]
    pub target: String,
    /// What was built.
    #[command(flatten)]
    pub build: Build,
    /// A build of the same part to compare with: only differences are reported, and what it breaks the other may break
    /// too.
    #[arg(long, value_name = "PATH")]
    pub baseline: Option<PathBuf>,
    /// Fail on everything that is reported, also on changes that break no rule and known failures that are gone.
    #[arg(long)]
    pub strict: bool,
    /// How the results are printed.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

const GATE_STATUS: &str = "\
Exit status: 0 not worse than allowed; 1 a rule is broken, or the target crashes or hangs, and neither the \
expectations nor the baseline list it, or a listed case fails differently; 2 wrong usage, which `git bisect run` takes for a bad commit: try the command line \
once by hand; 125 there is no such build, it does not boot or has no KVM, or an error left it undecided \
(`git bisect run` skips such a commit).";

/// What was built: one of these.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct Build {
    /// A Linux kernel image, for the host of a KVM target.
    #[arg(long, value_name = "IMAGE")]
    pub kernel: Option<PathBuf>,
    /// A qemu-system-ppc or qemu-system-ppc64, or the folder it was built in.
    #[arg(long, value_name = "PATH")]
    pub qemu: Option<PathBuf>,
    /// A firmware image, for a target that starts the guest through it.
    #[arg(long, value_name = "FILE")]
    pub firmware: Option<PathBuf>,
}

/// `sprig bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// Measure only the operations of these targets: exits and cost of each, by trap and by page [default: what the
    /// whole suite costs on the reference, on QEMU's ppce500 and on kvm-e500v2, as far as they are here, and the
    /// operations of ref-e500v2-pr].
    #[arg(long = "target", short, value_name = "T")]
    pub targets: Vec<String>,
}

/// `sprig fuzz`.
#[derive(Debug, Args)]
#[command(after_help = FUZZ_STATUS)]
pub struct Fuzz {
    /// The target.
    #[arg(long, short, value_name = "T")]
    pub target: String,
    /// A build that is tried instead of the target's own.
    #[command(flatten)]
    pub build: Build,
    /// What it is compared with where no rule decides, a target of the same CPU [default: the reference as that
    /// machine].
    #[arg(long, value_name = "REFERENCE")]
    pub against: Option<String>,
    /// Decides what the scripts are [default: another one each time; it is printed].
    #[arg(long)]
    pub seed: Option<u64>,
    /// How many scripts, beginning with those of single things [default: 4000].
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Continue until so many seconds of CPU time are used, the target's included.
    #[arg(long, visible_alias = "time", value_name = "S", conflicts_with = "count", value_parser = clap::value_parser!(u64).range(1..))]
    pub cpu_seconds: Option<u64>,
    /// A folder for findings, one `.probe` file each; it is created if needed.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How the outcome is printed.
    #[arg(long, value_enum, default_value_t)]
    pub format: OutcomeFormat,
}

const FUZZ_STATUS: &str = "\
Exit status: 0 nothing new was found; 1 something was; 2 wrong usage; 125 the target cannot run, or an error left \
some scripts undecided.";

/// How an outcome that is not a list of verdicts is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum OutcomeFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object.
    Json,
}

/// `sprig mutants`.
#[derive(Debug, Args)]
#[command(after_help = MUTANTS_STATUS)]
pub struct Mutants {
    /// Mutants: names (`alias-not-reloaded`), layers (`page`), or globs (`map-*`) [default: all].
    #[arg(value_name = "MUTANT")]
    pub mutants: Vec<String>,
    /// A CPU of the reference; may be given several times [default: each mutant on the first that it concerns, and on
    /// the next if it survives there].
    #[arg(long = "cpu", value_name = "CPU", value_parser = reference_cpus())]
    pub cpus: Vec<String>,
    /// Leave out these cases: names, areas or globs, as for `run`. What survives then shows what they are needed for.
    #[arg(long, value_name = "CASE")]
    pub without: Vec<String>,
    /// How many mutants run at the same time [default: one on each core].
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Run nothing, and show what each mutant does and which known bug it stands for.
    #[arg(long)]
    pub list: bool,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t)]
    pub format: OutcomeFormat,
}

const MUTANTS_STATUS: &str = "\
Exit status: 0 every mutant is killed, or equivalent with a reason; 1 one survives; 2 wrong usage; \
125 nothing could be judged, since cases fail on the right hypervisor too.";

fn reference_cpus() -> clap::builder::PossibleValuesParser {
    Model::all().map(|model| model.label).collect::<Vec<_>>().into()
}

/// `sprig lockstep`.
#[derive(Debug, Args)]
#[command(after_help = LOCKSTEP_STATUS)]
pub struct Lockstep {
    /// The CPU [default: each].
    #[arg(long, value_parser = lockstep_cpus())]
    pub cpu: Option<String>,
    /// Seed of the first random program; each further one has the next number.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many random programs, in addition to the one that moves every special register.
    #[arg(long, default_value_t = 10)]
    pub programs: u64,
    /// How often each instruction occurs in a program.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// Compare the guest image for ppce500 with the suite's cases instead.
    #[arg(long, conflicts_with_all = ["cpu", "seed", "programs", "rounds"])]
    pub image: bool,
    /// With --image: an area of cases; may be given several times.
    #[arg(long = "area", value_name = "AREA", requires = "image", default_values = crate::lockstep::image::AREAS)]
    pub areas: Vec<String>,
    /// With --image: stop after this many instructions.
    #[arg(long, requires = "image", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Continue after a difference, from QEMU's state, and list each kind once.
    #[arg(long)]
    pub all: bool,
}

const LOCKSTEP_STATUS: &str = "\
Exit status: 0 no difference but known ones, and every instruction executed; 1 a difference; 2 wrong usage; \
125 nothing could be compared.";

fn lockstep_cpus() -> clap::builder::PossibleValuesParser {
    MODELS.iter().map(|model| model.name).collect::<Vec<_>>().into()
}
