//! The L1 machines, one row each: what QEMU emulates, and the Linux kernels with KVM that run on it.

use crate::feature::Feature;
use crate::target::image::{self, Image};

/// One machine with a PowerPC Linux host.
#[derive(Debug)]
pub struct Machine {
    /// Arguments that choose it and its memory.
    pub arguments: &'static [&'static str],
    /// Its CPU's name for `-cpu`.
    pub qemu_cpu: &'static str,
    /// The guest's CPU in `sprig_isa::cpu::CPUS`. That is its host's on the embedded families; on the others KVM-PR shows the
    /// one that it is asked for.
    pub cpu: &'static str,
    /// Console and what else the kernel has to be told.
    pub kernel_arguments: &'static str,
    /// The program that is its first process.
    pub vmm: Image,
    /// The guest image.
    pub guest: Image,
    /// Last part of the names of its goldens.
    pub mode: &'static str,
    /// What its KVM declares beside the CPU's features.
    pub features: &'static [Feature],
    /// The kernels it is run with.
    pub kernels: &'static [Kernel],
}

/// A kernel on a machine: a target.
#[derive(Debug)]
pub struct Kernel {
    /// The target's name.
    pub target: &'static str,
    /// The kernel's in ci/l1/kernels.toml.
    pub name: &'static str,
}

const fn kernel(target: &'static str, name: &'static str) -> Kernel {
    Kernel { target, name }
}

/// What KVM-PR declares on every machine. Exits are counted, but not by step; the critical line is not KVM_INTERRUPT's to
/// move.
const PR: &[Feature] = &[
    Feature::Hypercall,
    Feature::MagicPage,
    Feature::Host,
    Feature::Ioctl,
    Feature::Reset,
    Feature::External,
    Feature::EmulatedHost,
];

/// Every machine.
pub static MACHINES: &[Machine] = &[
    Machine {
        arguments: &["-M", "ppce500", "-m", "128"],
        qemu_cpu: "e500v2",
        cpu: "e500v2",
        kernel_arguments: "console=ttyS0",
        vmm: image::VMM,
        guest: image::BOARD,
        mode: "pr",
        features: PR,
        kernels: &[
            kernel("kvm-e500v2", "e500v2-6.12"),
            kernel("kvm-e500v2-unpatched", "e500v2-6.12-unpatched"),
            kernel("kvm-cured-e500v2", "e500v2-6.12-cured"),
        ],
    },
    Machine {
        // OpenBIOS needs to be told that there is no screen. The calendar, which CUDA is asked for, is the machine's own: with the real one two
        // runs do not take the same interrupts.
        arguments: &[
            "-M",
            "mac99",
            "-m",
            "128",
            "-nographic",
            "-vga",
            "none",
            "-net",
            "none",
            "-rtc",
            "base=2000-01-01,clock=vm",
        ],
        qemu_cpu: "7447",
        cpu: "7447",
        kernel_arguments: "console=ttyS0",
        vmm: image::VMM,
        guest: image::BOARD,
        mode: "pr",
        features: PR,
        kernels: &[
            kernel("kvm-book3s32-pr", "book3s32-6.12"),
            kernel("kvm-book3s32-pr-unpatched", "book3s32-6.12-unpatched"),
        ],
    },
];
