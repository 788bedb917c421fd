//! Code as the loop executes it: pages of instructions that have been decoded once.
//!
//! ```text
//!   RAM, a page with code          Page
//!   | word | word | word |  --->  | word, operation | word, - | word, operation |    decoded when first executed
//!        ^
//!        '-- written to: Memory notices, and what differs is decoded again
//! ```
//!
//! So a guest that rewrites its own code is right without further care. A machine is made for every case, and most of
//! them execute the same kernel: the pages serve the thread's next machine, which compares those with its memory that
//! are not known to be the same.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use sprig_isa::cpu::Cpu;
use sprig_isa::mmu::PAGE_SIZE;

use super::operation::Operation;
use super::{INSTRUCTION, Insn, Privileged};
use crate::memory::{Memory, Version};

/// Bytes that are decoded together: a page, which is what an entry of the lookaside covers.
const BYTES: usize = PAGE_SIZE as usize;
const WORD: usize = size_of::<u32>();
const WORDS: usize = BYTES / WORD;
/// Bytes that are compared at once.
const LINE: usize = 64;
/// Most pages that are kept for the next machine: a kernel and the code of a case are far fewer.
const MOST_KEPT: usize = 256;

thread_local! {
    /// The pages of the machine before.
    static KEPT: RefCell<Option<Pages>> = const { RefCell::new(None) };
}

/// An instruction of a page. The loop looks at word and operation each time, and at each by itself.
struct Slot {
    insn: Cell<Insn>,
    operation: Cell<Operation>,
    /// Which one, if the operation is [`Operation::Privileged`].
    privileged: Cell<Option<Privileged>>,
}

impl Slot {
    /// One that is not decoded.
    const fn empty() -> Self {
        Self { insn: Cell::new(Insn(0)), operation: Cell::new(Operation::Undecoded), privileged: Cell::new(None) }
    }

    fn set(&self, insn: Insn, operation: Operation, cpu: &Cpu) {
        self.insn.set(insn);
        self.operation.set(operation);
        let is_privileged = operation == Operation::Privileged;
        self.privileged.set(is_privileged.then(|| Privileged::decode(insn, cpu)).flatten());
    }
}

/// A page's instructions; they come first, as what every instruction uses does in [`super::State`].
#[repr(C)]
pub(super) struct Page {
    slots: [Slot; WORDS],
    cpu: &'static Cpu,
    little_endian: bool,
    /// Guest-physical address of the page.
    address: u64,
    /// The bytes that the instructions are decoded from.
    bytes: RefCell<[u8; BYTES]>,
}

impl Page {
    fn new(cpu: &'static Cpu, little_endian: bool, address: u64) -> Self {
        let slots = [const { Slot::empty() }; WORDS];
        Self { cpu, little_endian, address, bytes: RefCell::new([0; BYTES]), slots }
    }

    /// The instruction at an address in the page.
    #[inline]
    pub(super) fn at(&self, address: u64) -> (Insn, Operation) {
        let Slot { insn, operation, .. } = &self.slots[place(address)];
        (insn.get(), operation.get())
    }

    /// Which privileged instruction is at an address in the page.
    #[inline]
    pub(super) fn privileged(&self, address: u64) -> Option<Privileged> {
        self.slots[place(address)].privileged.get()
    }

    /// Decodes the instruction at an address in the page.
    #[cold]
    pub(super) fn decode(&self, address: u64) {
        let place = place(address);
        let insn = self.insn(place);
        let operation = match Operation::decode(insn, self.cpu) {
            Operation::BcCount if self.is_idle_loop(place, insn) => Operation::BcCountIdle,
            operation => match operation.with_test() {
                Some(both) if self.is_tested(place) => {
                    self.decode(address.wrapping_add(INSTRUCTION));
                    both
                }
                _ => operation,
            },
        };
        self.slots[place].set(insn, operation, self.cpu);
    }

    fn insn(&self, place: usize) -> Insn {
        let word = self.bytes.borrow().as_chunks::<WORD>().0[place];
        Insn(if self.little_endian { u32::from_le_bytes(word) } else { u32::from_be_bytes(word) })
    }

    /// True if a branch closes a loop whose other instructions are no-ops of its line: where one of these is written
    /// to, the branch is decoded again, too.
    fn is_idle_loop(&self, branch: usize, insn: Insn) -> bool {
        let before = (insn.bd().wrapping_neg() / INSTRUCTION) as usize;
        before <= branch % (LINE / WORD) && (branch - before..branch).all(|place| self.insn(place) == Insn::NOP)
    }

    /// True if the instruction after this one looks at a bit of CR and is in its line: where that is written to, both
    /// are decoded again.
    fn is_tested(&self, place: usize) -> bool {
        let behind = place + 1;
        !behind.is_multiple_of(LINE / WORD) && Operation::decode(self.insn(behind), self.cpu) == Operation::BcIf
    }

    /// Makes it what memory holds now.
    fn refresh(&self, now: &[u8; BYTES]) {
        let mut bytes = self.bytes.borrow_mut();
        let lines = bytes.as_chunks_mut::<LINE>().0.iter_mut().zip(now.as_chunks::<LINE>().0);
        for ((old, new), slots) in lines.zip(self.slots.as_chunks::<{ LINE / WORD }>().0) {
            if differ(old, new) {
                *old = *new;
                slots.iter().for_each(|slot| slot.operation.set(Operation::Undecoded));
            }
        }
    }
}

/// `one != other`, compiled to a few instructions instead of a call for each line.
fn differ(one: &[u8; LINE], other: &[u8; LINE]) -> bool {
    const AT_ONCE: usize = size_of::<u128>();
    let parts = one.as_chunks::<AT_ONCE>().0.iter().zip(other.as_chunks::<AT_ONCE>().0);
    parts.fold(0, |differing, (one, other)| differing | u128::from_ne_bytes(*one) ^ u128::from_ne_bytes(*other)) != 0
}

/// A page, and what it was decoded from.
struct Known {
    page: Rc<Page>,
    /// That of the page of memory; none if they have not been compared.
    version: Option<Version>,
}

impl Known {
    /// Makes the page what memory holds now.
    fn refresh(&mut self, memory: &mut Memory) -> Option<()> {
        let version = Some(memory.watch(self.page.address)?);
        if self.version != version {
            self.page.refresh(memory.slice(self.page.address, BYTES)?.first_chunk()?);
            self.version = version;
        }
        Some(())
    }
}

/// By guest-physical address. A kernel and the code of a case are some twenty.
type Pages = BTreeMap<u64, Known>;

/// The pages of one CPU.
pub(super) struct Code {
    pages: Pages,
}

impl Code {
    pub(super) fn new() -> Self {
        Self { pages: KEPT.with_borrow_mut(Option::take).unwrap_or_default() }
    }

    /// The instructions of the page around a guest-physical address, as memory holds them, given that [`Self::update`]
    /// is called when it may have changed. None if not all of the page is RAM.
    pub(super) fn page(
        &mut self,
        memory: &mut Memory,
        cpu: &'static Cpu,
        little_endian: bool,
        address: u64,
    ) -> Option<Rc<Page>> {
        let address = address & !(PAGE_SIZE - 1);
        // First of all: a guest may fetch from any address, and nothing is kept of those where it finds no memory.
        memory.slice(address, BYTES)?;
        let new = || Known { page: Rc::new(Page::new(cpu, little_endian, address)), version: None };
        let known = self.pages.entry(address).or_insert_with(new);
        if known.page.little_endian != little_endian || !std::ptr::eq(known.page.cpu, cpu) {
            *known = new();
        }
        known.refresh(memory)?;
        Some(Rc::clone(&known.page))
    }

    /// Makes the pages what memory holds now.
    #[inline]
    pub(super) fn update(&mut self, memory: &mut Memory) {
        while let Some(address) = memory.written_watched() {
            self.update_page(memory, address);
        }
    }

    #[cold]
    fn update_page(&mut self, memory: &mut Memory, address: u64) {
        if let Some(known) = self.pages.get_mut(&address) {
            // It was RAM when it was watched.
            let _ = known.refresh(memory);
        }
    }

    /// A page of which only one instruction may be executed.
    pub(super) fn single(cpu: &'static Cpu, address: u64, insn: Insn) -> Rc<Page> {
        let page = Page::new(cpu, false, 0);
        page.slots[place(address)].set(insn, Operation::decode(insn, cpu), cpu);
        Rc::new(page)
    }
}

impl Drop for Code {
    /// Keeps the pages for the next machine, unless they are too many or the thread is at its end.
    fn drop(&mut self) {
        let pages = std::mem::take(&mut self.pages);
        if pages.len() > MOST_KEPT {
            return;
        }
        let _ = KEPT.try_with(|kept| kept.try_borrow_mut().map(|mut kept| *kept = Some(pages)));
    }
}

/// The place in its page of the instruction at an address.
#[inline]
const fn place(address: u64) -> usize {
    address as usize / WORD % WORDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_kept_of_where_there_is_no_memory() {
        let cpu = Cpu::by_name("e500v2").expect("it is in the table");
        let (mut memory, mut code) = (Memory::new(2 * BYTES), Code::new());
        for outside in (2..1000).map(|page| page * PAGE_SIZE) {
            assert!(code.page(&mut memory, cpu, false, outside).is_none());
        }
        assert!(code.page(&mut memory, cpu, false, PAGE_SIZE + 4).is_some());
        assert_eq!(code.pages.len(), 1);
    }
}
