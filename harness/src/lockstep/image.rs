//! Our own guest image as a subject: from its entry through a batch of cases to power-off.
//!
//! The image is the one for QEMU's ppce500, the only machine of QEMU's with an image of ours whose CPU this comparison
//! knows and whose devices all lie in one window. The reference has none of them: see [`Scope::devices`]. Left out are
//! cases that wait for a timer, since QEMU's follow the host's clock, and those that do nothing for millions of
//! instructions.

use super::compare::{End, Scope};
use super::elf::Segment;
use super::run::Subject;
use crate::case::Case;
use crate::suite::{Mistake, Suite};
use crate::target::image::{self, ImageError};
use crate::target::{self, Unprepared};
use sprig_wire::bytecode::{self, Op};
use sprig_wire::layout::BATCH_BASE;
use std::path::Path;

/// The CPU it is compared on.
pub const CPU: &str = "e500v2";
/// The target whose cases these are.
const TARGET: &str = "qemu-ppce500-e500v2";
/// Where the image maps the device registers, and their size (guest-kernel/src/platform/ppce500.rs).
const DEVICES: u64 = 0xe000_0000;
const DEVICES_SIZE: u64 = 0x10_0000;
/// Its last store: the data register of the GPIO pin that switches the machine off.
const POWER_OFF: u64 = DEVICES + 0xf_f008;
/// Many times what the cases take.
const LIMIT: u64 = 50_000_000;

/// The folders of `cases/` whose cases are compared: all but those that wait for time, `irq`.
pub const AREAS: &[&str] = &["alias", "exception", "firmware", "hcall", "mmu", "page", "patch", "spr"];

/// Rounds of a delay above which it holds the CPU for nothing but time.
const DELAY_MAX: u32 = 100_000;

/// True if a case has a long delay. Bytecode that cannot be read is none of ours: the guest says so in both.
fn holds(case: &Case) -> bool {
    let mut rest = case.parts.ops.as_slice();
    while let Ok((step, used)) = bytecode::decode(rest) {
        if matches!(step.op, Op::Spin { count } if count > DELAY_MAX) {
            return true;
        }
        rest = rest.get(used..).unwrap_or_default();
    }
    false
}

/// The image could not be made a subject.
#[derive(Debug, thiserror::Error)]
pub enum ImageSubjectError {
    /// There is no image.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The cases cannot be used.
    #[error("{}", .0.iter().map(Mistake::to_string).collect::<String>())]
    Suite(Vec<Mistake>),
    /// There is no such area of cases.
    #[error("there is no area `{0}`")]
    Area(String),
    /// A case cannot be assembled.
    #[error("{0}")]
    Case(String),
    /// The cases do not fit a batch.
    #[error(transparent)]
    Batch(#[from] Unprepared),
    /// There is no such target.
    #[error("there is no target {TARGET}")]
    Target,
}

/// The image with the cases below these folders of `cases/`.
///
/// # Errors
/// [`ImageSubjectError`] where something of it is not there.
pub fn subject<A: AsRef<str>>(root: &Path, areas: &[A]) -> Result<Subject, ImageSubjectError> {
    let target = target::by_id(TARGET).ok_or(ImageSubjectError::Target)?;
    let profile = target.profile();
    let suite = Suite::load(root).map_err(ImageSubjectError::Suite)?;
    let is_below = |name: &str, area: &str| name.strip_prefix(area).is_some_and(|rest| rest.starts_with('/'));
    if let Some(area) = areas.iter().find(|area| !suite.instances().any(|case| is_below(case.name(), area.as_ref()))) {
        return Err(ImageSubjectError::Area(area.as_ref().to_owned()));
    }
    let in_area = |name: &str| areas.iter().any(|area| is_below(name, area.as_ref()));
    let cases = suite
        .instances()
        .filter(|instance| in_area(instance.name()) && instance.missing(&profile).is_none())
        .map(|instance| instance.assemble(&profile).map_err(|error| ImageSubjectError::Case(error.to_string())))
        .collect::<Result<Vec<Case>, _>>()?;
    let cases: Vec<&Case> = cases.iter().filter(|case| !holds(case)).collect();
    let batch = target::batch(&cases, false).map_err(Unprepared::from)?;
    Ok(Subject {
        file: image::PPCE500.bytes()?.into_owned(),
        placed: Some(Segment { address: BATCH_BASE, bytes: batch }),
        scope: Scope { end: End::Store(POWER_OFF), limit: LIMIT, devices: DEVICES..DEVICES + DEVICES_SIZE },
    })
}
