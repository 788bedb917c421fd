//! What the VMM is told in addition to its files: arguments `name=value`, in any order.

use crate::ioctl::VM_TYPE_DEFAULT;
use crate::watchdog::PATIENCE;

/// The arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options<'a> {
    /// `patience=20`: tenths of a second that a machine may be without progress.
    pub patience: u32,
    /// `counted=1`: the host's clock counts instructions.
    pub counted: bool,
    /// `aside=1`: the listener reads this program's memory too.
    pub aside: bool,
    /// `label=...`: printed before anything else.
    pub label: Option<&'a str>,
    /// What the machines are.
    pub kind: Kind,
}

/// What the host's machines are, where it can have several kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// `type=2`: the VM's, for KVM_CREATE_VM.
    pub vm_type: usize,
    /// `pvr=0x3c0301`: the CPU that the guest finds, where its host can show it another than its own: KVM-HV cannot.
    pub pvr: Option<u32>,
    /// `papr=1`: the guest is a PAPR partition, its page table its hypervisor's and reached by hypercalls.
    pub papr: bool,
    /// `radix=1`: it translates by a radix tree, as its host does. KVM-HV alone can have that.
    pub radix: bool,
}

impl Default for Kind {
    fn default() -> Self {
        Self { vm_type: VM_TYPE_DEFAULT, pvr: None, papr: false, radix: false }
    }
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { patience: PATIENCE, counted: false, aside: false, label: None, kind: Kind::default() }
    }
}

impl<'a> Options<'a> {
    /// Reads the arguments.
    ///
    /// # Errors
    /// The first one that is not known, or whose value is no number.
    pub fn parse(arguments: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        let mut options = Self::default();
        arguments.into_iter().try_for_each(|argument| options.take(argument).ok_or(argument))?;
        Ok(options)
    }

    fn take(&mut self, argument: &'a str) -> Option<()> {
        match argument.split_once('=')? {
            ("patience", tenths) => self.patience = tenths.parse().ok()?,
            ("counted", "1") => self.counted = true,
            ("aside", "1") => self.aside = true,
            ("label", text) => self.label = Some(text),
            ("type", number) => self.kind.vm_type = number.parse().ok()?,
            ("pvr", pvr) => self.kind.pvr = Some(u32::from_str_radix(pvr.strip_prefix("0x")?, 16).ok()?),
            ("papr", "1") => self.kind.papr = true,
            ("radix", "1") => self.kind.radix = true,
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_argument_is_taken_in_any_order_and_may_be_missing() {
        assert_eq!(Options::parse([]), Ok(Options::default()));
        let kind = Kind { vm_type: 2, pvr: Some(0x003c_0301), papr: true, radix: true };
        let all = Options { patience: 20, counted: true, aside: true, label: Some("a=b c"), kind };
        assert_eq!(
            Options::parse([
                "type=2",
                "label=a=b c",
                "papr=1",
                "radix=1",
                "counted=1",
                "aside=1",
                "pvr=0x3c0301",
                "patience=20"
            ]),
            Ok(all)
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for argument in [
            "20",
            "patience",
            "patience=",
            "patience=-1",
            "pvr=0x",
            "pvr=3c0301",
            "pvr=0x123456789",
            "tpye=2",
            "papr=2",
        ] {
            assert_eq!(Options::parse(["aside=1", argument, "counted=1"]), Err(argument));
        }
    }
}
