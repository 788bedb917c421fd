//! The guest's patcher: what a kernel does to its own instructions once it has the magic page.
//!
//! [`sprig_isa::replacement`] says what stands in for an instruction; here the words are put together, the way
//! arch/powerpc/kernel/kvm.c does it: a load or store of the page with register 0 as base, or a branch to a trampoline
//! that does the work and branches back.
//!
//! ```text
//!   mtmsr r4      becomes   b T      T: critical = r1; save r31, CR, r30 in the scratch fields
//!   next                    next        which bits change? only EE and RI, and no interrupt waits: store to msr
//!                                       else the instruction itself
//!                                       restore; critical = r2; b next
//! ```

use crate::machine::Kernel;
use sprig_isa::branch;
use sprig_isa::cpu::Cpu;
use sprig_isa::hcall::{KVM_MAGIC_FEAT_MAS0_TO_SPRG7, KVM_MAGIC_FEAT_SR};
use sprig_isa::insn::{Insn, Operand};
use sprig_isa::msr;
use sprig_isa::page::{Feature, Field, PAGE_SIZE, SR_OFFSET};
use sprig_isa::replacement::{Action, REPLACEMENTS, Replacement, Trampoline};

/// The row of an instruction, found when the guest is built.
macro_rules! row {
    ($mnemonic:literal) => {
        const { Insn::named($mnemonic) }
    };
}

/// The field of this name in the page, found when the guest is built.
macro_rules! field {
    ($name:literal) => {
        const { Field::named($name) }
    };
}

/// Most words a trampoline takes; who leaves room for one needs no more.
pub const TRAMPOLINE_WORDS: usize = 40;

/// Where the instruction and the room for its trampoline are.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Address of the instruction.
    pub instruction: u32,
    /// Address of the room for a trampoline.
    pub trampoline: u32,
    /// Words of room.
    pub room: u8,
}

/// A replaced instruction.
#[derive(Clone, Debug)]
pub struct Patched {
    /// What goes in its place.
    pub word: u32,
    sequence: Sequence,
}

impl Patched {
    /// The words of its trampoline, none if it needs none.
    #[must_use]
    pub fn trampoline(&self) -> &[u32] {
        self.sequence.words.get(..self.sequence.length).unwrap_or(&[])
    }
}

/// What replaces an instruction word on this CPU, given the feature bits that MAP_MAGIC_PAGE answered; none if it is
/// not in the list or there is no room for its trampoline.
#[must_use]
pub fn patch(kernel: Kernel, cpu: &Cpu, features: u32, word: u32, place: Place) -> Option<Patched> {
    let row = replacement(cpu, features, word)?;
    let mut sequence = Sequence { kernel, words: [0; TRAMPOLINE_WORDS], length: 0 };
    let register = Operand::Rs.extract(word);
    let word = match row.action {
        Action::Load(field) => Access::of(kernel, field).load(register)?,
        Action::Store(field) => Access::of(kernel, field).store(register)?,
        Action::Nop => row!("nop").encode(&[])?,
        Action::Trampoline(kind) => {
            sequence.emit(kind, word, place)?;
            if sequence.length > usize::from(place.room) {
                return None;
            }
            branch(place.instruction, place.trampoline)?
        }
    };
    Some(Patched { word, sequence })
}

/// The entry of the patch list for an instruction word on this CPU, given the feature bits that MAP_MAGIC_PAGE
/// answered.
#[must_use]
pub fn replacement(cpu: &Cpu, features: u32, word: u32) -> Option<&'static Replacement> {
    REPLACEMENTS.iter().find(|row| row.is_about(word) && row.cpus.intersects(cpu.set) && has(features, row.feature))
}

fn has(features: u32, feature: Feature) -> bool {
    match feature {
        Feature::Base => true,
        Feature::Sr => features & KVM_MAGIC_FEAT_SR != 0,
        Feature::Mas0ToSprg7 => features & KVM_MAGIC_FEAT_MAS0_TO_SPRG7 != 0,
    }
}

/// `b` from one address to another.
fn branch(from: u32, to: u32) -> Option<u32> {
    row!("b").encode(&[i64::from(to) - i64::from(from)])
}

/// How a kernel reaches a field with one instruction, the page at -4096 from register 0.
struct Access {
    /// All 64 bits of it.
    wide: bool,
    displacement: i64,
}

impl Access {
    fn of(kernel: Kernel, field: &Field) -> Self {
        let wide = kernel.wide && field.size == 8;
        // The low word of a 64-bit field is the first one where the page is little-endian.
        let offset = if wide || kernel.little { field.offset } else { field.offset32 };
        Self { wide, displacement: i64::from(offset) - PAGE_SIZE as i64 }
    }

    fn load(&self, register: i64) -> Option<u32> {
        (if self.wide { row!("ld") } else { row!("lwz") }).encode(&[register, self.displacement, 0])
    }

    fn store(&self, register: i64) -> Option<u32> {
        (if self.wide { row!("std") } else { row!("stw") }).encode(&[register, self.displacement, 0])
    }
}

/// All fields of CR, for mtcrf.
const ALL_FIELDS: i64 = 0xff;
/// Rc, the record bit.
const RECORD: u32 = 1;
/// The registers a trampoline works with.
const A: i64 = 30;
const B: i64 = 31;

/// A branch whose target is not known yet.
#[derive(Clone, Copy)]
struct Forward {
    at: usize,
    condition: u8,
}

/// A trampoline being put together.
#[derive(Clone, Debug)]
struct Sequence {
    kernel: Kernel,
    words: [u32; TRAMPOLINE_WORDS],
    length: usize,
}

impl Sequence {
    fn push(&mut self, word: u32) -> Option<()> {
        *self.words.get_mut(self.length)? = word;
        self.length += 1;
        Some(())
    }

    fn insn(&mut self, row: &Insn, operands: &[i64]) -> Option<()> {
        self.push(row.encode(operands)?)
    }

    fn load(&mut self, register: i64, field: &Field) -> Option<()> {
        self.push(Access::of(self.kernel, field).load(register)?)
    }

    fn store(&mut self, register: i64, field: &Field) -> Option<()> {
        self.push(Access::of(self.kernel, field).store(register)?)
    }

    /// A conditional branch on `CR0[EQ]` to a place that [`Self::here`] names later.
    fn branch_if(&mut self, condition: u8) -> Option<Forward> {
        let at = self.length;
        self.push(0)?;
        Some(Forward { at, condition })
    }

    fn here(&mut self, forward: Forward) -> Option<()> {
        let distance = 4 * i64::try_from(self.length - forward.at).ok()?;
        *self.words.get_mut(forward.at)? =
            row!("bc").encode(&[forward.condition.into(), branch::CR0_EQ.into(), distance])?;
        Some(())
    }

    /// Marks a critical section and frees A, B and CR. The mark comes first: the handler of an interrupt in between may run a
    /// trampoline as well, which has the same scratch fields (arch/powerpc/kernel/kvm_emul.S, `SCRATCH_SAVE`).
    fn enter(&mut self) -> Option<()> {
        // The section is critical while the field equals r1; r2 is never equal to r1.
        self.store(1, field!("critical"))?;
        self.store(B, field!("scratch1"))?;
        self.insn(row!("mfcr"), &[B])?;
        self.store(B, field!("scratch3"))?;
        self.store(A, field!("scratch2"))
    }

    fn leave(&mut self) -> Option<()> {
        self.load(A, field!("scratch2"))?;
        self.load(B, field!("scratch3"))?;
        self.insn(row!("mtcrf"), &[ALL_FIELDS, B])?;
        self.load(B, field!("scratch1"))?;
        self.store(2, field!("critical"))
    }

    /// Leaves, executes `original` if there is one, and branches to what follows the patched instruction.
    fn finish(&mut self, original: Option<u32>, place: Place) -> Option<()> {
        self.leave()?;
        if let Some(word) = original {
            self.push(word)?;
        }
        let here = place.trampoline.checked_add(u32::try_from(4 * self.length).ok()?)?;
        self.push(branch(here, place.instruction.checked_add(4)?)?)
    }

    /// Copies the instruction's operand to `to`; `enter` has saved the two registers that may be it.
    fn operand(&mut self, to: i64, register: i64) -> Option<()> {
        match register {
            A => self.load(to, field!("scratch2")),
            B => self.load(to, field!("scratch1")),
            _ => self.insn(row!("ori"), &[to, register, 0]),
        }
    }

    fn emit(&mut self, kind: Trampoline, word: u32, place: Place) -> Option<()> {
        let register = Operand::Rs.extract(word);
        self.enter()?;
        match kind {
            Trampoline::Mtmsr => self.mtmsr(word, register, place),
            Trampoline::MtmsrdL1 => {
                self.operand(A, register)?;
                self.replace_bits(msr::PAGE_SAFE as i64)?;
                self.store_unless_pending(word, place)
            }
            Trampoline::Wrtee => {
                if row!("wrteei").is(word) {
                    self.insn(row!("addi"), &[A, 0, 0])?;
                    self.insn(row!("ori"), &[A, A, msr::EE as i64])?;
                } else {
                    self.operand(A, register)?;
                }
                self.replace_bits(msr::EE as i64)?;
                self.store_unless_pending(word, place)
            }
            Trampoline::WrteeiZero => {
                self.insn(row!("addi"), &[A, 0, 0])?;
                self.replace_bits(msr::EE as i64)?;
                self.store(B, field!("msr"))?;
                self.finish(None, place)
            }
            Trampoline::Mtsrin => self.mtsrin(word, register, place),
        }
    }

    /// B = the page's msr with the bits of `mask` taken from A.
    fn replace_bits(&mut self, mask: i64) -> Option<()> {
        self.load(B, field!("msr"))?;
        self.insn(row!("xor"), &[A, A, B])?;
        self.insn(row!("andi."), &[A, A, mask])?;
        self.insn(row!("xor"), &[B, B, A])
    }

    /// Stores B as the new msr, unless it sets EE while an interrupt waits: then the instruction itself has to trap.
    fn store_unless_pending(&mut self, word: u32, place: Place) -> Option<()> {
        self.load(A, field!("int_pending"))?;
        self.compare_with_zero(A)?;
        let nothing_waits = self.branch_if(branch::IF_SET)?;
        self.insn(row!("andi."), &[A, B, msr::EE as i64])?;
        let stays_off = self.branch_if(branch::IF_SET)?;
        self.finish(Some(word), place)?;
        self.here(nothing_waits)?;
        self.here(stays_off)?;
        self.store(B, field!("msr"))?;
        self.finish(None, place)
    }

    /// `CR0[EQ]` = (register == 0), the whole of it, by an instruction that leaves it as it is.
    fn compare_with_zero(&mut self, register: i64) -> Option<()> {
        self.push(row!("or").encode(&[register, register, register])? | RECORD)
    }

    fn mtmsr(&mut self, word: u32, register: i64, place: Place) -> Option<()> {
        self.operand(A, register)?;
        self.load(B, field!("msr"))?;
        self.insn(row!("xor"), &[B, B, A])?;
        // Any bit but EE and RI? Clear those two and look at the rest.
        self.insn(row!("andi."), &[A, B, msr::PAGE_SAFE as i64])?;
        self.insn(row!("xor"), &[B, B, A])?;
        self.compare_with_zero(B)?;
        let unsafe_bits = self.branch_if(branch::IF_CLEAR)?;
        self.operand(B, register)?;
        self.store_unless_pending(word, place)?;
        self.here(unsafe_bits)?;
        self.finish(Some(word), place)
    }

    fn mtsrin(&mut self, word: u32, register: i64, place: Place) -> Option<()> {
        const TRANSLATION: i64 = (msr::book3s::IR | msr::book3s::DR) as i64;
        self.load(B, field!("msr"))?;
        self.insn(row!("andi."), &[B, B, TRANSLATION])?;
        let real_mode = self.branch_if(branch::IF_SET)?;
        self.finish(Some(word), place)?;
        self.here(real_mode)?;
        // Bits 0-3 of RB, times four, are the offset of the segment register's word.
        self.operand(A, Operand::Rb.extract(word))?;
        self.insn(row!("rlwinm"), &[A, A, 6, 26, 29])?;
        self.operand(B, register)?;
        self.insn(row!("stw"), &[B, i64::from(SR_OFFSET) - PAGE_SIZE as i64, A])?;
        self.finish(None, place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sprig_isa::insn::word::assemble;

    const PLACE: Place = Place { instruction: 0x1000, trampoline: 0x2000, room: TRAMPOLINE_WORDS as u8 };
    const ALL_FEATURES: u32 = KVM_MAGIC_FEAT_SR | KVM_MAGIC_FEAT_MAS0_TO_SPRG7;

    fn patched(cpu: &str, features: u32, mnemonic: &str, operands: &[i64]) -> Option<Patched> {
        let cpu = Cpu::by_name(cpu).expect("a CPU");
        patch(Kernel::default(), cpu, features, assemble(mnemonic, operands).expect("an instruction"), PLACE)
    }

    #[test]
    fn a_register_access_becomes_a_page_access_with_the_same_register() {
        let read = patched("e500v2", 0, "mfspr", &[31, 272]).expect("in the list");
        assert_eq!(Some(read.word), assemble("lwz", &[31, -4060, 0]));
        let write = patched("e500v2", ALL_FEATURES, "mtspr", &[277, 0]).expect("in the list");
        assert_eq!(Some(write.word), assemble("stw", &[0, -3876, 0]));
        assert!(read.trampoline().is_empty() && write.trampoline().is_empty());
    }

    #[test]
    fn a_64_bit_kernel_reaches_whole_fields_and_a_little_endian_one_the_first_word() {
        let cpu = Cpu::by_name("power8").expect("a CPU");
        let (sprg0, dsisr) =
            (assemble("mfspr", &[4, 272]).expect("a word"), assemble("mtspr", &[18, 4]).expect("a word"));
        for (kernel, load, store) in [
            (Kernel { wide: true, little: false }, ("ld", -4064), ("stw", -4000)),
            (Kernel { wide: true, little: true }, ("ld", -4064), ("stw", -4000)),
            (Kernel { wide: false, little: true }, ("lwz", -4064), ("stw", -4000)),
            (Kernel::default(), ("lwz", -4060), ("stw", -4000)),
        ] {
            let word = |word| patch(kernel, cpu, 0, word, PLACE).map(|patched| patched.word);
            assert_eq!(word(sprg0), assemble(load.0, &[4, load.1, 0]), "{kernel:?}");
            assert_eq!(word(dsisr), assemble(store.0, &[4, store.1, 0]), "{kernel:?}");
        }
    }

    #[test]
    fn a_feature_the_hypervisor_did_not_announce_is_not_used() {
        assert!(patched("e500v2", KVM_MAGIC_FEAT_SR, "mfspr", &[3, 276]).is_none());
        assert!(patched("7447", KVM_MAGIC_FEAT_MAS0_TO_SPRG7, "mtsrin", &[3, 4]).is_none());
    }

    #[test]
    fn an_instruction_of_another_family_is_left_alone() {
        assert!(patched("7447", ALL_FEATURES, "mfspr", &[3, 62]).is_none());
        assert!(patched("440", ALL_FEATURES, "mfspr", &[3, 624]).is_none());
    }

    #[test]
    fn a_trampoline_is_entered_by_a_branch_and_ends_with_one_behind_the_instruction() {
        for (mnemonic, operands) in [("mtmsr", &[31][..]), ("wrtee", &[30]), ("wrteei", &[1]), ("wrteei", &[0])] {
            let patched = patched("e500v2", ALL_FEATURES, mnemonic, operands).expect("in the list");
            assert_eq!(Some(patched.word), branch(PLACE.instruction, PLACE.trampoline));
            let words = patched.trampoline();
            let last = PLACE.trampoline + 4 * (words.len() as u32 - 1);
            assert_eq!(words.last().copied(), branch(last, PLACE.instruction + 4), "{mnemonic}");
        }
    }

    /// As SCRATCH_SAVE of arch/powerpc/kernel/kvm_emul.S: what it saves an interrupt's handler would overwrite.
    #[test]
    fn a_trampoline_marks_its_critical_section_first() {
        let mark = assemble("stw", &[1, -4068, 0]);
        let cases = [
            ("e500v2", "mtmsr", &[31][..]),
            ("e500v2", "wrtee", &[30]),
            ("e500v2", "wrteei", &[1]),
            ("7447", "mtsrin", &[3, 4]),
        ];
        for (cpu, mnemonic, operands) in cases {
            let patched = patched(cpu, ALL_FEATURES, mnemonic, operands).expect("in the list");
            assert_eq!(patched.trampoline().first().copied(), mark, "{mnemonic}");
        }
    }

    #[test]
    fn without_room_for_its_trampoline_an_instruction_stays() {
        let cpu = Cpu::by_name("e500v2").expect("a CPU");
        let word = assemble("mtmsr", &[3]).expect("an instruction");
        assert!(patch(Kernel::default(), cpu, ALL_FEATURES, word, Place { room: 10, ..PLACE }).is_none());
    }
}
