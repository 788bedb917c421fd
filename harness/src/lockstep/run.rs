//! One program in both: QEMU started, its trace read while it runs, the reference kept in step.

use super::compare::{Comparison, End, OnDifference, Scope, Verdict};
use super::elf::Segment;
use super::program::Program;
use super::reference::Reference;
use super::trace::{Malformed, Parser};
use crate::target::qemu::file::{path_of, unnamed};
use crate::target::qemu::{self, StreamError};
use sprig_isa::cpu::Cpu;
use sprig_refhv::image::{Image, ImageError};
use std::ffi::OsString;
use std::io;

/// The program that has the 32-bit CPUs.
const QEMU: &str = "qemu-system-ppc";
/// That has the 64-bit ones.
const QEMU_64: &str = "qemu-system-ppc64";
/// No device but the CPU's, every instruction a block of its own, the registers printed before each block, on standard
/// output. Without `nochain` blocks would run on into each other and not be printed.
const ALWAYS: &[&str] = &[
    "-nodefaults",
    "-no-user-config",
    "-display",
    "none",
    "-monitor",
    "none",
    "-serial",
    "null",
    "-accel",
    "tcg,one-insn-per-tb=on",
    "-d",
    "cpu,nochain",
    "-D",
    "/dev/stdout",
];

/// A CPU that can be compared, and the machine QEMU has it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its name.
    pub name: &'static str,
    qemu: &'static str,
    /// What `-M` and `-cpu` are told.
    machine: &'static str,
    model: &'static str,
    /// Options that load a program and start it, with `{}` for its file.
    load: &'static [&'static str],
}

/// Every CPU that can be compared.
pub static MODELS: &[Model] = &[
    Model { name: "e500v2", qemu: QEMU, machine: "ppce500", model: "e500v2", load: &["-kernel", "{}"] },
    Model { name: "7447", qemu: QEMU, machine: "mac99", model: "7447", load: LOADER },
    Model { name: "970", qemu: QEMU_64, machine: "mac99", model: "970fx", load: LOADER },
];

/// The program is in memory and the CPU at its entry, whatever the machine's firmware is.
const LOADER: &[&str] = &["-device", "loader,file={},cpu-num=0"];

impl Model {
    /// The CPU.
    #[must_use]
    pub fn cpu(&self) -> Option<&'static Cpu> {
        Cpu::by_name(self.name)
    }

    fn arguments(&self, file: &str) -> Vec<OsString> {
        let load = self.load.iter().map(|word| word.replace("{}", file));
        let words = ["-M", self.machine, "-cpu", self.model].map(str::to_owned).into_iter().chain(load);
        ALWAYS.iter().map(OsString::from).chain(words.map(OsString::from)).collect()
    }
}

/// A comparison that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// QEMU did not do its part.
    #[error(transparent)]
    Qemu(#[from] StreamError),
    /// QEMU's trace is malformed.
    #[error(transparent)]
    Trace(#[from] Malformed),
    /// The program does not fit.
    #[error("the program cannot be loaded: {0}")]
    Program(#[from] ImageError),
    /// A file could not be written.
    #[error("cannot write the program: {0}")]
    File(#[from] io::Error),
    /// There is no such CPU.
    #[error("there is no CPU {0}")]
    Model(&'static str),
    /// QEMU and the comparison stopped, and neither says why.
    #[error("the comparison ended without a verdict: a mistake in Sprig")]
    NoVerdict,
    /// The program is too large.
    #[error("the program is too large for an ELF file")]
    TooLarge,
}

/// Says what is not installed, if something is missing.
#[must_use]
pub fn missing() -> Option<StreamError> {
    [QEMU, QEMU_64].into_iter().find_map(qemu::missing)
}

/// What runs in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// An ELF file.
    pub file: Vec<u8>,
    /// What else is put into memory.
    pub placed: Option<Segment>,
    /// What is compared of it.
    pub scope: Scope,
}

impl Subject {
    /// A program of [`super::program`], all of it.
    ///
    /// # Errors
    /// [`RunError::TooLarge`] if it does not fit an ELF file.
    pub fn program(program: &Program) -> Result<Self, RunError> {
        let scope = Scope { end: End::At(program.end.into()), limit: program.limit, devices: 0..0 };
        Ok(Self { file: program.elf().ok_or(RunError::TooLarge)?, placed: None, scope })
    }
}

/// Runs a subject in QEMU and in the reference.
///
/// # Errors
/// [`RunError`] if there was nothing to compare. A difference is not an error.
pub fn run(model: &Model, subject: &Subject, on_difference: OnDifference) -> Result<(Verdict, Comparison), RunError> {
    let cpu = model.cpu().ok_or(RunError::Model(model.name))?;
    let reference = Reference::new(cpu, &Image::parse(&subject.file)?, subject.placed.as_ref())?;
    let file = unnamed(&subject.file)?;
    let mut arguments = model.arguments(&path_of(&file).to_string_lossy());
    let placed = subject.placed.as_ref().map(|placed| Ok::<_, io::Error>((placed.address, unnamed(&placed.bytes)?)));
    let placed = placed.transpose()?;
    if let Some((address, file)) = &placed {
        let device = format!("loader,file={},addr={address:#x},force-raw=on", path_of(file).display());
        arguments.extend(["-device".into(), device.into()]);
    }
    let mut comparison = Comparison::new(reference, subject.scope.clone(), on_difference);
    let mut parser = Parser::new(cpu);
    let mut ended = None;
    let streamed = qemu::stream(model.qemu, &arguments, &mut |bytes| {
        let mut verdict = None;
        let heard = parser.hear(bytes, &mut |record| {
            verdict = comparison.take(record);
            verdict.is_none()
        });
        ended = heard.map(|_| verdict).transpose();
        ended.is_none()
    });
    if let (None, Err(StreamError::Ended { .. })) = (&ended, &streamed) {
        // A machine that switches itself off does so right after the store that tells it to.
        parser.finish(&mut |record| {
            ended = comparison.take(record).map(Ok);
            true
        });
    }
    match (ended, streamed) {
        (Some(verdict), _) => Ok((verdict?, comparison)),
        (None, Err(error)) => Err(error.into()),
        (None, Ok(())) => Err(RunError::NoVerdict),
    }
}
