//! The MMU of e500: TLB0, TLB1 and the MAS registers (e500 core manual, "Memory Management Units").
//!
//! ```text
//!            tlbwe                                            address, AS, PID0-2
//!   MAS0-3,7 -----> TLB0: 128 sets x 4 ways, 4 KiB pages  <-- set by EA bits 12-18, or as user space wants it
//!            <----- TLB1: 16 or 64 entries, any page size <-- all entries compared
//!            tlbre, tlbsx
//!   on a miss: MAS0-3,6,7 <-- defaults of MAS4, so that a handler need only fill in MAS3 and MAS7
//! ```

mod tlb0;

use sprig_isa::cpu::{Cpu, CpuSet, Family};
use sprig_isa::mmu::e500::{TLB0_ENTRIES, TLB0_WAYS, TLB1_ENTRIES_E500MC, TLB1_ENTRIES_E500V2};
use sprig_isa::mmu::{mas, size_of_code, tlbcfg};
use sprig_isa::msr;
use sprig_isa::spr::number as n;
use sprig_wire::board::Translation as Translated;

use self::tlb0::Tlb0;
use super::{Effect, Operands, Registers, relocated};
use crate::cpu::{Access, Fault, Interrupt, Privileged, Translation};

/// Page sizes of TLB1, as TSIZE: 4 KiB to 16 GiB.
const TLB1_TSIZES: std::ops::RangeInclusive<u32> = 1..=12;

/// One entry, in the form it has in the MAS registers.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    mas1: u32,
    mas2: u64,
    mas7_3: u64,
}

impl Entry {
    const fn is_valid(&self) -> bool {
        self.mas1 & mas::VALID != 0
    }

    const fn page_mask(&self) -> u64 {
        !(size_of_code(self.mas1 >> mas::TSIZE_SHIFT & mas::TSIZE) - 1)
    }

    const fn covers(&self, address: u64) -> bool {
        address & self.page_mask() == self.mas2 & mas::EPN
    }

    const fn tid(&self) -> u64 {
        (self.mas1 >> mas::TID_SHIFT & mas::TID) as u64
    }

    const fn in_space(&self, space: bool) -> bool {
        (self.mas1 & mas::TS != 0) == space
    }

    fn allows(&self, problem: bool, access: Access) -> bool {
        let bit = match (access, problem) {
            (Access::Fetch, true) => mas::UX,
            (Access::Fetch, false) => mas::SX,
            (Access::Load, true) => mas::UR,
            (Access::Load, false) => mas::SR,
            (Access::Store, true) => mas::UW,
            (Access::Store, false) => mas::SW,
        };
        self.mas7_3 & u64::from(bit) != 0
    }
}

/// Which TLB and which entry of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Tlb0 { set: usize, way: usize },
    Tlb1 { entry: usize },
}

/// The MMU of an e500 core.
#[derive(Clone, Debug)]
pub struct E500 {
    tlb0: Tlb0,
    tlb1: Vec<Entry>,
    /// The way of TLB0 that a miss proposes next.
    next_victim: usize,
}

impl E500 {
    pub(super) fn new<R: Registers>(cpu: &Cpu, regs: &mut R) -> Self {
        let tlb1 = if cpu.set == CpuSet::E500V2 { TLB1_ENTRIES_E500V2 } else { TLB1_ENTRIES_E500MC };
        let tlb0 = Tlb0::new(TLB0_ENTRIES, TLB0_WAYS);
        let e500 = Self { tlb0, tlb1: vec![Entry::default(); tlb1], next_victim: 0 };
        e500.tell_geometry(regs);
        e500
    }

    fn tell_geometry<R: Registers>(&self, regs: &mut R) {
        let shape = |ways: usize, sizes: std::ops::RangeInclusive<u32>, flags: u32, entries: usize| {
            (ways as u32) << tlbcfg::ASSOC_SHIFT
                | sizes.start() << tlbcfg::MINSIZE_SHIFT
                | sizes.end() << tlbcfg::MAXSIZE_SHIFT
                | flags
                | entries as u32
        };
        let tlb0cfg = shape(self.tlb0.ways(), mas::TSIZE_4K..=mas::TSIZE_4K, 0, self.tlb0.len());
        regs.set(n::TLB0CFG, tlb0cfg.into());
        let tlb1 = self.tlb1.len();
        regs.set(n::TLB1CFG, shape(tlb1, TLB1_TSIZES, tlbcfg::AVAIL | tlbcfg::IPROT, tlb1).into());
    }

    /// Gives it the geometry that user space wants (KVM_CAP_SW_TLB): TLB0 is empty, TLB1 has what it had. None if there
    /// is none such, or no room for it in the array that user space has (arch/powerpc/kvm/e500_mmu.c,
    /// kvm_vcpu_ioctl_config_tlb).
    pub(super) fn configure<R: Registers>(&mut self, regs: &mut R, geometry: [u64; 4]) -> Option<()> {
        let [entries, ways, tlb1, tlb1_ways] = geometry.map(|size| size as u32 as usize);
        let has_room = entries.checked_add(tlb1)? <= TLB0_ENTRIES + TLB1_ENTRIES_E500V2;
        let is_geometry = ways.is_power_of_two() && (entries / ways).is_power_of_two();
        if !has_room || !is_geometry || tlb1 > TLB1_ENTRIES_E500MC || tlb1_ways != tlb1 {
            return None;
        }
        self.tlb0 = Tlb0::new(entries, ways);
        self.tlb1.resize(tlb1, Entry::default());
        self.next_victim %= ways;
        self.tell_geometry(regs);
        Some(())
    }

    pub(super) fn map_initially(&mut self, index: usize, translation: &Translated) {
        let Translated { address, size, space, device } = *translation;
        let Some(tsize) = TLB1_TSIZES.clone().find(|tsize| size_of_code(*tsize) == size.into()) else { return };
        let space = if space == 0 { 0 } else { mas::TS };
        let attributes = if device { mas::INHIBITED | mas::GUARDED } else { 0 };
        if let Some(entry) = self.tlb1.get_mut(index) {
            *entry = Entry {
                mas1: mas::VALID | mas::IPROT | space | tsize << mas::TSIZE_SHIFT,
                mas2: u64::from(address) & mas::EPN | u64::from(attributes),
                mas7_3: u64::from(address) & mas::EPN | u64::from(mas::ALL_PERMISSIONS),
            };
        }
    }

    pub(super) fn translate<R: Registers>(
        &self,
        regs: &R,
        msr: u64,
        address: u64,
        access: Access,
    ) -> Result<Translation, Fault> {
        let space = relocated(msr, access);
        let pids = [regs.get(n::PID), regs.get(n::PID1), regs.get(n::PID2)];
        let of_process = |entry: &&Entry| entry.tid() == 0 || pids.contains(&entry.tid());
        let found = self.candidates(address).find(|entry| entry.in_space(space) && of_process(entry));
        let entry = found.ok_or(Fault::Miss)?;
        if !entry.allows(msr & msr::PR != 0, access) {
            return Err(Fault::Protection);
        }
        let mask = entry.page_mask();
        Ok(Translation { physical: entry.mas7_3 & mask | address & !mask, whole_page: true })
    }

    /// The physical address of the first entry for this process, or any, and address space.
    pub(super) fn search(&self, address: u64, process: Option<u8>, space: bool) -> Option<u64> {
        let of_process =
            |entry: &&Entry| entry.tid() == 0 || process.is_none_or(|process| entry.tid() == u64::from(process));
        let entry = self.candidates(address).find(|entry| entry.in_space(space) && of_process(entry))?;
        let mask = entry.page_mask();
        Some(entry.mas7_3 & mask | address & !mask)
    }

    /// The valid entries that cover an address, TLB0's first.
    fn candidates(&self, address: u64) -> impl Iterator<Item = &Entry> {
        let entries = self.tlb0.set_with(address).iter().chain(&self.tlb1);
        entries.filter(move |entry| entry.is_valid() && entry.covers(address))
    }

    /// The MAS registers a miss leaves (EREF, table 6-11).
    pub(super) fn set_mas_for_miss<R: Registers>(&mut self, regs: &mut R, address: u64, space: bool) {
        let mas4 = regs.get(n::MAS4) as u32;
        let tid = match mas4 >> mas::TIDSELD_SHIFT & mas::TIDSELD {
            0 => regs.get(n::PID),
            1 => regs.get(n::PID1),
            2 => regs.get(n::PID2),
            _ => 0,
        } as u32;
        let sas = if space { mas::SAS } else { 0 };
        self.set_mas_defaults(regs, tid, space);
        regs.set(n::MAS1, regs.get(n::MAS1) | u64::from(mas::VALID));
        regs.set(n::MAS2, regs.get(n::MAS2) | address & mas::EPN);
        regs.set(n::MAS6, (regs.get(n::PID) & u64::from(mas::SPID)) << mas::SPID_SHIFT | u64::from(sas));
    }

    /// What a miss and a search without success have in common.
    fn set_mas_defaults<R: Registers>(&mut self, regs: &mut R, tid: u32, space: bool) {
        let mas4 = regs.get(n::MAS4) as u32;
        let ts = if space { mas::TS } else { 0 };
        let victim = self.next_victim as u32;
        self.next_victim = (self.next_victim + 1) % self.tlb0.ways();
        let mas0 = mas4 & mas::TLBSELD | victim << mas::ESEL_SHIFT | self.next_victim as u32;
        regs.set(n::MAS0, mas0.into());
        regs.set(n::MAS1, (mas4 & mas::TSIZED | (tid & mas::TID) << mas::TID_SHIFT | ts).into());
        regs.set(n::MAS2, u64::from(mas4) & mas::ATTRIBUTES);
        regs.set(n::MAS3, 0);
        regs.set(n::MAS7, 0);
    }

    pub(super) fn execute<R: Registers>(
        &mut self,
        regs: &mut R,
        instruction: Privileged,
        operands: Operands<'_>,
    ) -> Option<Result<Effect, Interrupt>> {
        let effect = match instruction {
            Privileged::Tlbwe => return Some(self.tlbwe(regs)),
            Privileged::Tlbre => self.tlbre(regs),
            Privileged::Tlbsx => self.tlbsx(regs, operands.effective_address()),
            Privileged::Tlbivax => self.tlbivax(operands.effective_address()),
            Privileged::Tlbsync => Effect::None,
            _ => return None,
        };
        Some(Ok(effect))
    }

    pub(super) fn mtspr<R: Registers>(&mut self, regs: &mut R, number: u16, value: u64) -> Option<Effect> {
        match number {
            n::PID | n::PID1 | n::PID2 => regs.set(number, value),
            n::MMUCSR0 => {
                // The bits clear themselves when the invalidation is done, which is at once.
                let value = value as u32;
                if value & mas::MMUCSR0_TLB0_FI != 0 {
                    self.invalidate_tlb0();
                }
                if value & mas::MMUCSR0_TLB1_FI != 0 {
                    self.invalidate_tlb1();
                }
            }
            _ => return None,
        }
        Some(Effect::Changed)
    }

    /// The entry that MAS0 and MAS2 name, if there is such a TLB.
    fn selected<R: Registers>(&self, regs: &R) -> Option<Place> {
        let mas0 = regs.get(n::MAS0) as u32;
        let esel = (mas0 >> mas::ESEL_SHIFT & mas::ESEL) as usize;
        match mas0 >> mas::TLBSEL_SHIFT & mas::TLBSEL {
            0 => Some(Place::Tlb0 { set: self.tlb0.number_of(regs.get(n::MAS2)), way: esel % self.tlb0.ways() }),
            1 => Some(Place::Tlb1 { entry: esel.checked_rem(self.tlb1.len())? }),
            _ => None,
        }
    }

    /// The entry with this number in the array that user space has (api.rst, KVM_CAP_SW_TLB: sets one behind the other,
    /// then TLB1).
    fn place(&self, index: u64) -> Option<Place> {
        let index = usize::try_from(index).ok()?;
        match index.checked_sub(self.tlb0.len()) {
            None => Some(Place::Tlb0 { set: index / self.tlb0.ways(), way: index % self.tlb0.ways() }),
            Some(entry) => (entry < self.tlb1.len()).then_some(Place::Tlb1 { entry }),
        }
    }

    pub(super) fn numbered(&mut self, index: u64) -> Option<[u64; 3]> {
        let place = self.place(index)?;
        let Entry { mas1, mas2, mas7_3 } = *self.entry(place);
        Some([mas1.into(), mas2, mas7_3])
    }

    pub(super) fn set_numbered(&mut self, index: u64, [mas1, mas2, mas7_3]: [u64; 3]) -> Option<()> {
        let place = self.place(index)?;
        *self.entry(place) = Entry { mas1: mas1 as u32, mas2, mas7_3 };
        Some(())
    }

    fn entry(&mut self, place: Place) -> &mut Entry {
        match place {
            Place::Tlb0 { set, way } => &mut self.tlb0.set_mut(set)[way],
            Place::Tlb1 { entry } => &mut self.tlb1[entry],
        }
    }

    fn tlbwe<R: Registers>(&mut self, regs: &R) -> Result<Effect, Interrupt> {
        let illegal = Interrupt::illegal(Family::BookeE500);
        let place = self.selected(regs).ok_or(illegal)?;
        let mut mas1 = regs.get(n::MAS1) as u32;
        match place {
            Place::Tlb0 { .. } => {
                mas1 = mas1 & !(mas::IPROT | mas::TSIZE << mas::TSIZE_SHIFT) | mas::TSIZE_4K << mas::TSIZE_SHIFT;
            }
            Place::Tlb1 { .. } => {
                let tsize = mas1 >> mas::TSIZE_SHIFT & mas::TSIZE;
                if mas1 & mas::VALID != 0 && !TLB1_TSIZES.contains(&tsize) {
                    return Err(illegal);
                }
            }
        }
        let mas7_3 = regs.get(n::MAS7) << 32 | regs.get(n::MAS3) & u64::from(u32::MAX);
        let mut entry = Entry { mas1, mas2: 0, mas7_3 };
        entry.mas2 = regs.get(n::MAS2) & (entry.page_mask() | mas::ATTRIBUTES) & u64::from(u32::MAX);
        *self.entry(place) = entry;
        Ok(Effect::Changed)
    }

    fn tlbre<R: Registers>(&mut self, regs: &mut R) -> Effect {
        match self.selected(regs) {
            Some(place) => self.show(regs, place),
            None => regs.set(n::MAS1, 0),
        }
        Effect::None
    }

    fn tlbsx<R: Registers>(&mut self, regs: &mut R, address: u64) -> Effect {
        let mas6 = regs.get(n::MAS6) as u32;
        let (spid, space) = (mas6 >> mas::SPID_SHIFT & mas::SPID, mas6 & mas::SAS != 0);
        let set = self.tlb0.number_of(address);
        let is_hit = |entry: &Entry| {
            let of_process = entry.tid() == 0 || entry.tid() == u64::from(spid);
            entry.is_valid() && entry.covers(address) && of_process && entry.in_space(space)
        };
        let in_tlb0 = self.tlb0.set_with(address).iter().position(is_hit).map(|way| Place::Tlb0 { set, way });
        match in_tlb0.or_else(|| self.tlb1.iter().position(is_hit).map(|entry| Place::Tlb1 { entry })) {
            Some(place) => self.show(regs, place),
            None => self.set_mas_defaults(regs, spid, space),
        }
        Effect::None
    }

    fn show<R: Registers>(&mut self, regs: &mut R, place: Place) {
        let (tlb, esel) = match place {
            Place::Tlb0 { way, .. } => (0, way as u32),
            Place::Tlb1 { entry } => (1, entry as u32),
        };
        let Entry { mas1, mas2, mas7_3 } = *self.entry(place);
        let mas0 = tlb << mas::TLBSEL_SHIFT | esel << mas::ESEL_SHIFT | self.next_victim as u32;
        regs.set(n::MAS0, mas0.into());
        regs.set(n::MAS1, mas1.into());
        regs.set(n::MAS2, mas2);
        regs.set(n::MAS3, mas7_3 & u64::from(u32::MAX));
        regs.set(n::MAS7, mas7_3 >> 32);
    }

    fn tlbivax(&mut self, address: u64) -> Effect {
        let (tlb1, all) = (address & mas::TLBIVAX_TLB1 != 0, address & mas::TLBIVAX_ALL != 0);
        match (tlb1, all) {
            (true, true) => self.invalidate_tlb1(),
            (false, true) => self.invalidate_tlb0(),
            (true, false) => invalidate(&mut self.tlb1, |entry| entry.covers(address)),
            (false, false) => {
                let set = self.tlb0.number_of(address);
                invalidate(self.tlb0.set_mut(set), |entry| entry.covers(address));
            }
        }
        Effect::Changed
    }

    fn invalidate_tlb0(&mut self) {
        invalidate(self.tlb0.all_mut(), |_| true);
    }

    fn invalidate_tlb1(&mut self) {
        invalidate(&mut self.tlb1, |_| true);
    }
}

/// Invalidates the entries a condition chooses, except the protected ones.
fn invalidate(entries: &mut [Entry], chosen: impl Fn(&Entry) -> bool) {
    for entry in entries {
        if entry.mas1 & mas::IPROT == 0 && chosen(entry) {
            entry.mas1 &= !mas::VALID;
        }
    }
}
