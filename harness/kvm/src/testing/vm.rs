//! A virtual machine whose guest is a row of closures; what it was told it keeps.

use super::PVR;
use crate::exit::{Exit, Mmio};
use crate::other_vm::OtherVm;
use crate::registers::{Family, Regs, Sregs};
use crate::system::{CoalescedZone, EINTR, EINVAL, ESRCH, Errno, Failure, GuestDebug, MmuV3, Pvinfo, Translation, Vm};
use crate::tlb;
use core::ops::Range;
use sprig_isa::answer::HCALL_REGISTERS;
use sprig_isa::osi;
use sprig_isa::other_vm::Registers;
use sprig_wire::layout::RAM_SIZE;
use std::boxed::Box;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::vec::Vec;

/// What the guest does until it leaves for the host.
pub(crate) type Act = Box<dyn FnOnce(&mut FakeVm) -> Result<Exit, Errno>>;

/// A virtual machine.
pub(crate) struct FakeVm {
    pub(crate) family: Family,
    pub(crate) ram: Vec<u8>,
    pub(crate) tlb: Box<[tlb::Entry; tlb::ENTRIES]>,
    pub(crate) geometry: tlb::Params,
    pub(crate) is_tlb_dirty: bool,
    pub(crate) regs: Regs,
    pub(crate) sregs: Sregs,
    pub(crate) one_regs: BTreeMap<u64, u64>,
    /// Those of 128 bits.
    pub(crate) wide_regs: BTreeMap<u64, [u64; 2]>,
    pub(crate) interrupts: Vec<u32>,
    pub(crate) renewed: u32,
    /// What was set, in this order, since it was last created again.
    pub(crate) set: Vec<&'static str>,
    pub(crate) is_partition: bool,
    pub(crate) is_hv: bool,
    pub(crate) is_radix: bool,
    pub(crate) mmu: Option<MmuV3>,
    /// How often its page table was cleared.
    pub(crate) cleared: u32,
    pub(crate) statuses: Vec<i64>,
    /// What it also got in r4 to r12.
    pub(crate) registers: Vec<[u64; HCALL_REGISTERS]>,
    pub(crate) completed: u32,
    pub(crate) answers: Vec<[u8; 8]>,
    /// What KVM_SET_GUEST_DEBUG was told.
    pub(crate) debugged: Vec<GuestDebug>,
    pub(crate) asks_for_vectors: bool,
    /// What KVM_CAP_PPC_ENABLE_HCALL was told.
    pub(crate) enabled_hypercalls: Vec<(u64, u64)>,
    pub(crate) vectors: Vec<u32>,
    /// What KVM_ENABLE_CAP was told, number and argument.
    pub(crate) capabilities: Vec<(u32, u64)>,
    /// Pages that have other memory now.
    pub(crate) replaced: Vec<Range<usize>>,
    /// Pieces of 64 KiB that have, and the word in them.
    pub(crate) replaced_slots: Vec<(usize, u32)>,
    /// Slots that it was given: number, address and length.
    pub(crate) given: Vec<(u32, u64, u64)>,
    /// Where stores are collected.
    pub(crate) zone: Option<CoalescedZone>,
    /// Those that were.
    pub(crate) collected: VecDeque<Mmio>,
    pub(crate) logs_dirty: bool,
    pub(crate) counters: Vec<(&'static str, u64)>,
    /// What the guest of another machine next to this one does.
    pub(crate) others: RefCell<VecDeque<Act>>,
    /// The machine that runs by turns with this one.
    pub(crate) other: Option<Box<OtherVm<Self>>>,
    /// That is to end: both have this.
    pub(crate) ended: Rc<AtomicBool>,
    pub(super) acts: VecDeque<Act>,
    pub(super) ticks: Rc<Cell<u32>>,
}

impl Default for FakeVm {
    fn default() -> Self {
        Self {
            family: Family::Embedded,
            ram: std::vec![0; RAM_SIZE as usize],
            tlb: Box::new([tlb::Entry::default(); tlb::ENTRIES]),
            geometry: tlb::Params::E500V2,
            is_tlb_dirty: false,
            regs: Regs::at(0),
            sregs: Sregs { pvr: PVR, ..Sregs::EMPTY },
            one_regs: BTreeMap::new(),
            wide_regs: BTreeMap::new(),
            interrupts: Vec::new(),
            renewed: 0,
            set: Vec::new(),
            is_partition: false,
            is_hv: false,
            is_radix: false,
            mmu: None,
            cleared: 0,
            statuses: Vec::new(),
            registers: Vec::new(),
            completed: 0,
            answers: Vec::new(),
            debugged: Vec::new(),
            asks_for_vectors: false,
            enabled_hypercalls: Vec::new(),
            vectors: Vec::new(),
            capabilities: Vec::new(),
            replaced: Vec::new(),
            replaced_slots: Vec::new(),
            given: Vec::new(),
            zone: None,
            collected: VecDeque::new(),
            logs_dirty: false,
            counters: Vec::new(),
            others: RefCell::default(),
            other: None,
            ended: Rc::default(),
            acts: VecDeque::new(),
            ticks: Rc::default(),
        }
    }
}

impl Vm for FakeVm {
    fn run(&mut self) -> Result<Exit, Errno> {
        match self.acts.pop_front() {
            Some(act) => act(self),
            None => {
                self.ticks.set(self.ticks.get() + 1);
                Err(EINTR)
            }
        }
    }

    fn complete(&mut self) -> Result<(), Errno> {
        self.completed += 1;
        Ok(())
    }

    fn answer_load(&mut self, data: [u8; 8]) {
        self.answers.push(data);
    }

    fn answer_hypercall(&mut self, status: i64) {
        self.statuses.push(status);
    }

    fn answer_registers(&mut self, registers: &[u64; HCALL_REGISTERS]) {
        self.registers.push(*registers);
    }

    fn osi_registers(&mut self) -> [u64; osi::REGISTERS] {
        self.regs.gpr
    }

    fn answer_osi(&mut self, gprs: &[u64; osi::REGISTERS]) {
        self.regs.gpr = *gprs;
    }

    fn is_partition(&self) -> bool {
        self.is_partition
    }

    fn is_hv(&self) -> bool {
        self.is_hv
    }

    fn is_radix(&self) -> bool {
        self.is_radix
    }

    fn configure_mmu(&mut self, config: MmuV3) -> Result<(), Errno> {
        self.mmu = Some(config);
        Ok(())
    }

    fn clear_hash_table(&mut self) -> Result<(), Errno> {
        self.cleared += 1;
        Ok(())
    }

    fn ram(&mut self) -> &mut [u8] {
        &mut self.ram
    }

    fn family(&self) -> Family {
        self.family
    }

    fn tlb(&mut self) -> tlb::Tlbs<'_> {
        self.geometry.split(&mut self.tlb).expect("a geometry that it was given")
    }

    fn configure_tlb(&mut self, params: tlb::Params) -> Result<(), Errno> {
        params.split(&mut self.tlb).ok_or(EINVAL)?;
        self.geometry = params;
        Ok(())
    }

    fn dirty_tlb(&mut self) -> Result<(), Errno> {
        self.is_tlb_dirty = true;
        Ok(())
    }

    fn regs(&mut self) -> Result<Regs, Errno> {
        Ok(self.regs)
    }

    fn set_regs(&mut self, regs: &Regs) -> Result<(), Errno> {
        self.regs = *regs;
        self.set.push("regs");
        Ok(())
    }

    fn sregs(&mut self) -> Result<Sregs, Errno> {
        Ok(self.sregs)
    }

    fn set_sregs(&mut self, sregs: &Sregs) -> Result<(), Errno> {
        self.sregs = *sregs;
        self.set.push("sregs");
        Ok(())
    }

    fn one_reg(&mut self, id: u64) -> Result<u64, Errno> {
        self.one_regs.get(&id).copied().ok_or(EINVAL)
    }

    fn set_one_reg(&mut self, id: u64, value: u64) -> Result<(), Errno> {
        self.one_regs.insert(id, value);
        Ok(())
    }

    fn wide_reg(&mut self, id: u64) -> Result<[u64; 2], Errno> {
        self.wide_regs.get(&id).copied().ok_or(EINVAL)
    }

    fn set_wide_reg(&mut self, id: u64, value: [u64; 2]) -> Result<(), Errno> {
        self.wide_regs.insert(id, value);
        Ok(())
    }

    fn interrupt(&mut self, what: u32) -> Result<(), Errno> {
        self.interrupts.push(what);
        Ok(())
    }

    fn vcpu_id(&self) -> u32 {
        0
    }

    fn pvinfo(&mut self) -> Result<Pvinfo, Errno> {
        let word = |number: u32| number.to_be_bytes();
        Ok(Pvinfo {
            flags: 1,
            hcall: [word(0x3c00_4b56), word(0x6000_4d21), word(0x4400_0002), word(7)],
            pad: [0; 108],
        })
    }

    fn set_guest_debug(&mut self, debug: &GuestDebug) -> Result<(), Errno> {
        self.debugged.push(*debug);
        Ok(())
    }

    fn translate(&mut self, translation: &mut Translation) -> Result<(), Errno> {
        translation.physical_address = translation.linear_address + 0x1000;
        translation.valid = 1;
        Ok(())
    }

    fn capability(&mut self, number: u32) -> Result<u32, Errno> {
        Ok(number + 1)
    }

    fn enable_capability(&mut self, number: u32, flags: u32, argument: u64) -> Result<(), Errno> {
        if flags != 0 {
            return Err(EINVAL);
        }
        self.capabilities.push((number, argument));
        Ok(())
    }

    fn replace(&mut self, bytes: Range<usize>) -> Result<(), Errno> {
        self.replaced.push(bytes);
        Ok(())
    }

    fn replace_slot(&mut self, at: usize, word: u32) -> Result<(), Errno> {
        self.replaced_slots.push((at, word));
        Ok(())
    }

    fn give_slot(&mut self, number: u32, address: u64, length: u64, flags: u32) -> Result<(), Errno> {
        if flags != 0 {
            Err(EINVAL)
        } else {
            self.given.push((number, address, length));
            Ok(())
        }
    }

    fn statistic(&mut self, name: &str) -> Option<u64> {
        (name == "MMIO_EXITS").then_some(7)
    }

    fn collect_stores(&mut self, zone: CoalescedZone, on: bool) -> Result<(), Errno> {
        self.zone = on.then_some(zone);
        Ok(())
    }

    fn next_collected(&mut self) -> Option<Mmio> {
        self.collected.pop_front()
    }

    fn log_dirty(&mut self, on: bool) -> Result<(), Errno> {
        self.logs_dirty = on;
        Ok(())
    }

    fn is_dirty(&mut self, at: usize) -> Result<bool, Errno> {
        if self.logs_dirty { Ok(at == 0x1000) } else { Err(EINVAL) }
    }

    fn enable_external_proxy(&mut self, on: bool) -> Result<(), Errno> {
        self.asks_for_vectors = on;
        Ok(())
    }

    fn enable_hypercall(&mut self, number: u64, on: u64) -> Result<(), Errno> {
        self.enabled_hypercalls.push((number, on));
        if on > 1 { Err(EINVAL) } else { Ok(()) }
    }

    fn answer_vector(&mut self, vector: u32) {
        self.vectors.push(vector);
    }

    fn another(&self) -> Result<Self, Failure> {
        let ended = Rc::clone(&self.ended);
        Ok(Self { acts: self.others.take(), is_hv: self.is_hv, ended, ..Self::default() })
    }

    fn start_other(&mut self, value: u32, registers: Registers) -> Result<(), Failure> {
        self.other = Some(Box::new(OtherVm::taking_turns(self, value, registers)?));
        Ok(())
    }

    fn end_other(&mut self) -> Result<u64, Failure> {
        let mut other = self.other.take().ok_or_else(|| ESRCH.of("end-other-vm"))?;
        other.run_until(&self.ended)
    }

    fn renew(&mut self) -> Result<(), Failure> {
        self.renewed += 1;
        (self.regs, self.sregs) = (Regs::at(0), Sregs { pvr: PVR, ..Sregs::EMPTY });
        (self.one_regs, self.wide_regs) = (BTreeMap::new(), BTreeMap::new());
        self.is_tlb_dirty = false;
        self.set.clear();
        Ok(())
    }

    fn counters(&mut self, each: &mut dyn FnMut(&[u8], u64)) {
        self.counters.iter().for_each(|(name, value)| each(name.as_bytes(), *value));
    }
}
