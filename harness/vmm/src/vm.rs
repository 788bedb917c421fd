//! Virtual machines by ioctls.

use crate::beside::Beside;
use crate::kernel::{File, Kernel, Kvm, MEMORY_SLOT, Translations, VCPU, enable, fill, give_memory, nothing, take};
use crate::linux::{self, Backing, ioctl};
use crate::memory::{Mapping, Ram};
use crate::pieces::Pieces;
use core::ops::Range;
use core::ptr;
use sprig_isa::answer::HCALL_REGISTERS;
use sprig_isa::{capability, osi, other_vm::Registers};
use sprig_kvm::coalesced::{self, Coalesced};
use sprig_kvm::exit::{AT_ARGUMENTS, AT_DATA, AT_GPRS, AT_STATUS, AT_VECTOR, Exit, HEAD, Mmio};
use sprig_kvm::ioctl as request;
use sprig_kvm::other_vm::OtherVm;
use sprig_kvm::registers::{Family, Regs, Sregs, one_reg};
use sprig_kvm::system::{
    CoalescedZone, DirtyLog, EBUSY, EINTR, EINVAL, ESRCH, EnableCap, Errno, Failure, GuestDebug, Interrupt,
    MemoryRegion, MmuV3, OneReg, Pvinfo, Translation, Vm,
};
use sprig_kvm::{stats, tlb};
use sprig_wire::layout::RAM_SIZE;

/// Bytes of the smallest page of a host: its log of dirty pages has the most bits then.
const SMALLEST_PAGE: usize = 0x1000;
/// Bytes of the statistics that are read at once where a script asks for one: each counter begins within a piece.
const STATISTICS_PIECE: usize = 20;
/// Where `struct kvm_run` says that KVM_RUN is to return at once.
const AT_IMMEDIATE_EXIT: usize = 1;

/// A virtual machine with one vCPU. The kernel's side is dropped before the memory it uses.
pub(crate) struct Machine {
    kernel: Kernel,
    kvm: Kvm,
    ram: Ram,
    /// What of the memory lies elsewhere.
    pieces: Pieces,
    /// Where the ring of collected stores is behind `struct kvm_run`, once stores are collected.
    ring: Option<usize>,
    translations: Translations,
    /// What the guest has chosen where it translates by a tree of its own.
    mmu: Option<MmuV3>,
    /// The machine that has the CPU by turns with this one.
    beside: Option<Beside<Self>>,
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.end_other();
    }
}

impl Machine {
    pub(crate) fn new(kvm: Kvm, kept: Range<usize>) -> Result<Self, Failure> {
        let call = |errno: Errno| errno.of("mmap of memory");
        let ram = Ram::new(kept, kvm.page_size).map_err(call)?;
        let translations = Translations::new(kvm).map_err(call)?;
        let kernel = Kernel::new(kvm, &ram, &translations)?;
        Ok(Self { kernel, kvm, ram, pieces: Pieces::default(), ring: None, translations, mmu: None, beside: None })
    }

    fn set_immediate_exit(&mut self, value: u8) {
        // SAFETY: within `struct kvm_run`, which only KVM_RUN changes besides.
        unsafe { self.kernel.run.at::<u8>(AT_IMMEDIATE_EXIT).write_volatile(value) };
    }

    fn enter(&mut self) -> Result<(), Errno> {
        // SAFETY: it takes no argument; what the guest may change is its own memory.
        unsafe { ioctl(self.kernel.vcpu.0, request::RUN, 0) }.and_then(nothing)
    }
}

impl Vm for Machine {
    fn run(&mut self) -> Result<Exit, Errno> {
        self.enter()?;
        // SAFETY: within `struct kvm_run`, which nobody changes now.
        let head = unsafe { self.kernel.run.at::<[u8; HEAD]>(0).read_volatile() };
        Ok(Exit::decode(&head))
    }

    fn complete(&mut self) -> Result<(), Errno> {
        self.set_immediate_exit(1);
        let result = self.enter();
        self.set_immediate_exit(0);
        match result {
            Ok(()) | Err(EINTR) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    fn answer_load(&mut self, data: [u8; 8]) {
        // SAFETY: within `struct kvm_run`, which nobody reads before the next KVM_RUN.
        unsafe { self.kernel.run.at::<[u8; 8]>(AT_DATA).write_volatile(data) };
    }

    fn answer_hypercall(&mut self, status: i64) {
        // SAFETY: within `struct kvm_run`, which nobody reads before the next KVM_RUN.
        unsafe { self.kernel.run.at::<i64>(AT_STATUS).write_volatile(status) };
    }

    fn answer_registers(&mut self, registers: &[u64; HCALL_REGISTERS]) {
        // SAFETY: within `struct kvm_run`, which nobody reads before the next KVM_RUN.
        unsafe { self.kernel.run.at::<[u64; HCALL_REGISTERS]>(AT_ARGUMENTS).write_volatile(*registers) };
    }

    fn osi_registers(&mut self) -> [u64; osi::REGISTERS] {
        // SAFETY: within `struct kvm_run`, which nobody changes now.
        unsafe { self.kernel.run.at::<[u64; osi::REGISTERS]>(AT_GPRS).read_volatile() }
    }

    fn answer_osi(&mut self, gprs: &[u64; osi::REGISTERS]) {
        // SAFETY: within `struct kvm_run`, which nobody reads before the next KVM_RUN.
        unsafe { self.kernel.run.at::<[u64; osi::REGISTERS]>(AT_GPRS).write_volatile(*gprs) };
    }

    fn is_partition(&self) -> bool {
        self.kvm.kind.papr
    }

    fn is_hv(&self) -> bool {
        self.kvm.is_hv()
    }

    fn is_radix(&self) -> bool {
        self.kvm.kind.radix
    }

    fn configure_mmu(&mut self, config: MmuV3) -> Result<(), Errno> {
        self.mmu = Some(config);
        self.kernel.configure_mmu(config)
    }

    fn clear_hash_table(&mut self) -> Result<(), Errno> {
        match &mut self.translations {
            Translations::HashTable(table) => table.clear(),
            Translations::InKernel => self.kernel.empty_hash_table()?,
            Translations::Tlb(..) | Translations::InGuest => {}
        }
        Ok(())
    }

    fn ram(&mut self) -> &mut [u8] {
        self.ram.bytes()
    }

    fn family(&self) -> Family {
        self.kvm.family
    }

    fn tlb(&mut self) -> tlb::Tlbs<'_> {
        self.translations.tlbs().unwrap_or_else(|| panic!("only an embedded CPU has a TLB of ours"))
    }

    fn configure_tlb(&mut self, params: tlb::Params) -> Result<(), Errno> {
        let mut new = Translations::new_tlb(params)?;
        // What has no room the kernel refuses.
        if let Some(new) = new.tlbs() {
            new.tlb1.iter_mut().zip(self.tlb().tlb1).for_each(|(to, from)| *to = *from);
        }
        let Translations::Tlb(array, params) = &new else { return Err(EINVAL) };
        self.kernel.give_tlb(array, params)?;
        self.translations = new;
        Ok(())
    }

    fn dirty_tlb(&mut self) -> Result<(), Errno> {
        // No kernel has looked at the bitmap yet: all entries are taken anew whatever it says
        // (kvm_vcpu_ioctl_dirty_tlb).
        let bitmap = [u64::MAX; tlb::ENTRIES.div_ceil(u64::BITS as usize)];
        let dirty = tlb::Dirty { bitmap: ptr::from_ref(&bitmap) as u64, num_dirty: tlb::ENTRIES as u32, padding: 0 };
        // SAFETY: the bitmap has a bit for each entry.
        unsafe { take(&self.kernel.vcpu, request::DIRTY_TLB, &dirty) }
    }

    fn regs(&mut self) -> Result<Regs, Errno> {
        let mut regs = Regs::at(0);
        // SAFETY: the structure the request fills.
        unsafe { fill(&self.kernel.vcpu, request::GET_REGS, &mut regs) }.map(|()| regs)
    }

    fn set_regs(&mut self, regs: &Regs) -> Result<(), Errno> {
        // SAFETY: the structure the request takes.
        unsafe { take(&self.kernel.vcpu, request::SET_REGS, regs) }
    }

    fn sregs(&mut self) -> Result<Sregs, Errno> {
        self.kernel.sregs()
    }

    fn set_sregs(&mut self, sregs: &Sregs) -> Result<(), Errno> {
        self.kernel.set_sregs(sregs)
    }

    fn one_reg(&mut self, id: u64) -> Result<u64, Errno> {
        let mut bytes = [0; 8];
        one_reg::value(id, bytes).ok_or(EINVAL)?;
        let register = OneReg { id, addr: bytes.as_mut_ptr() as u64 };
        // SAFETY: the register has no more bytes than there is room for.
        unsafe { take(&self.kernel.vcpu, request::GET_ONE_REG, &register) }?;
        one_reg::value(id, bytes).ok_or(EINVAL)
    }

    fn wide_reg(&mut self, id: u64) -> Result<[u64; 2], Errno> {
        let mut value = [0; 2];
        if !one_reg::is_wide(id) {
            return Err(EINVAL);
        }
        let register = OneReg { id, addr: value.as_mut_ptr() as u64 };
        // SAFETY: the register has as many bytes as there are.
        unsafe { take(&self.kernel.vcpu, request::GET_ONE_REG, &register) }.map(|()| value)
    }

    fn set_wide_reg(&mut self, id: u64, value: [u64; 2]) -> Result<(), Errno> {
        if !one_reg::is_wide(id) {
            return Err(EINVAL);
        }
        let register = OneReg { id, addr: value.as_ptr() as u64 };
        // SAFETY: the register has as many bytes as there are.
        unsafe { take(&self.kernel.vcpu, request::SET_ONE_REG, &register) }
    }

    fn set_one_reg(&mut self, id: u64, value: u64) -> Result<(), Errno> {
        self.kernel.set_one_reg(id, value)
    }

    fn interrupt(&mut self, what: u32) -> Result<(), Errno> {
        // SAFETY: the structure the request takes.
        unsafe { take(&self.kernel.vcpu, request::INTERRUPT, &Interrupt { irq: what }) }
    }

    fn vcpu_id(&self) -> u32 {
        VCPU as u32
    }

    fn pvinfo(&mut self) -> Result<Pvinfo, Errno> {
        let mut info = Pvinfo { flags: 0, hcall: [[0; 4]; 4], pad: [0; 108] };
        // SAFETY: the structure the request fills.
        unsafe { fill(&self.kernel.vm, request::GET_PVINFO, &mut info) }.map(|()| info)
    }

    fn set_guest_debug(&mut self, debug: &GuestDebug) -> Result<(), Errno> {
        // SAFETY: the structure the request takes.
        unsafe { take(&self.kernel.vcpu, request::SET_GUEST_DEBUG, debug) }
    }

    fn translate(&mut self, translation: &mut Translation) -> Result<(), Errno> {
        // SAFETY: the structure the request takes and fills.
        unsafe { fill(&self.kernel.vcpu, request::TRANSLATE, translation) }
    }

    fn capability(&mut self, number: u32) -> Result<u32, Errno> {
        // SAFETY: it takes the capability's number.
        unsafe { ioctl(self.kernel.vm.0, request::CHECK_EXTENSION, number as usize) }.map(|answer| answer as u32)
    }

    fn enable_capability(&mut self, number: u32, flags: u32, argument: u64) -> Result<(), Errno> {
        // It takes an address, by `configure_tlb` alone; the others take numbers.
        if number == capability::SW_TLB {
            return Err(EINVAL);
        }
        let enable = EnableCap { cap: number, flags, args: [argument, 0, 0, 0], pad: [0; 64] };
        // SAFETY: the structure the request takes; the argument is a number.
        unsafe { take(&self.kernel.vcpu, request::ENABLE_CAP, &enable) }
    }

    fn replace(&mut self, bytes: Range<usize>) -> Result<(), Errno> {
        let page_size = self.kvm.page_size;
        let start = bytes.start / page_size * page_size;
        let end = bytes.end.checked_next_multiple_of(page_size).ok_or(EINVAL)?;
        let pages = &*self.ram.bytes().get_mut(start..end).filter(|pages| !pages.is_empty()).ok_or(EINVAL)?;
        // Pages of its own before the old ones are given back, or they would be the same again.
        let mut new = Mapping::new(pages.len(), Backing::Nothing)?;
        new.bytes().copy_from_slice(pages);
        // SAFETY: whole pages; of the guest's nobody has a reference, and the new ones are the guest's from here on.
        unsafe { linux::replace(pages.as_ptr() as usize, pages.len(), new.address()) }?;
        core::mem::forget(new);
        Ok(())
    }

    fn replace_slot(&mut self, at: usize, word: u32) -> Result<(), Errno> {
        self.pieces.replace(&self.kernel.vm, &self.ram, at, word)
    }

    fn give_slot(&mut self, number: u32, address: u64, length: u64, flags: u32) -> Result<(), Errno> {
        let region = MemoryRegion {
            slot: number,
            flags,
            guest_phys_addr: address,
            memory_size: length,
            userspace_addr: self.ram.address() as u64,
        };
        // SAFETY: what of the slot is the guest's memory stays until after the VM is gone; what is not is nobody's.
        unsafe { take(&self.kernel.vm, request::SET_USER_MEMORY_REGION, &region) }
    }

    fn statistic(&mut self, name: &str) -> Option<u64> {
        let mut found = None;
        // In pieces, as a program does that reads header, descriptors and data one after another (api.rst, section 4.134).
        self.statistics(STATISTICS_PIECE, &mut |file| found = stats::counter(file, name));
        found
    }

    fn collect_stores(&mut self, zone: CoalescedZone, on: bool) -> Result<(), Errno> {
        let page = match self.capability(capability::COALESCED_MMIO)? {
            0 => return Err(EINVAL),
            page => page as usize,
        };
        let request = if on { request::REGISTER_COALESCED_MMIO } else { request::UNREGISTER_COALESCED_MMIO };
        // SAFETY: the structure the request takes.
        unsafe { take(&self.kernel.vm, request, &zone) }?;
        self.ring = Some(page * self.kvm.page_size);
        Ok(())
    }

    fn next_collected(&mut self) -> Option<Mmio> {
        let ring = self.ring?;
        // SAFETY: within what was mapped with `struct kvm_run`, and the kernel changes it only while KVM_RUN runs.
        unsafe {
            let first = self.kernel.run.at::<u32>(ring);
            let last = self.kernel.run.at::<u32>(ring + coalesced::AT_LAST).read_volatile();
            let index = first.read_volatile();
            if index == last {
                return None;
            }
            let (place, next) = coalesced::place(index, self.kvm.page_size)?;
            let entry = self.kernel.run.at::<Coalesced>(ring + place).read_volatile();
            first.write_volatile(next);
            Some(entry.access())
        }
    }

    fn log_dirty(&mut self, on: bool) -> Result<(), Errno> {
        give_memory(&self.kernel.vm, &self.ram, if on { request::MEM_LOG_DIRTY_PAGES } else { 0 })
    }

    fn is_dirty(&mut self, at: usize) -> Result<bool, Errno> {
        let mut bits = [0_u8; RAM_SIZE as usize / SMALLEST_PAGE / u8::BITS as usize];
        let mut log = DirtyLog { slot: MEMORY_SLOT, padding: 0, dirty_bitmap: Default::default() };
        log.dirty_bitmap[0] = bits.as_mut_ptr() as usize;
        // SAFETY: there is a bit for each page.
        unsafe { take(&self.kernel.vm, request::GET_DIRTY_LOG, &log) }?;
        // Little-endian by the byte, whatever the host is (mark_page_dirty_in_slot).
        let page = at / self.kvm.page_size;
        let byte = bits.get(page / u8::BITS as usize).ok_or(EINVAL)?;
        Ok(byte >> (page % u8::BITS as usize) & 1 != 0)
    }

    fn enable_external_proxy(&mut self, on: bool) -> Result<(), Errno> {
        // SAFETY: its argument is a number.
        unsafe { self.kernel.enable(capability::PPC_EPR, [on.into(), 0, 0, 0]) }
    }

    fn enable_hypercall(&mut self, number: u64, on: u64) -> Result<(), Errno> {
        // SAFETY: its arguments are numbers.
        unsafe { enable(&self.kernel.vm, capability::PPC_ENABLE_HCALL, [number, on, 0, 0]) }
    }

    fn answer_vector(&mut self, vector: u32) {
        // SAFETY: within `struct kvm_run`, which nobody reads before the next KVM_RUN.
        unsafe { self.kernel.run.at::<u32>(AT_VECTOR).write_volatile(vector) };
    }

    fn another(&self) -> Result<Self, Failure> {
        Self::new(self.kvm, 0..0)
    }

    fn start_other(&mut self, value: u32, registers: Registers) -> Result<(), Failure> {
        if self.beside.is_some() {
            return Err(EBUSY.of("clone"));
        }
        self.beside = Some(Beside::start(OtherVm::taking_turns(self, value, registers)?)?);
        Ok(())
    }

    fn end_other(&mut self) -> Result<u64, Failure> {
        self.beside.take().ok_or(ESRCH.of("wait4"))?.end()
    }

    fn renew(&mut self) -> Result<(), Failure> {
        self.pieces.copy_to(&mut self.ram);
        let new = Kernel::new(self.kvm, &self.ram, &self.translations)?;
        if let Translations::InKernel = &self.translations {
            self.kernel.copy_hash_table_to(&new)?;
        }
        if let Some(config) = self.mmu {
            new.configure_mmu(config).map_err(|errno| errno.of("KVM_PPC_CONFIGURE_V3_MMU"))?;
        }
        (self.kernel, self.pieces, self.ring) = (new, Pieces::default(), None);
        Ok(())
    }

    fn counters(&mut self, each: &mut dyn FnMut(&[u8], u64)) {
        self.statistics(stats::FILE, &mut |file| stats::exits(file, each));
    }
}

impl Machine {
    /// What KVM_GET_STATS_FD gives, read in pieces of at most so many bytes.
    fn statistics(&mut self, piece: usize, look: &mut dyn FnMut(&[u8])) {
        // SAFETY: it takes no argument.
        let Ok(file) = (unsafe { ioctl(self.kernel.vcpu.0, request::GET_STATS_FD, 0) }) else { return };
        let file = File(file);
        let mut bytes = [0; stats::FILE];
        let mut length = 0;
        while let Some(room) = bytes.get_mut(length..).filter(|room| !room.is_empty()) {
            let piece = room.len().min(piece);
            match linux::read(file.0, &mut room[..piece]) {
                Ok(0) | Err(_) => break,
                Ok(read) => length += read,
            }
        }
        look(bytes.get(..length).unwrap_or(&[]));
    }
}
