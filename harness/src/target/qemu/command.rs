//! The command line of a session.

use super::machine::{Machine, Model, Start};
use crate::target::ByHand;
use sprig_wire::layout::BATCH_BASE;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// What every machine is started with: no device that was not asked for, no window, no monitor, the serial line on
/// standard output, instructions translated even where KVM would be there.
const ALWAYS: &[&str] = &["-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none", "-serial", "stdio"];

/// The files of a session.
#[derive(Debug)]
pub(super) struct Files<'a> {
    pub(super) image: &'a Path,
    pub(super) batch: &'a Path,
    /// Instead of the machine's own.
    pub(super) firmware: Option<&'a Path>,
    /// What the machine has as its memory, if the harness is to read it.
    pub(super) memory: Option<&'a Path>,
}

/// Arguments that every session begins with.
pub(in crate::target) fn common() -> Vec<OsString> {
    ALWAYS.iter().map(OsString::from).collect()
}

/// Arguments for a person's debugger and trace; `folder` is for what is written.
pub(in crate::target) fn debugging(how: &ByHand, folder: &Path) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = Vec::new();
    if how.trace {
        arguments.extend(["-d", "cpu,int,nochain", "-D"].map(OsString::from));
        arguments.push(folder.join("trace.log").into_os_string());
    }
    if how.gdb {
        arguments.extend(["-S", "-gdb", "tcp:127.0.0.1:1234"].map(OsString::from));
    }
    arguments
}

/// Arguments for a session; `by_hand`: one that a person starts, with the folder for what it writes.
pub(super) fn arguments(
    machine: &Machine,
    model: &Model,
    files: &Files<'_>,
    by_hand: Option<(&ByHand, &Path)>,
) -> Vec<OsString> {
    let mut arguments = common();
    arguments.extend(machine.arguments.iter().map(OsString::from));
    arguments.extend(["-cpu", model.qemu].map(OsString::from));
    if let Some(firmware) = files.firmware {
        arguments.extend(["-bios".into(), firmware.as_os_str().to_owned()]);
    }
    if let Some(memory) = files.memory {
        arguments.extend(shared(memory, machine.memory));
    }
    let is_traced = by_hand.is_some_and(|(how, _)| how.trace);
    arguments.extend(["-accel", if is_traced { "tcg,one-insn-per-tb=on" } else { "tcg" }].map(OsString::from));
    match machine.start {
        Start::Kernel => arguments.extend(["-kernel".into(), files.image.as_os_str().to_owned()]),
        Start::Loader => arguments.extend(["-device".into(), loader(files.image, ",cpu-num=0")]),
    }
    arguments.extend(["-device".into(), loader(files.batch, &format!(",addr={BATCH_BASE:#x},force-raw=on"))]);
    arguments.extend(by_hand.into_iter().flat_map(|(how, folder)| debugging(how, folder)));
    arguments
}

/// Id of the memory backend.
const MEMORY: &str = "memory";

/// Arguments by which a file is the machine's memory: what is stored there can be read from it at once, at its physical
/// address.
pub(in crate::target) fn shared(file: &Path, bytes: u64) -> [OsString; 4] {
    let name = escaped(file);
    let backend = format!("memory-backend-file,id={MEMORY},size={bytes},share=on,mem-path={name}");
    ["-object".into(), backend.into(), "-machine".into(), format!("memory-backend={MEMORY}").into()]
}

/// A loader device: puts a file into guest memory before the first instruction.
fn loader(file: &Path, rest: &str) -> OsString {
    let name = escaped(file);
    format!("loader,file={name}{rest}").into()
}

/// A file's name in an option of QEMU's, whose syntax wants a comma doubled.
fn escaped(file: &Path) -> String {
    file.to_string_lossy().replace(',', ",,")
}

/// The command as one would type it.
pub(in crate::target) fn line(program: &Path, arguments: &[OsString]) -> String {
    let words = std::iter::once(program.as_os_str()).chain(arguments.iter().map(OsString::as_os_str));
    shell_words::join(words.map(OsStr::to_string_lossy))
}
