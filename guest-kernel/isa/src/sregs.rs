//! What `struct kvm_sregs` says that it holds (arch/powerpc/include/uapi/asm/kvm.h): a hypervisor that leaves a bit out
//! has user space leave those registers behind.

/// Bits of the member `features`, and values of `impl_id`.
pub static NAMES: &[(&str, u32)] = &[
    ("KVM_SREGS_E_BASE", BASE),
    ("KVM_SREGS_E_ARCH206", ARCH206),
    ("KVM_SREGS_E_IVOR", IVOR),
    ("KVM_SREGS_E_ARCH206_MMU", ARCH206_MMU),
    ("KVM_SREGS_E_ED", ED),
    ("KVM_SREGS_E_SPE", SPE),
    ("KVM_SREGS_E_PM", PM),
    ("KVM_SREGS_E_IMPL_FSL", IMPL_FSL),
];

/// CSRR0 and 1, ESR, DEAR, MCSR, TSR, TCR, DEC, the time base, VRSAVE.
pub const BASE: u32 = 1 << 0;
/// PIR, MCSRR0 and 1, DECAR, IVPR.
pub const ARCH206: u32 = 1 << 1;
/// The interrupts' vectors.
pub const IVOR: u32 = 1 << 5;
/// The MAS registers and the MMU's configuration.
pub const ARCH206_MMU: u32 = 1 << 6;
/// Enhanced debug: DSRR0 and 1.
pub const ED: u32 = 1 << 8;
/// SPE: its interrupts' vectors.
pub const SPE: u32 = 1 << 9;
/// The performance monitor: its interrupt's vector.
pub const PM: u32 = 1 << 14;

/// `impl_id` of Freescale's cores: SVR, HID0 and others are in `impl.fsl`.
pub const IMPL_FSL: u32 = 1;
