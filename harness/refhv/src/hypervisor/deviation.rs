//! Wrong on purpose: what a hypervisor does otherwise than it should, to see whether the suite notices.

/// When the hardware's alias registers are loaded from the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AliasReload {
    /// At every entry of the guest, as the contract has it: the page and the alias agree after an exit.
    #[default]
    AtEntry,
    /// Never: the guest reads what the registers held at power-on.
    Never,
}

/// What a hypervisor does otherwise than it should.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deviations {
    /// When alias registers are loaded.
    pub alias_reload: AliasReload,
    /// Two registers of the page (by the numbers of their cells) that are loaded into each other's alias.
    pub swapped_aliases: Option<(u16, u16)>,
}

impl Deviations {
    /// None: the reference.
    pub const NONE: Self = Self { alias_reload: AliasReload::AtEntry, swapped_aliases: None };

    /// The register an alias is loaded from.
    #[inline]
    pub(super) fn source_of(self, cell: u16) -> u16 {
        match self.swapped_aliases {
            Some((a, b)) if cell == a => b,
            Some((a, b)) if cell == b => a,
            _ => cell,
        }
    }
}
