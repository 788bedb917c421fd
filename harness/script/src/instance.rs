//! A case with the values of its parameters: what it needs of a target, and what it runs.

use super::assemble;
use super::check::{Checked, expected_by};
use super::diagnostic::Diagnostics;
use super::guard::Guard;
use super::program::Program;
use super::resolve::{self, Need, Shared};
use super::setting::{BuiltIn, ByteOrder, GuestWord, Setting};
use super::{Script, Text};
use sprig_judge::case::{Case, Profile, SourceFile};
use sprig_judge::feature::{Feature, FeatureSet};
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

/// A script with its parameters' values.
#[derive(Clone, Debug)]
pub struct Instance {
    text: Arc<Text>,
    setting: Arc<Setting>,
    name: String,
    needs: Arc<[(Guard, Need)]>,
    /// As it was resolved when the script was read: for the word size it asks for, or the narrower where it asks for
    /// none.
    program: Arc<Program>,
}

/// Why a case cannot run on a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Features it does not have.
    Features(FeatureSet),
    /// Something its CPU does not have, in words.
    Cpu(String),
    /// A guest kernel that is built as the case asks.
    Kernel(&'static str),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Features(features) => {
                let names: Vec<_> = features.iter().map(Feature::name).collect();
                write!(f, "needs {}", names.join(", "))
            }
            Self::Cpu(reason) => f.write_str(reason),
            Self::Kernel(kind) => write!(f, "needs a {kind} guest kernel"),
        }
    }
}

/// A case was not assembled.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// The target lacks something.
    #[error("{0}")]
    Missing(Missing),
    /// The case is too large for the guest.
    #[error(transparent)]
    TooLarge(Diagnostics),
}

impl Instance {
    pub(super) fn new(text: Arc<Text>, checked: Checked) -> Self {
        let name = format!("{}{}", text.name, checked.suffix);
        let (setting, program) = (Arc::new(checked.setting), Arc::new(checked.program));
        Self { text, setting, name, needs: checked.needs.into(), program }
    }

    /// `area/case` or `area/case@parameters`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rules it tests, the default one first.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.text.tree.header.rules.iter().map(|rule| rule.text.as_str())
    }

    /// It is known to end some target: runs alone, last.
    #[must_use]
    pub fn kills(&self) -> bool {
        self.text.tree.header.kills.is_some()
    }

    /// The file.
    #[must_use]
    pub fn source(&self) -> &Arc<SourceFile> {
        &self.text.source
    }

    /// The parameters that every script has.
    #[must_use]
    pub fn built_in(&self) -> BuiltIn {
        self.setting.built_in
    }

    /// What a target must have: the header's features and those of the guest kernel.
    #[must_use]
    pub fn needs(&self) -> FeatureSet {
        let mut features: FeatureSet = self.text.tree.header.needs.iter().map(|(feature, _)| *feature).collect();
        if self.setting.built_in.word == Some(GuestWord::Bits64) {
            features.insert(Feature::Wide);
        }
        if self.setting.built_in.order == Some(ByteOrder::Little) {
            features.insert(Feature::LittleEndian);
        }
        features
    }

    /// What the target lacks, if it lacks something: a feature, a guest kernel of that kind, or a register that a line
    /// for it names.
    #[must_use]
    pub fn missing(&self, profile: &Profile) -> Option<Missing> {
        let features = self.needs().without(profile.features);
        if !features.is_empty() {
            return Some(Missing::Features(features));
        }
        let BuiltIn { word, order, .. } = self.setting.built_in;
        if word == Some(GuestWord::Bits32) && profile.features.contains(Feature::Wide) {
            return Some(Missing::Kernel("32-bit"));
        }
        if order == Some(ByteOrder::Big) && profile.features.contains(Feature::LittleEndian) {
            return Some(Missing::Kernel("big-endian"));
        }
        let here = self.needs.iter().filter(|(guard, _)| guard.holds(profile.features));
        here.filter_map(|(_, need)| need.missing(profile)).next().map(Missing::Cpu)
    }

    /// The rules by which it expects something of a target with these features.
    #[must_use]
    pub fn expects_by(&self, features: FeatureSet) -> BTreeSet<&str> {
        let Text { tree, .. } = self.text.as_ref();
        let mut found = BTreeSet::new();
        let default = tree.header.rules.first().map(|rule| rule.text.as_str());
        expected_by(&tree.body, Some(features), default, &mut found);
        found
    }

    /// The case for a target.
    ///
    /// # Errors
    /// [`AssembleError`] where the target lacks something the case needs, or the case is larger than the guest's
    /// memory.
    pub fn assemble(&self, profile: &Profile) -> Result<Case, AssembleError> {
        self.assembler().assemble(profile)
    }

    /// The same for several targets.
    #[must_use]
    pub fn assembler(&self) -> Assembler<'_> {
        Assembler { instance: self, wider: None }
    }

    /// Resolves it for a guest kernel of a wider word than when it was read.
    fn resolve(&self, built_in: BuiltIn) -> Program {
        let Text { source, tree, .. } = self.text.as_ref();
        let mut declared = HashMap::new();
        resolve::declare(&tree.body, &mut declared);
        let setting = Setting { built_in, ..self.setting.as_ref().clone() };
        // The script was resolved without a mistake when it was read, and a wider word only gives values more room.
        resolve::resolve(&source.text, tree, &declared, &setting, &mut Shared::default()).0
    }
}

/// Assembles one case for one target after the other. Resolving its names costs more than the rest, and its outcome is
/// the same for all guest kernels of one word size.
#[derive(Debug)]
pub struct Assembler<'a> {
    instance: &'a Instance,
    /// Resolved for the wider word, once a target has asked for that.
    wider: Option<Program>,
}

impl Assembler<'_> {
    /// The case for a target.
    ///
    /// # Errors
    /// As [`Instance::assemble`].
    pub fn assemble(&mut self, profile: &Profile) -> Result<Case, AssembleError> {
        let instance = self.instance;
        if let Some(missing) = instance.missing(profile) {
            return Err(AssembleError::Missing(missing));
        }
        let Text { source, tree, .. } = instance.text.as_ref();
        let built_in = instance.setting.built_in.on(profile.features);
        let program = if built_in.word() == instance.setting.built_in.word() {
            instance.program.as_ref()
        } else {
            self.wider.get_or_insert_with(|| instance.resolve(built_in))
        };
        let assembled = assemble::assemble(&source.text, program, profile, &built_in)
            .map_err(|error| AssembleError::TooLarge(Diagnostics::new(Arc::clone(source), vec![error])))?;
        Ok(Case {
            name: instance.name.clone(),
            source: Arc::clone(source),
            rules: tree.header.rules.iter().map(|rule| rule.text.clone()).collect(),
            kills: tree.header.kills.is_some(),
            steps: assembled.steps,
            checks: assembled.checks,
            parts: assembled.parts,
        })
    }
}

impl Script {
    /// The instance of this name.
    #[must_use]
    pub fn instance(&self, name: &str) -> Option<&Instance> {
        self.instances.iter().find(|instance| instance.name == name)
    }
}
