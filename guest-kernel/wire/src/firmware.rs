//! Firmware calls: the client interface of Open Firmware (IEEE 1275), as far as scripts use it.
//!
//! On a target that starts through real firmware the guest calls its client interface handler. The minimal board has a
//! stand-in, part of the guest kernel, that has memory and stack at the address of the magic page as OpenBIOS does.
//! Elsewhere a case that needs it is skipped.

/// One call.
#[derive(Debug)]
pub struct Service {
    /// Name in scripts.
    pub name: &'static str,
    /// Number in the bytecode.
    pub number: u16,
    /// Number of arguments a script gives.
    pub arguments: u8,
    /// Number of results.
    pub results: u8,
}

/// Every call. `finddevice-root` asks for the package handle of "/"; `milliseconds` is the smallest call of all; `exit`
/// is not here, since a guest that leaves cannot report; `translate` asks the firmware's MMU package about an effective
/// address: 1 and the physical address and mode, or three zeros where it translates nothing.
pub static SERVICES: &[Service] = &[
    Service { name: "finddevice-root", number: 1, arguments: 0, results: 1 },
    Service { name: "milliseconds", number: 2, arguments: 0, results: 1 },
    Service { name: "translate", number: 3, arguments: 1, results: 3 },
    Service { name: "claim", number: 4, arguments: 2, results: 1 },
    Service { name: "has-hypervisor-node", number: 5, arguments: 0, results: 1 },
];

impl Service {
    /// The call of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        SERVICES.iter().find(|service| service.name == name)
    }
}
