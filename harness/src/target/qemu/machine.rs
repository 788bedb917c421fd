//! The QEMU machines, one row each, and how the guest gets into them.
//!
//! A platform is added by a row here and a file in guest-kernel/src/platform (docs/adding.md).

use crate::feature::Feature;
use crate::target::image::{self, Image};

/// How the guest gets control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The machine, or the firmware in it, starts the image as its kernel.
    Kernel,
    /// The image is put into memory and the CPU's reset state points at its entry: no firmware runs.
    Loader,
}

/// One machine of QEMU.
#[derive(Debug)]
pub struct Machine {
    /// Its name in target names.
    pub name: &'static str,
    /// Arguments that choose it.
    pub arguments: &'static [&'static str],
    /// Its memory, bytes: QEMU's default.
    pub memory: u64,
    /// The guest image for it.
    pub image: Image,
    /// How the guest gets control.
    pub start: Start,
    /// What it declares in addition to the CPU's features.
    pub features: &'static [Feature],
    /// The CPUs it is run with.
    pub models: &'static [Model],
}

/// A CPU in a machine.
#[derive(Debug)]
pub struct Model {
    /// Last part of the target's name.
    pub label: &'static str,
    /// Its name in `sprig_isa::cpu::CPUS`.
    pub cpu: &'static str,
    /// Its name for `-cpu`.
    pub qemu: &'static str,
}

const MIB: u64 = 1 << 20;

const fn model(label: &'static str, cpu: &'static str, qemu: &'static str) -> Model {
    Model { label, cpu, qemu }
}

/// A pseries machine without the mitigations that TCG does not have; it refuses to start otherwise.
macro_rules! pseries {
    ($more:literal) => {
        concat!("pseries", $more, ",cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off")
    };
}
pub(in crate::target) use pseries;

/// Every machine.
pub static MACHINES: &[Machine] = &[
    Machine {
        name: "ppce500",
        arguments: &["-M", "ppce500"],
        memory: 128 * MIB,
        image: image::PPCE500,
        start: Start::Kernel,
        features: &[Feature::Bare, Feature::Reset],
        models: &[
            model("e500v2", "e500v2", "e500v2"),
            model("e500mc", "e500mc", "e500mc"),
            model("e5500", "e5500", "e5500"),
            model("e6500", "e6500", "e6500"),
        ],
    },
    Machine {
        name: "bamboo",
        // A reset is how a 440 powers off: see the platform.
        arguments: &["-M", "bamboo", "-no-reboot"],
        memory: 128 * MIB,
        image: image::BAMBOO,
        start: Start::Kernel,
        features: &[Feature::Bare],
        models: &[model("440ep", "440", "440EP")],
    },
    Machine {
        name: "mac99",
        arguments: &["-M", "mac99"],
        memory: 128 * MIB,
        image: image::MAC,
        start: Start::Loader,
        features: &[Feature::Bare, Feature::Reset],
        models: &[model("7447", "7447", "7447"), model("750", "750", "750"), model("970fx", "970", "970fx")],
    },
    Machine {
        name: "pseries",
        // Virtual Open Firmware: QEMU itself answers the few client calls, nothing runs before the guest.
        arguments: &["-M", pseries!(",x-vof=on,kernel-addr=0")],
        memory: 512 * MIB,
        image: image::PSERIES,
        start: Start::Kernel,
        features: &[Feature::Bare, Feature::Reset],
        models: &[
            model("power8", "power8", "power8"),
            model("power9", "power9", "power9"),
            model("power10", "power10", "power10"),
        ],
    },
    Machine {
        name: "pseries",
        arguments: &["-M", pseries!(",x-vof=on,kernel-addr=0")],
        memory: 512 * MIB,
        image: image::PSERIES_64,
        start: Start::Kernel,
        features: &[Feature::Bare, Feature::Reset, Feature::Wide],
        models: &[model("power8-64", "power8", "power8")],
    },
    Machine {
        name: "pseries",
        arguments: &["-M", pseries!(",x-vof=on,kernel-addr=0")],
        memory: 512 * MIB,
        image: image::PSERIES_64LE,
        start: Start::Kernel,
        features: &[Feature::Bare, Feature::Reset, Feature::Wide, Feature::LittleEndian],
        models: &[model("power8-64le", "power8", "power8")],
    },
    Machine {
        name: "mac99",
        arguments: &["-M", "mac99"],
        memory: 128 * MIB,
        image: image::MAC_OPENBIOS,
        start: Start::Kernel,
        features: &[Feature::Bare, Feature::Firmware],
        models: &[model("openbios", "7447", "7447")],
    },
    Machine {
        name: "pseries",
        arguments: &["-M", pseries!(",kernel-addr=0")],
        memory: 512 * MIB,
        image: image::PSERIES,
        start: Start::Kernel,
        features: &[Feature::Bare, Feature::Firmware],
        models: &[model("slof", "power8", "power8")],
    },
];
