//! The KVM and ePAPR hypercall interface (Documentation/virt/kvm/ppc-pv.rst; uapi/asm/epapr_hcalls.h;
//! uapi/asm/kvm_para.h).
//!
//! In: r11 token, r3-r10 arguments. Out: r3 status, r4-r11 results. Volatile: r0, r3-r12, CR, XER, CTR, LR. A guest
//! asks the hypervisor which instructions make the call; KVM-PR and e500v2 answer with [`KVM_SC_SEQUENCE`].

/// Value of r0 that tells a hypercall from the guest's own system call: "KVM!" as ASCII (KVM_SC_MAGIC_R0).
pub const KVM_SC_MAGIC_R0: u32 = 0x4b56_4d21;

/// Register that holds the token.
pub const TOKEN_REGISTER: u8 = 11;

/// Vendor half of a token (EV_*_VENDOR_ID).
pub const EPAPR_VENDOR: u32 = 1;
/// Vendor half of a token: Freescale (EV_FSL_VENDOR_ID).
pub const FSL_VENDOR: u32 = 2;
/// Vendor half of a token: KVM (EV_KVM_VENDOR_ID).
pub const KVM_VENDOR: u32 = 42;

const fn token(vendor: u32, number: u32) -> u32 {
    vendor << 16 | number
}

/// One hypercall, by name.
#[derive(Debug)]
pub struct Hypercall {
    /// Its name in the kernel's headers.
    pub name: &'static str,
    /// Its token.
    pub token: u32,
}

/// Which paravirtual features there are: r4 = bit set of KVM_FEATURE_*.
pub const KVM_HC_FEATURES: u32 = token(KVM_VENDOR, 3);
/// Map the magic page: r3 = guest physical address, r4 = effective address | flags (powerpc.c, kvmppc_kvm_pv;
/// ppc-pv.rst names the two the wrong way round). Answer: r3 = status, r4 = KVM_MAGIC_FEAT_* bits.
pub const KVM_HC_PPC_MAP_MAGIC_PAGE: u32 = token(KVM_VENDOR, 4);
/// Idle until an interrupt (uapi/asm/epapr_hcalls.h).
pub const EV_IDLE: u32 = token(EPAPR_VENDOR, 16);

/// Hypercalls with a name in scripts: KVM's (uapi/linux/kvm_para.h) and ePAPR's (uapi/asm/epapr_hcalls.h).
pub static HYPERCALLS: &[Hypercall] = &[
    Hypercall { name: "KVM_HC_FEATURES", token: KVM_HC_FEATURES },
    Hypercall { name: "KVM_HC_PPC_MAP_MAGIC_PAGE", token: KVM_HC_PPC_MAP_MAGIC_PAGE },
    Hypercall { name: "KVM_HC_KICK_CPU", token: token(KVM_VENDOR, 5) },
    Hypercall { name: "EV_BYTE_CHANNEL_SEND", token: token(EPAPR_VENDOR, 1) },
    Hypercall { name: "EV_BYTE_CHANNEL_RECEIVE", token: token(EPAPR_VENDOR, 2) },
    Hypercall { name: "EV_BYTE_CHANNEL_POLL", token: token(EPAPR_VENDOR, 3) },
    Hypercall { name: "EV_INT_SET_CONFIG", token: token(EPAPR_VENDOR, 4) },
    Hypercall { name: "EV_INT_GET_CONFIG", token: token(EPAPR_VENDOR, 5) },
    Hypercall { name: "EV_INT_SET_MASK", token: token(EPAPR_VENDOR, 6) },
    Hypercall { name: "EV_INT_GET_MASK", token: token(EPAPR_VENDOR, 7) },
    Hypercall { name: "EV_INT_IACK", token: token(EPAPR_VENDOR, 9) },
    Hypercall { name: "EV_INT_EOI", token: token(EPAPR_VENDOR, 10) },
    Hypercall { name: "EV_INT_SEND_IPI", token: token(EPAPR_VENDOR, 11) },
    Hypercall { name: "EV_INT_SET_TASK_PRIORITY", token: token(EPAPR_VENDOR, 12) },
    Hypercall { name: "EV_INT_GET_TASK_PRIORITY", token: token(EPAPR_VENDOR, 13) },
    Hypercall { name: "EV_DOORBELL_SEND", token: token(EPAPR_VENDOR, 14) },
    Hypercall { name: "EV_MSGSND", token: token(EPAPR_VENDOR, 15) },
    Hypercall { name: "EV_IDLE", token: EV_IDLE },
];

/// KVM_FEATURE_MAGIC_PAGE: bit number in KVM_HC_FEATURES' answer.
pub const KVM_FEATURE_MAGIC_PAGE: u32 = 1;
/// KVM_MAGIC_FEAT_SR: the page holds the segment registers.
pub const KVM_MAGIC_FEAT_SR: u32 = 1 << 0;
/// KVM_MAGIC_FEAT_MAS0_TO_SPRG7: the page holds MAS0-7, ESR, PIR and SPRG4-7.
pub const KVM_MAGIC_FEAT_MAS0_TO_SPRG7: u32 = 1 << 1;
/// MAGIC_PAGE_FLAG_NOT_MAPPED_NX: the guest does not execute from a page it maps no-execute.
pub const MAGIC_PAGE_FLAG_NOT_MAPPED_NX: u32 = 1 << 0;
/// The part of r4 that is flags.
pub const MAGIC_PAGE_FLAGS: u32 = 0xfff;

/// A status a hypercall returns in r3 (uapi/asm/epapr_hcalls.h).
#[derive(Debug)]
pub struct Status {
    /// Its name in the header.
    pub name: &'static str,
    /// Its value.
    pub value: u32,
}

/// The call worked.
pub const EV_SUCCESS: u32 = 0;
/// No such hypercall.
pub const EV_UNIMPLEMENTED: u32 = 12;

/// Every status ePAPR names.
pub static STATUSES: &[Status] = &[
    Status { name: "EV_SUCCESS", value: EV_SUCCESS },
    Status { name: "EV_EPERM", value: 1 },
    Status { name: "EV_ENOENT", value: 2 },
    Status { name: "EV_EIO", value: 3 },
    Status { name: "EV_EAGAIN", value: 4 },
    Status { name: "EV_ENOMEM", value: 5 },
    Status { name: "EV_EFAULT", value: 6 },
    Status { name: "EV_ENODEV", value: 7 },
    Status { name: "EV_EINVAL", value: 8 },
    Status { name: "EV_INTERNAL", value: 9 },
    Status { name: "EV_CONFIG", value: 10 },
    Status { name: "EV_INVALID_STATE", value: 11 },
    Status { name: "EV_UNIMPLEMENTED", value: EV_UNIMPLEMENTED },
    Status { name: "EV_BUFFER_OVERFLOW", value: 13 },
];

/// The instructions of the hypercall sequence without its final no-op: lis r0,0x4b56; ori r0,r0,0x4d21; sc
/// (powerpc.c, kvm_vm_ioctl_get_pvinfo).
pub const KVM_SC_SEQUENCE: [u32; 3] = {
    const LIS_R0: u32 = 15 << 26;
    const ORI_R0: u32 = 24 << 26;
    const SC: u32 = 17 << 26 | 2;
    [LIS_R0 | KVM_SC_MAGIC_R0 >> 16, ORI_R0 | KVM_SC_MAGIC_R0 & 0xffff, SC]
};

/// PAPR hypercalls: what the guest kernel needs on pseries, and what scripts and the reference know (LoPAR, appendix "Hypercall opcodes").
pub mod papr {
    /// The level of a system call that is a hypercall: `sc` with LEV = 1 (Power ISA 2.07 Book III-S, "System Linkage
    /// Instructions").
    pub const LEV: u32 = 1;
    /// What a guest of KVM-PR makes the call by where the host's own hypervisor has `sc 1`: an instruction that no CPU
    /// has, of primary opcode 31 and extended opcode 308 (arch/powerpc/kvm/book3s_emulate.c, OP_31_XOP_FAKE_SC1).
    pub const FAKE_SC_1: u32 = 31 << 26 | 308 << 1;
    /// The register that says which call it is (LoPAR, "Hypervisor call conventions").
    pub const TOKEN_REGISTER: u8 = 3;
    /// Status: the call worked (LoPAR, table "Hypervisor call return code values").
    pub const H_SUCCESS: i64 = 0;
    /// Status: there is no such call.
    pub const H_FUNCTION: i64 = -2;
    /// Status: not from this state.
    pub const H_PRIVILEGE: i64 = -3;
    /// Status: an argument is wrong, without saying which.
    pub const H_PARAMETER: i64 = -4;
    /// Status: no entry of the group is free.
    pub const H_PTEG_FULL: i64 = -6;
    /// Status: there is no such entry.
    pub const H_NOT_FOUND: i64 = -7;
    /// Status: what the call needs is in use, or not there.
    pub const H_RESOURCE: i64 = -16;
    /// Status: the second argument is wrong.
    pub const H_P2: i64 = -55;
    /// Status: the third.
    pub const H_P3: i64 = -56;
    /// Status: the fourth.
    pub const H_P4: i64 = -57;
    /// Status: a flag is not known, here the first one there is.
    pub const H_UNSUPPORTED_FLAG: i64 = -256;
    /// Status: not for this partition.
    pub const H_UNSUPPORTED: i64 = -67;

    /// H_ENTER: insert a hashed page table entry.
    pub const H_ENTER: u32 = 0x08;
    /// H_REMOVE: remove a hashed page table entry.
    pub const H_REMOVE: u32 = 0x04;
    /// H_READ: read a hashed page table entry.
    pub const H_READ: u32 = 0x0c;
    /// H_PROTECT: change the rights of a hashed page table entry.
    pub const H_PROTECT: u32 = 0x18;
    /// H_BULK_REMOVE: remove up to four hashed page table entries.
    pub const H_BULK_REMOVE: u32 = 0x124;
    /// H_LOGICAL_CI_STORE: store to a device, of a partition whose real mode does not reach it; bytes, address, value.
    pub const H_LOGICAL_CI_STORE: u32 = 0x40;
    /// H_REGISTER_PROC_TBL: tell the hypervisor where the process table is; flags, address, page size, log2 of its size
    /// in pages.
    pub const H_REGISTER_PROC_TBL: u32 = 0x37c;
    /// H_REGISTER_PROC_TBL: there is a new table (asm/hvcall.h, and so the next two).
    pub const PROC_TABLE_NEW: u32 = 0x18;
    /// H_REGISTER_PROC_TBL: translation is by radix trees.
    pub const PROC_TABLE_RADIX: u32 = 0x04;
    /// H_REGISTER_PROC_TBL: the partition invalidates translations itself.
    pub const PROC_TABLE_GTSE: u32 = 0x01;
    /// H_SET_MODE: choose a mode of the CPU that is the hypervisor's to choose (LoPAR, "H_SET_MODE"; asm/hvcall.h).
    pub const H_SET_MODE: u32 = 0x31c;
    /// H_SET_MODE: which mode, the byte order in which interrupts are taken.
    pub const SET_MODE_RESOURCE_LE: u32 = 4;
    /// H_SET_MODE: interrupts are taken in big-endian mode.
    pub const SET_MODE_BIG_ENDIAN: u32 = 0;
    /// H_SET_MODE: interrupts are taken in little-endian mode.
    pub const SET_MODE_LITTLE_ENDIAN: u32 = 1;
    /// H_PUT_TERM_CHAR: write up to 16 bytes to a virtual terminal.
    pub const H_PUT_TERM_CHAR: u32 = 0x58;
    /// H_RTAS: QEMU's and VOF's entry to the run-time abstraction services.
    pub const H_RTAS: u32 = 0xf000;
    /// H_CLEAR_MOD: clear the C bit of a hashed page table entry.
    pub const H_CLEAR_MOD: u32 = 0x10;
    /// H_CLEAR_REF: clear the R bit of a hashed page table entry.
    pub const H_CLEAR_REF: u32 = 0x14;
    /// H_PAGE_INIT: zero a page, or copy another one to it.
    pub const H_PAGE_INIT: u32 = 0x2c;
    /// H_LOGICAL_CI_LOAD: load from a device; bytes, address.
    pub const H_LOGICAL_CI_LOAD: u32 = 0x3c;
    /// H_RANDOM: a random number.
    pub const H_RANDOM: u32 = 0x300;
    /// H_RPT_INVALIDATE: remove translations of a radix tree.
    pub const H_RPT_INVALIDATE: u32 = 0x448;
    /// H_REGISTER_VPA: give the hypervisor an area, a log or a buffer of a processor, or take it back.
    pub const H_REGISTER_VPA: u32 = 0xdc;
    /// H_CEDE: have nothing to do until an interrupt.
    pub const H_CEDE: u32 = 0xe0;
    /// H_CONFER: lend the processor to another one.
    pub const H_CONFER: u32 = 0xe4;
    /// H_PROD: wake a processor that has ceded.
    pub const H_PROD: u32 = 0xe8;
    /// A number that no call has (those of H_RTAS and the like begin after it): KVM leaves it to user space, which
    /// refuses it.
    pub const UNKNOWN: u32 = 0xfffc;

    /// Bit number `n` of a doubleword as LoPAR counts them.
    const fn bit(n: u32) -> u64 {
        1 << (u64::BITS - 1 - n)
    }

    /// H_ENTER: this very entry, not any of its group (LoPAR, table "Page frame table access flags", and so the next
    /// three).
    pub const H_EXACT: u64 = bit(24);
    /// H_READ: four entries.
    pub const H_READ_4: u64 = bit(26);
    /// H_REMOVE, H_PROTECT: only if its AVPN is that of r6.
    pub const H_AVPN: u64 = bit(32);
    /// H_REMOVE: only if its first doubleword has none of the bits of r6.
    pub const H_ANDCOND: u64 = bit(33);
    /// H_PAGE_INIT: zero the page (asm/hvcall.h, and so the next one).
    pub const H_ZERO_PAGE: u64 = bit(48);
    /// H_PAGE_INIT: copy the other page.
    pub const H_COPY_PAGE: u64 = bit(49);

    /// A request of H_BULK_REMOVE, and the answer in its place (arch/powerpc/kvm/book3s_pr_papr.c, H_BULK_REMOVE_TYPE
    /// and others).
    pub mod bulk_remove {
        /// What a doubleword is: one of the next three.
        pub const TYPE: u64 = 0xc000_0000_0000_0000;
        /// A request.
        pub const REQUEST: u64 = 0x4000_0000_0000_0000;
        /// An answer.
        pub const RESPONSE: u64 = 0x8000_0000_0000_0000;
        /// The end of the requests.
        pub const END: u64 = 0xc000_0000_0000_0000;
        /// What came of a request: one of the next two, or zero where the entry is removed.
        pub const CODE: u64 = 0x3000_0000_0000_0000;
        /// There is no such entry.
        pub const NOT_FOUND: u64 = 0x1000_0000_0000_0000;
        /// There is no such place.
        pub const PARM: u64 = 0x2000_0000_0000_0000;
        /// R and C of the entry that is removed.
        pub const RC: u64 = 0x0c00_0000_0000_0000;
        /// The conditions of a request: [`AVPN`] and [`ANDCOND`].
        pub const FLAGS: u64 = 0x0300_0000_0000_0000;
        /// As [`H_AVPN`](super::H_AVPN).
        pub const AVPN: u64 = 0x0200_0000_0000_0000;
        /// As [`H_ANDCOND`](super::H_ANDCOND).
        pub const ANDCOND: u64 = 0x0100_0000_0000_0000;
        /// Which entry.
        pub const PTEX: u64 = 0x00ff_ffff_ffff_ffff;
    }

    /// A number with a name in scripts.
    #[derive(Debug)]
    pub struct Named {
        /// Its name in the kernel's header.
        pub name: &'static str,
        /// Its value; a status that is less than zero is its two's complement.
        pub value: u64,
    }

    const fn named(name: &'static str, value: u64) -> Named {
        Named { name, value }
    }

    const fn status(name: &'static str, value: i64) -> Named {
        named(name, value.cast_unsigned())
    }

    /// The calls that scripts name, as in asm/hvcall.h.
    pub static CALLS: &[Named] = &[
        named("H_REMOVE", H_REMOVE as u64),
        named("H_ENTER", H_ENTER as u64),
        named("H_READ", H_READ as u64),
        named("H_CLEAR_MOD", H_CLEAR_MOD as u64),
        named("H_CLEAR_REF", H_CLEAR_REF as u64),
        named("H_PROTECT", H_PROTECT as u64),
        named("H_PAGE_INIT", H_PAGE_INIT as u64),
        named("H_LOGICAL_CI_LOAD", H_LOGICAL_CI_LOAD as u64),
        named("H_LOGICAL_CI_STORE", H_LOGICAL_CI_STORE as u64),
        named("H_PUT_TERM_CHAR", H_PUT_TERM_CHAR as u64),
        named("H_REGISTER_VPA", H_REGISTER_VPA as u64),
        named("H_CEDE", H_CEDE as u64),
        named("H_CONFER", H_CONFER as u64),
        named("H_PROD", H_PROD as u64),
        named("H_BULK_REMOVE", H_BULK_REMOVE as u64),
        named("H_RANDOM", H_RANDOM as u64),
        named("H_SET_MODE", H_SET_MODE as u64),
        named("H_RPT_INVALIDATE", H_RPT_INVALIDATE as u64),
    ];

    /// What else scripts name: flags and statuses as in asm/hvcall.h, requests of H_BULK_REMOVE as in
    /// arch/powerpc/kvm/book3s_pr_papr.c.
    pub static NAMES: &[Named] = &[
        named("PAPR_UNKNOWN", UNKNOWN as u64),
        named("H_EXACT", H_EXACT),
        named("H_READ_4", H_READ_4),
        named("H_AVPN", H_AVPN),
        named("H_ANDCOND", H_ANDCOND),
        named("H_ZERO_PAGE", H_ZERO_PAGE),
        named("H_COPY_PAGE", H_COPY_PAGE),
        named("H_SET_MODE_RESOURCE_SET_CIABR", 1),
        named("H_SET_MODE_RESOURCE_SET_DAWR0", 2),
        named("H_SET_MODE_RESOURCE_ADDR_TRANS_MODE", 3),
        named("H_SET_MODE_RESOURCE_LE", SET_MODE_RESOURCE_LE as u64),
        named("H_SET_MODE_RESOURCE_SET_DAWR1", 5),
        named("H_BULK_REMOVE_REQUEST", bulk_remove::REQUEST),
        named("H_BULK_REMOVE_RESPONSE", bulk_remove::RESPONSE),
        named("H_BULK_REMOVE_END", bulk_remove::END),
        named("H_BULK_REMOVE_TYPE", bulk_remove::TYPE),
        named("H_BULK_REMOVE_NOT_FOUND", bulk_remove::NOT_FOUND),
        named("H_BULK_REMOVE_CODE", bulk_remove::CODE),
        named("H_BULK_REMOVE_RC", bulk_remove::RC),
        named("H_BULK_REMOVE_AVPN", bulk_remove::AVPN),
        named("H_BULK_REMOVE_ANDCOND", bulk_remove::ANDCOND),
        named("H_VPA_FUNC_SHIFT", 45),
        named("H_VPA_REG_VPA", 1),
        named("H_VPA_REG_DTL", 2),
        named("H_VPA_REG_SLB", 3),
        named("H_VPA_DEREG_VPA", 5),
        named("H_VPA_DEREG_DTL", 6),
        named("H_VPA_DEREG_SLB", 7),
        status("H_SUCCESS", H_SUCCESS),
        status("H_FUNCTION", H_FUNCTION),
        status("H_PRIVILEGE", H_PRIVILEGE),
        status("H_PARAMETER", H_PARAMETER),
        status("H_PTEG_FULL", H_PTEG_FULL),
        status("H_NOT_FOUND", H_NOT_FOUND),
        status("H_RESOURCE", H_RESOURCE),
        status("H_P2", H_P2),
        status("H_P3", H_P3),
        status("H_P4", H_P4),
        status("H_UNSUPPORTED", H_UNSUPPORTED),
        status("H_UNSUPPORTED_FLAG_START", H_UNSUPPORTED_FLAG),
    ];
}
