//! /dev/kvm, and the kernel's side of a virtual machine: its file descriptors, and the ioctls that make it the board's.

use crate::linux::{self, Backing, ioctl};
use crate::memory::{HashTable, Mapping};
use core::ops::Range;
use core::ptr;
use sprig_isa::mmu::hash64;
use sprig_isa::{capability, one_reg::HIOR};
use sprig_kvm::ioctl as request;
use sprig_kvm::options::Kind;
use sprig_kvm::registers::{Family, Sregs, one_reg};
use sprig_kvm::system::{
    CREATE_VM, EINTR, EINVAL, EPROTO, EnableCap, Errno, Failure, GetHtabFd, MemoryRegion, MmuV3, OPEN_KVM, OneReg,
};
use sprig_kvm::{htab, tlb};
use sprig_wire::layout::RAM_SIZE;

/// Number of the vCPU: a kernel for one CPU allows no other.
pub(crate) const VCPU: usize = 0;
/// And of the slot that has the guest's memory, or its beginning.
pub(crate) const MEMORY_SLOT: u32 = 0;

/// /dev/kvm, open.
#[derive(Clone, Copy)]
pub(crate) struct Kvm {
    file: usize,
    pub(crate) kind: Kind,
    pub(crate) family: Family,
    /// Bytes of a vCPU's `struct kvm_run` with what follows it.
    run_size: usize,
    /// Bytes of a page of the host's.
    pub(crate) page_size: usize,
}

/// Bytes of a page of the guest's that is in a page table, and so the least of the host's under KVM-HV: it refuses
/// entries of larger pages than those in which it has the guest's memory (`kvmppc_do_h_enter`,
/// arch/powerpc/kvm/book3s_hv_rm_mmu.c).
const HASHED_PAGE: usize = 1 << hash64::SHIFT_64K;

impl Kvm {
    pub(crate) fn open(kind: Kind, page_size: usize) -> Result<Self, Failure> {
        if kind.vm_type == request::VM_TYPE_HV && !kind.radix && page_size < HASHED_PAGE {
            return Err(EINVAL.of("no KVM-HV that takes the guest's pages of 64 KiB, since the host's are smaller"));
        }
        let file = linux::open(c"/dev/kvm", true).map_err(|errno| errno.of(OPEN_KVM))?;
        // SAFETY: neither takes an argument.
        let (version, run_size) =
            unsafe { (ioctl(file, request::GET_API_VERSION, 0), ioctl(file, request::GET_VCPU_MMAP_SIZE, 0)) };
        if version != Ok(request::API_VERSION) {
            return Err(version.err().unwrap_or(Errno(0)).of("no KVM of version 12: KVM_GET_API_VERSION"));
        }
        let run_size = run_size.map_err(|errno| errno.of("KVM_GET_VCPU_MMAP_SIZE"))?;
        // Either tells the family, should a kernel deny one of them.
        let is_embedded = [capability::SW_TLB, capability::PPC_BOOKE_SREGS].iter().any(|capability| {
            // SAFETY: it takes the capability's number.
            let answer = unsafe { ioctl(file, request::CHECK_EXTENSION, *capability as usize) };
            !matches!(answer, Ok(0) | Err(_))
        });
        let family = if is_embedded { Family::Embedded } else { Family::Server };
        Ok(Self { file, kind, family, run_size, page_size })
    }

    pub(crate) fn is_hv(self) -> bool {
        self.kind.vm_type == request::VM_TYPE_HV
    }
}

/// A file descriptor, closed when it is dropped.
pub(crate) struct File(pub(crate) usize);

impl Drop for File {
    fn drop(&mut self) {
        linux::close(self.0);
    }
}

/// Where a machine's translations are that user space keeps for the kernel.
pub(crate) enum Translations {
    /// An embedded CPU's TLBs, and their geometry.
    Tlb(Mapping, tlb::Params),
    /// The page table of a partition of KVM-PR.
    HashTable(HashTable),
    /// The page table of a partition of KVM-HV is the kernel's.
    InKernel,
    /// The guest's own memory.
    InGuest,
}

impl Translations {
    pub(crate) fn new(kvm: Kvm) -> Result<Self, Errno> {
        match kvm.family {
            Family::Embedded => Self::new_tlb(tlb::Params::E500V2),
            Family::Server if kvm.kind.radix => Ok(Self::InGuest),
            Family::Server if kvm.is_hv() => Ok(Self::InKernel),
            Family::Server if kvm.kind.papr => HashTable::new().map(Self::HashTable),
            Family::Server => Ok(Self::InGuest),
        }
    }

    pub(crate) fn new_tlb(params: tlb::Params) -> Result<Self, Errno> {
        let array = Mapping::new(size_of::<[tlb::Entry; tlb::ENTRIES]>(), Backing::Nothing)?;
        Ok(Self::Tlb(array, params))
    }

    /// The TLBs, where user space has them and the array has room for their geometry.
    pub(crate) fn tlbs(&mut self) -> Option<tlb::Tlbs<'_>> {
        let Self::Tlb(array, params) = self else { return None };
        // SAFETY: as large as that, aligned; the kernel changes it only while KVM_RUN runs.
        params.split(unsafe { &mut *array.at(0) })
    }
}

/// The kernel's side of a machine. Fields are dropped in this order: the vCPU before its VM.
pub(crate) struct Kernel {
    pub(crate) run: Mapping,
    pub(crate) vcpu: File,
    pub(crate) vm: File,
}

impl Kernel {
    /// A VM with this memory, and a vCPU with these translations.
    pub(crate) fn new(kvm: Kvm, ram: &Mapping, translations: &Translations) -> Result<Self, Failure> {
        let call = |what| move |errno: Errno| errno.of(what);
        // SAFETY: it takes the type of the machine.
        let vm = unsafe { uninterrupted(kvm.file, request::CREATE_VM, kvm.kind.vm_type) };
        let vm = File(vm.map_err(call(CREATE_VM))?);
        give_memory(&vm, ram, 0).map_err(call("KVM_SET_USER_MEMORY_REGION"))?;
        // SAFETY: it takes the vCPU's number.
        let vcpu = unsafe { ioctl(vm.0, request::CREATE_VCPU, VCPU) };
        let vcpu = File(vcpu.map_err(call("KVM_CREATE_VCPU"))?);
        let run = Mapping::new(kvm.run_size, Backing::Device(vcpu.0)).map_err(call("mmap of a vCPU"))?;
        let kernel = Self { run, vcpu, vm };
        match translations {
            Translations::Tlb(array, params) => {
                kernel.give_tlb(array, params).map_err(|errno| errno.of("KVM_ENABLE_CAP of KVM_CAP_SW_TLB"))?
            }
            Translations::HashTable(table) => {
                kernel.choose_cpu(kvm.kind.pvr, Some(table))?;
                kernel.become_partition()?;
            }
            Translations::InKernel => {
                kernel.choose_cpu(kvm.kind.pvr, None)?;
                kernel.become_partition()?;
                kernel.empty_hash_table().map_err(call("KVM_PPC_ALLOCATE_HTAB"))?;
            }
            Translations::InGuest => {
                kernel.choose_cpu(kvm.kind.pvr, None)?;
                if kvm.kind.papr {
                    kernel.become_partition()?;
                }
            }
        }
        Ok(kernel)
    }

    /// Has the kernel use TLBs of ours.
    pub(crate) fn give_tlb(&self, array: &Mapping, params: &tlb::Params) -> Result<(), Errno> {
        let config = tlb::Config {
            params: ptr::from_ref(params) as u64,
            array: array.address() as u64,
            mmu_type: tlb::MMU_TYPE,
            array_len: size_of::<[tlb::Entry; tlb::ENTRIES]>() as u32,
        };
        // SAFETY: the kernel copies configuration and parameters; the array is the TLBs' alone, and stays until the
        // vCPU is gone or has another one.
        unsafe { self.enable(capability::SW_TLB, [ptr::from_ref(&config) as u64, 0, 0, 0]) }
    }

    /// Makes the guest a PAPR partition.
    fn become_partition(&self) -> Result<(), Failure> {
        // SAFETY: it takes no argument.
        unsafe { self.enable(capability::PPC_PAPR, [0; 4]) }
            .map_err(|errno| errno.of("KVM_ENABLE_CAP of KVM_CAP_PPC_PAPR"))
    }

    /// Gives the VM a page table of the kernel's, or empties it.
    pub(crate) fn empty_hash_table(&self) -> Result<(), Errno> {
        let mut order = HashTable::SIZE.ilog2();
        // SAFETY: the number the request takes, and may change.
        unsafe { fill(&self.vm, request::ALLOCATE_HTAB, &mut order) }
    }

    pub(crate) fn configure_mmu(&self, config: MmuV3) -> Result<(), Errno> {
        // SAFETY: the structure the request takes; what it points to is the guest's.
        unsafe { take(&self.vm, request::CONFIGURE_V3_MMU, &config) }
    }

    /// Copies the page table of this VM to another's.
    pub(crate) fn copy_hash_table_to(&self, other: &Self) -> Result<(), Failure> {
        // What is copied of an entry is 16 bytes, and less than 8 of each group of entries beside.
        let entries = Mapping::new(2 * HashTable::SIZE, Backing::Nothing).map_err(|errno| errno.of("mmap of memory"));
        let mut entries = entries?;
        let open = |kernel: &Self, flags| {
            let request = GetHtabFd { flags, ..GetHtabFd::default() };
            // SAFETY: the structure the request takes.
            let file = unsafe { ioctl(kernel.vm.0, request::GET_HTAB_FD, ptr::from_ref(&request) as usize) };
            file.map(File).map_err(|errno| errno.of("KVM_PPC_GET_HTAB_FD"))
        };
        let (from, to) = (open(self, 0)?, open(other, request::HTAB_WRITE)?);
        // One read has all of it: the next ones have what has changed since.
        let length = linux::read(from.0, entries.bytes()).map_err(|errno| errno.of("read of a page table"))?;
        let read = entries.bytes().get(..length).unwrap_or(&[]);
        let written = htab::records(read).all(|record| linux::write_all(to.0, record));
        if written { Ok(()) } else { Err(EINVAL.of("write of a page table")) }
    }

    /// KVM_ENABLE_CAP of the vCPU.
    ///
    /// # Safety
    /// What the arguments point to may be used as the capability says.
    pub(crate) unsafe fn enable(&self, cap: u32, args: [u64; 4]) -> Result<(), Errno> {
        // SAFETY: the caller's duty.
        unsafe { enable(&self.vcpu, cap, args) }
    }

    /// Makes a server CPU the one that is wanted, with its interrupt vectors where the board has memory: those of a
    /// 64-bit one are at 0xfff00000 otherwise.
    fn choose_cpu(&self, pvr: Option<u32>, table: Option<&HashTable>) -> Result<(), Failure> {
        let mut sregs = self.sregs().map_err(|errno| errno.of("KVM_GET_SREGS"))?;
        sregs.pvr = pvr.unwrap_or(sregs.pvr);
        if let Some(table) = table {
            sregs = sregs.with_hash_table(table.address() as u64);
        }
        self.set_sregs(&sregs).map_err(|errno| errno.of("KVM_SET_SREGS of the PVR"))?;
        self.set_one_reg(HIOR, 0).map_err(|errno| errno.of("KVM_SET_ONE_REG of HIOR"))
    }

    pub(crate) fn sregs(&self) -> Result<Sregs, Errno> {
        let mut sregs = Sregs::EMPTY;
        // SAFETY: the structure the request fills.
        unsafe { fill(&self.vcpu, request::GET_SREGS, &mut sregs) }.map(|()| sregs)
    }

    pub(crate) fn set_sregs(&self, sregs: &Sregs) -> Result<(), Errno> {
        // SAFETY: the structure the request takes.
        unsafe { take(&self.vcpu, request::SET_SREGS, sregs) }
    }

    pub(crate) fn set_one_reg(&self, id: u64, value: u64) -> Result<(), Errno> {
        let bytes = one_reg::bytes(id, value).ok_or(EINVAL)?;
        let register = OneReg { id, addr: bytes.as_ptr() as u64 };
        // SAFETY: the register has no more bytes than there are.
        unsafe { take(&self.vcpu, request::SET_ONE_REG, &register) }
    }
}

/// Has a VM use this memory, or use it otherwise.
pub(crate) fn give_memory(vm: &File, ram: &Mapping, flags: u32) -> Result<(), Errno> {
    let all = 0..RAM_SIZE as usize;
    give_slot(vm, Slot { number: MEMORY_SLOT, flags, guest: all, memory: ram, offset: 0 })
}

/// A memory slot of a VM.
pub(crate) struct Slot<'a> {
    pub(crate) number: u32,
    pub(crate) flags: u32,
    /// Guest-physical addresses; none deletes the slot.
    pub(crate) guest: Range<usize>,
    /// Where they lie: in this memory, from this offset on.
    pub(crate) memory: &'a Mapping,
    pub(crate) offset: usize,
}

/// KVM_SET_USER_MEMORY_REGION.
pub(crate) fn give_slot(vm: &File, slot: Slot<'_>) -> Result<(), Errno> {
    let memory = MemoryRegion {
        slot: slot.number,
        flags: slot.flags,
        guest_phys_addr: slot.guest.start as u64,
        memory_size: slot.guest.len() as u64,
        userspace_addr: (slot.memory.address() + slot.offset) as u64,
    };
    // SAFETY: the memory is the guest's alone, and stays until after the VM is gone.
    unsafe { take(vm, request::SET_USER_MEMORY_REGION, &memory) }
}

/// An ioctl to be made again where a tick of the watchdog comes in between: for an MMU notifier KVM_CREATE_VM takes all
/// of a process's locks, and does not while a signal is pending (mm_take_all_locks).
///
/// # Safety
/// As the ioctl demands of its argument.
unsafe fn uninterrupted(file: usize, request: u32, argument: usize) -> Result<usize, Errno> {
    loop {
        // SAFETY: the caller's duty.
        match unsafe { ioctl(file, request, argument) } {
            Err(EINTR) => {}
            result => return result,
        }
    }
}

/// KVM_ENABLE_CAP, of a vCPU or a VM.
///
/// # Safety
/// What the arguments point to may be used as the capability says.
pub(crate) unsafe fn enable(file: &File, cap: u32, args: [u64; 4]) -> Result<(), Errno> {
    let enable = EnableCap { cap, flags: 0, args, pad: [0; 64] };
    // SAFETY: the structure the request takes; the rest is the caller's duty.
    unsafe { take(file, request::ENABLE_CAP, &enable) }
}

/// What an ioctl without an answer returns: 0, or it has failed (Documentation/virt/kvm/api.rst, of each of them:
/// "Returns: 0 on success").
pub(crate) const fn nothing(returned: usize) -> Result<(), Errno> {
    if returned == 0 { Ok(()) } else { Err(EPROTO) }
}

/// An ioctl that takes a structure.
///
/// # Safety
/// The request takes a `T`, and what addresses in it point to may be used as it says.
pub(crate) unsafe fn take<T>(file: &File, request: u32, argument: &T) -> Result<(), Errno> {
    // SAFETY: the caller's duty.
    unsafe { ioctl(file.0, request, ptr::from_ref(argument) as usize) }.and_then(nothing)
}

/// An ioctl that fills a structure.
///
/// # Safety
/// The request fills a `T`, of which every value is valid.
pub(crate) unsafe fn fill<T>(file: &File, request: u32, result: &mut T) -> Result<(), Errno> {
    // SAFETY: the caller's duty.
    unsafe { ioctl(file.0, request, ptr::from_mut(result) as usize) }.and_then(nothing)
}
