//! The L1 machines, one row each: what QEMU emulates, the guest kernel, and the Linux kernels with KVM that run it.

use crate::feature::{Feature, FeatureSet};
use crate::target::image::{self, Image};
use crate::target::qemu::pseries;
use crate::target::{Backend, HostProgram};
use sprig_isa::cpu::{Cpu, Family};

/// A machine that QEMU emulates for a PowerPC Linux host.
#[derive(Debug)]
pub struct Host {
    /// Arguments that choose it.
    pub arguments: &'static [&'static str],
    /// Its memory, MiB.
    pub memory: u64,
    /// Its CPU's name for `-cpu`.
    pub qemu_cpu: &'static str,
    /// Console and what else the kernel has to be told.
    pub kernel_arguments: &'static str,
    /// The program that is its first process.
    pub vmm: Image,
    /// Why two sessions of the same cases may differ in a byte although QEMU counts instructions; none: they do not.
    pub unrepeatable: Option<&'static str>,
}

/// A guest kernel on such a host.
#[derive(Debug)]
pub struct Machine {
    /// The host.
    pub host: &'static Host,
    /// The guest's CPU in `sprig_isa::cpu::CPUS`. That is its host's on the embedded families and under KVM-HV; on the
    /// others KVM-PR shows the one that it is asked for.
    pub cpu: &'static str,
    /// The guest image.
    pub guest: Image,
    /// How its KVM runs the guest.
    pub backend: Backend,
    /// What the guest kernel declares.
    pub guest_features: &'static [Feature],
    /// The kernels it is run with.
    pub kernels: &'static [Kernel],
}

impl Machine {
    /// What it declares with this CPU.
    #[must_use]
    pub fn features(&self, cpu: &Cpu) -> FeatureSet {
        let of_cpu = FeatureSet::of_cpu(cpu);
        let of_kvm = match self.backend {
            Backend::Pr if cpu.family == Family::Book3s64 => {
                FeatureSet::of(PR).union(FeatureSet::of(&[Feature::FakeSc1]))
            }
            Backend::Pr => FeatureSet::of(PR),
            Backend::Hv | Backend::HvRadix => FeatureSet::of(HV),
        };
        let lacks: &[Feature] = if self.backend == Backend::HvRadix { &[Feature::Hashed] } else { &[] };
        of_cpu.without(FeatureSet::of(lacks)).union(of_kvm).union(FeatureSet::of(self.guest_features))
    }

    /// What runs on the host.
    #[must_use]
    pub const fn program(&self, cpu: &'static Cpu) -> HostProgram {
        HostProgram { vmm: self.host.vmm, guest: self.guest, cpu, backend: self.backend }
    }
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

/// What KVM-PR declares on every machine. Exits are counted, but not by step; the critical line is not KVM_INTERRUPT's
/// to move.
const PR: &[Feature] = &[
    Feature::Hypercall,
    Feature::MagicPage,
    Feature::Host,
    Feature::Ioctl,
    Feature::Reset,
    Feature::External,
    Feature::EmulatedHost,
];

/// What KVM-HV declares: neither KVM's hypercalls nor a magic page. Its guest has the CPU itself, as on the bare
/// machine.
const HV: &[Feature] =
    &[Feature::Bare, Feature::Host, Feature::Ioctl, Feature::Reset, Feature::External, Feature::EmulatedHost];

static PPCE500: Host = Host {
    arguments: &["-M", "ppce500"],
    memory: 128,
    qemu_cpu: "e500v2",
    kernel_arguments: "console=ttyS0",
    vmm: image::VMM,
    unrepeatable: None,
};

static MAC99: Host = Host {
    // OpenBIOS needs to be told that there is no screen. The calendar, which CUDA is asked for, is the machine's own:
    // with the real one two runs do not take the same interrupts.
    arguments: &["-M", "mac99", "-nographic", "-vga", "none", "-net", "none", "-rtc", "base=2000-01-01,clock=vm"],
    memory: 128,
    qemu_cpu: "7447",
    kernel_arguments: "console=ttyS0",
    vmm: image::VMM,
    unrepeatable: None,
};

/// A 64-bit host that is a partition.
const PSERIES: Host = Host {
    arguments: &["-M", pseries!(",x-vof=on"), "-rtc", "base=2000-01-01,clock=vm"],
    memory: 512,
    qemu_cpu: "power8",
    kernel_arguments: "console=hvc0",
    vmm: image::VMM_64LE,
    unrepeatable: None,
};

static PSERIES_POWER8: Host = PSERIES;

/// KVM-PR knows hashed page tables only, its host's too.
static PSERIES_POWER9: Host = Host { qemu_cpu: "power9", kernel_arguments: "console=hvc0 disable_radix", ..PSERIES };

/// A machine that is no partition. Without a management controller it cannot be switched off.
macro_rules! powernv {
    ($machine:literal) => {
        &[
            "-M",
            $machine,
            "-device",
            "ipmi-bmc-sim,id=bmc0",
            "-device",
            "isa-ipmi-bt,bmc=bmc0,irq=10",
            "-rtc",
            "base=2000-01-01,clock=vm",
        ]
    };
}

/// A 64-bit host whose guests' `sc 1` is its own to answer.
const POWERNV8_HOST: Host = Host {
    arguments: powernv!("powernv8"),
    memory: 1024,
    unrepeatable: Some(
        "its management controller tells the real time in spite of -icount and -rtc clock=vm (QEMU's ipmi_gettime), which firmware \
         and kernel read: sessions that begin in different seconds differ in the exits they count",
    ),
    ..PSERIES
};

/// A partition that is a host itself: what it runs, it has its own hypervisor enter (H_ENTER_NESTED).
static PSERIES_NESTED: Host = Host {
    arguments: &["-M", pseries!(",x-vof=on,cap-nested-hv=on"), "-rtc", "base=2000-01-01,clock=vm"],
    memory: 1024,
    qemu_cpu: "power9",
    ..PSERIES
};

static POWERNV8: Host = POWERNV8_HOST;

/// The same machine with a POWER9, whose KVM-HV gives its guests hashed page tables as the host itself has one then.
static POWERNV9: Host = Host {
    arguments: powernv!("powernv9"),
    memory: 1024,
    qemu_cpu: "power9",
    kernel_arguments: "console=hvc0 disable_radix",
    ..POWERNV8_HOST
};

/// A guest of KVM-PR with the host's own word size, or without a choice.
const fn pr(host: &'static Host, cpu: &'static str, kernels: &'static [Kernel]) -> Machine {
    Machine { host, cpu, guest: image::BOARD, backend: Backend::Pr, guest_features: &[], kernels }
}

/// A guest of KVM-HV.
const fn hv(host: &'static Host, cpu: &'static str, kernels: &'static [Kernel]) -> Machine {
    Machine { backend: Backend::Hv, ..pr(host, cpu, kernels) }
}

/// A guest of KVM-HV that translates by a radix tree.
const fn radix(host: &'static Host, cpu: &'static str, kernels: &'static [Kernel]) -> Machine {
    Machine { backend: Backend::HvRadix, ..pr(host, cpu, kernels) }
}

/// The same with a 64-bit big-endian guest.
const fn wide(machine: Machine) -> Machine {
    Machine { guest: image::BOARD_64, guest_features: &[Feature::Wide], ..machine }
}

/// The same with a 64-bit little-endian guest.
const fn little(machine: Machine) -> Machine {
    Machine { guest: image::BOARD_64LE, guest_features: &[Feature::Wide, Feature::LittleEndian], ..machine }
}

/// Every machine.
pub static MACHINES: &[Machine] = &[
    pr(
        &PPCE500,
        "e500v2",
        &[
            kernel("kvm-e500v2", "e500v2-6.12"),
            kernel("kvm-e500v2-unpatched", "e500v2-6.12-unpatched"),
            kernel("kvm-e500v2-6.1", "e500v2-6.1"),
            kernel("kvm-e500v2-6.1-unpatched", "e500v2-6.1-unpatched"),
            kernel("kvm-cured-e500v2", "e500v2-6.12-cured"),
        ],
    ),
    pr(
        &MAC99,
        "7447",
        &[
            kernel("kvm-book3s32-pr", "book3s32-6.12"),
            kernel("kvm-book3s32-pr-unpatched", "book3s32-6.12-unpatched"),
            kernel("kvm-cured-book3s32-pr", "book3s32-6.12-cured"),
        ],
    ),
    pr(
        &PSERIES_POWER8,
        "power8",
        &[kernel("kvm-book3s64-pr", "book3s64-6.12"), kernel("kvm-cured-book3s64-pr", "book3s64-6.12-cured")],
    ),
    pr(&PSERIES_POWER9, "power8", &[kernel("kvm-book3s64-pr-power9", "book3s64-6.12")]),
    pr(&POWERNV8, "power8", &[kernel("kvm-book3s64-pr-powernv8", "book3s64-6.12")]),
    wide(pr(
        &PSERIES_POWER8,
        "power8",
        &[kernel("kvm-book3s64-pr-64", "book3s64-6.12"), kernel("kvm-cured-book3s64-pr-64", "book3s64-6.12-cured")],
    )),
    little(pr(&PSERIES_POWER8, "power8", &[kernel("kvm-book3s64-pr-64le", "book3s64-6.12")])),
    wide(pr(&PSERIES_POWER9, "power8", &[kernel("kvm-book3s64-pr-power9-64", "book3s64-6.12")])),
    little(pr(&PSERIES_POWER9, "power8", &[kernel("kvm-book3s64-pr-power9-64le", "book3s64-6.12")])),
    wide(pr(&POWERNV8, "power8", &[kernel("kvm-book3s64-pr-powernv8-64", "book3s64-6.12")])),
    little(pr(&POWERNV8, "power8", &[kernel("kvm-book3s64-pr-powernv8-64le", "book3s64-6.12")])),
    hv(&POWERNV9, "power9", &[kernel("kvm-book3s64-hv-powernv9", "book3s64-64k-6.12")]),
    wide(hv(&POWERNV9, "power9", &[kernel("kvm-book3s64-hv-powernv9-64", "book3s64-64k-6.12")])),
    little(hv(&POWERNV9, "power9", &[kernel("kvm-book3s64-hv-powernv9-64le", "book3s64-64k-6.12")])),
    radix(&PSERIES_NESTED, "power9", &[kernel("kvm-book3s64-hv-nested", "book3s64-6.12")]),
];
