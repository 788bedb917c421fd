//! Loads and stores of eight bytes in memory that no other step is about: each kind, each size, each way to say an
//! address.

use super::super::dice::Dice;
use super::super::environment::{Environment, MEMORY};
use super::super::prediction::Allowed;
use super::{CR0, seen, summary};
use crate::feature::Feature;
use crate::lockstep::program::Kind;
use sprig_isa::cpu::CpuSet;
use sprig_isa::insn::Operand;
use sprig_isa::insn::script::{self, Field};
use sprig_isa::xer;

/// Where the bytes are.
const AREA: u64 = MEMORY + 0x1_3000;
/// How many.
const BYTES: u64 = 8;
/// Displacements of chance are as far as this, up and down.
const FAR: u64 = 0x7ff0;
/// Registers of the line's own: the address of all bytes, what they are afterwards and before.
const AT: u8 = 4;
const SEEN: [u8; 2] = [5, 6];
const WORDS: [u8; 2] = [7, 8];
/// Those that the instruction may have. Behind the one of its value is a second for strings.
const VALUES: std::ops::Range<u8> = 9..16;
const BASES: std::ops::Range<u8> = 17..22;
const INDICES: std::ops::Range<u8> = 22..28;
/// What conditional stores are tried with.
const TRIED: [u8; 2] = [28, 29];
/// What the first of them leaves in CR.
const SAID: u8 = 3;
/// The first of two that lmw and stmw move.
const MULTIPLE: u8 = 30;
/// The lower half of a register.
const WORD: u64 = u32::MAX as u64;

/// A load or store instruction. How it says its address its operands tell, which scripts have
/// (`sprig_isa::insn::script`); whether it is a 64-bit CPU's, and what has to be around it, lockstep.
#[derive(Debug)]
pub(super) struct Row {
    mnemonic: &'static str,
    /// Bytes that it moves; of strings, at most.
    bytes: u8,
    moves: Moves,
    cpus: CpuSet,
}

/// What it moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moves {
    Load,
    /// With the sign.
    Algebraic,
    LoadReversed,
    Store,
    StoreReversed,
    /// Registers up to r31.
    LoadMultiple,
    StoreMultiple,
    /// As many bytes as the instruction or XER says.
    LoadString,
    StoreString,
    /// Load and reserve.
    Reserve(&'static str),
}

impl Moves {
    const fn loads(self) -> bool {
        matches!(
            self,
            Self::Load
                | Self::Algebraic
                | Self::LoadReversed
                | Self::LoadMultiple
                | Self::LoadString
                | Self::Reserve(_)
        )
    }
}

const fn row(mnemonic: &'static str, bytes: u8, moves: Moves) -> Row {
    Row { mnemonic, bytes, moves, cpus: CpuSet::all() }
}

impl Row {
    const fn on(self, cpus: CpuSet) -> Self {
        Self { cpus, ..self }
    }

    /// True if this is one of its operands.
    fn has(&self, operand: Operand) -> bool {
        let encoding = script::Row::by_mnemonic(self.mnemonic);
        encoding.into_iter().flat_map(script::Row::fields).any(|field| field == Field::Common(operand))
    }

    /// True if the base becomes the address.
    fn updates(&self) -> bool {
        self.has(Operand::RaUpdate)
    }

    /// True if it has to be at a multiple of its size.
    fn is_aligned(&self) -> bool {
        super::row(self.mnemonic).is_some_and(|row| matches!(row.kind, Kind::Reservation | Kind::Multiple))
    }

    /// Only a big-endian kernel has it: it takes an alignment interrupt for another.
    const fn is_big_endian(&self) -> bool {
        matches!(self.moves, Moves::LoadMultiple | Moves::StoreMultiple | Moves::LoadString | Moves::StoreString)
    }
}

static ROWS: &[Row] = {
    use Moves::*;
    const STRINGS: CpuSet = CpuSet::E500.complement();
    &[
        row("lbz", 1, Load),
        row("lbzu", 1, Load),
        row("lbzx", 1, Load),
        row("lbzux", 1, Load),
        row("lhz", 2, Load),
        row("lhzu", 2, Load),
        row("lhzx", 2, Load),
        row("lhzux", 2, Load),
        row("lha", 2, Algebraic),
        row("lhau", 2, Algebraic),
        row("lhax", 2, Algebraic),
        row("lhaux", 2, Algebraic),
        row("lwz", 4, Load),
        row("lwzu", 4, Load),
        row("lwzx", 4, Load),
        row("lwzux", 4, Load),
        row("lwa", 4, Algebraic),
        row("lwax", 4, Algebraic),
        row("lwaux", 4, Algebraic),
        row("ld", 8, Load),
        row("ldu", 8, Load),
        row("ldx", 8, Load),
        row("ldux", 8, Load),
        row("lhbrx", 2, LoadReversed),
        row("lwbrx", 4, LoadReversed),
        row("ldbrx", 8, LoadReversed).on(CpuSet::POWER),
        row("stb", 1, Store),
        row("stbu", 1, Store),
        row("stbx", 1, Store),
        row("stbux", 1, Store),
        row("sth", 2, Store),
        row("sthu", 2, Store),
        row("sthx", 2, Store),
        row("sthux", 2, Store),
        row("stw", 4, Store),
        row("stwu", 4, Store),
        row("stwx", 4, Store),
        row("stwux", 4, Store),
        row("std", 8, Store),
        row("stdu", 8, Store),
        row("stdx", 8, Store),
        row("stdux", 8, Store),
        row("sthbrx", 2, StoreReversed),
        row("stwbrx", 4, StoreReversed),
        row("stdbrx", 8, StoreReversed).on(CpuSet::POWER),
        row("lmw", 8, LoadMultiple),
        row("stmw", 8, StoreMultiple),
        row("lswi", 8, LoadString).on(STRINGS),
        row("lswx", 8, LoadString).on(STRINGS),
        row("stswi", 8, StoreString).on(STRINGS),
        row("stswx", 8, StoreString).on(STRINGS),
        row("lwarx", 4, Reserve("stwcx.")),
        row("ldarx", 8, Reserve("stdcx.")),
        row("lbarx", 1, Reserve("stbcx.")).on(CpuSet::POWER),
        row("lharx", 2, Reserve("sthcx.")).on(CpuSet::POWER),
    ]
};

/// Those that scripts of an environment can have.
pub(super) fn here(environment: &Environment) -> impl Iterator<Item = &'static Row> + use<> {
    let (wide, cpus) = (environment.is_wide(), environment.cpu.set);
    let little = environment.has(Feature::LittleEndian);
    let has = move |row: &&Row| row.cpus.intersects(cpus) && (wide || !super::is_wide(row.mnemonic));
    ROWS.iter().filter(has).filter(move |row| !(little && row.is_big_endian()))
}

/// One with what it moves.
#[derive(Clone, Copy, Debug)]
pub struct Transfer {
    row: &'static Row,
    /// What memory holds before, word by word.
    words: [u64; 2],
    /// The registers of value, base and index.
    value: u8,
    base: u8,
    index: u8,
    /// Where in the bytes, and the displacement or the index's value.
    offset: u64,
    displacement: i64,
    /// How many bytes a string has.
    length: u8,
    /// What is stored, or in the target before a load.
    stored: u64,
    /// The same of the next register (stmw, strings), and of a second conditional store.
    next: u64,
    xer: u32,
}

impl Transfer {
    pub(super) fn draw(dice: &mut Dice, environment: &Environment, row: &'static Row) -> Self {
        let size = u64::from(row.bytes);
        let offset = dice.below((BYTES - size) as usize + 1) as u64;
        let offset =
            if row.is_aligned() || environment.has(Feature::LittleEndian) { offset / size * size } else { offset };
        let far = dice.below(2 * FAR as usize) as i64 - FAR as i64;
        let displacement = if row.has(Operand::Nb) || dice.percent(10) {
            0
        } else if row.has(Operand::Ds) {
            far & !3
        } else {
            far
        };
        let is_multiple = matches!(row.moves, Moves::LoadMultiple | Moves::StoreMultiple);
        let mut among = |registers: std::ops::Range<u8>| registers.start + dice.below(registers.len()) as u8;
        let value = if is_multiple { MULTIPLE } else { among(VALUES) };
        let (base, index) = (among(BASES), among(INDICES));
        // A store of its own address, as it was.
        let is_own = row.moves == Moves::Store && row.updates() && dice.percent(25);
        Self {
            row,
            words: [dice.value(32), dice.value(32)],
            value: match row.moves {
                _ if is_own => base,
                // A string goes on in r0 behind r31.
                Moves::LoadString | Moves::StoreString if dice.percent(40) => 31,
                _ => value,
            },
            base,
            index,
            offset,
            displacement,
            length: if row.moves == Moves::StoreString && row.has(Operand::Rb) && dice.percent(20) {
                0
            } else {
                1 + dice.below(8) as u8
            },
            stored: dice.value(environment.word()),
            next: dice.value(environment.word()),
            xer: if dice.percent(50) { xer::SO } else { 0 },
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.row.mnemonic
    }

    /// A reservation may be lost at any time.
    pub(super) const fn varies(&self) -> bool {
        matches!(self.row.moves, Moves::Reserve(_))
    }

    pub(super) fn plainer(&self) -> Vec<Self> {
        let near = Self { displacement: 0, ..*self };
        vec![near, Self { stored: 0, next: 0, ..*self }, Self { words: [0x0102_0304, 0x0506_0708], ..*self }]
    }

    /// What is in the base.
    fn start(&self, environment: &Environment) -> u64 {
        environment.cut((AREA + self.offset).wrapping_sub(self.displacement as u64))
    }

    /// The memory's bytes after these words have been stored there.
    fn memory(&self, environment: &Environment) -> Vec<u8> {
        self.words.iter().flat_map(|word| in_order(environment, *word, 4)).collect()
    }

    pub(super) fn text(&self, environment: &Environment) -> String {
        let Self { row, value, base, index, displacement, length, stored, next, .. } = *self;
        let [first, second] = WORDS;
        let [one, other] = SEEN;
        let [done, lost] = TRIED;
        let looked = format!(" ; lwz r{one}, 0(r{AT}) ; lwz r{other}, 4(r{AT})");
        let address = if row.has(Operand::Nb) {
            format!("r{base}, {length}")
        } else if row.has(Operand::Rb) {
            format!("r{base}, r{index}")
        } else {
            format!("{displacement}(r{base})")
        };
        let instruction = format!("{} r{value}, {address}", row.mnemonic);
        let behind = match row.moves {
            Moves::Reserve(store) => {
                format!(
                    " ; {store} r{done}, {address} ; mfcr r{SAID} ; rlwinm r{SAID}, r{SAID}, 0, 0, 3 ; {store} \
                        r{lost}, {address}{looked}"
                )
            }
            moves if moves.loads() => String::new(),
            _ => looked,
        };
        let at = AREA - MEMORY;
        let start = self.start(environment);
        let mut set = format!(
            "r{AT} = SCRATCH + {at:#x}, r{first} = {:#x}, r{second} = {:#x}, r{base} = {start:#x}",
            self.words[0], self.words[1]
        );
        if row.has(Operand::Rb) {
            set += &format!(", r{index} = {:#x}", environment.cut(displacement as u64));
        }
        match row.moves {
            Moves::Reserve(_) => set += &format!(", r{done} = {stored:#x}, r{lost} = {next:#x}"),
            Moves::LoadMultiple | Moves::StoreMultiple | Moves::LoadString | Moves::StoreString => {
                set += &format!(", r{value} = {stored:#x}, r{} = {next:#x}", (value + 1) % 32);
            }
            _ if value == base => {}
            _ => set += &format!(", r{value} = {stored:#x}"),
        }
        let count = if self.counts_by_xer() { u32::from(length) } else { 0 };
        set += &format!(", cr = 0xffffffff, xer = {:#x}", self.xer | count);
        let gives: Vec<String> = self.values(environment).into_iter().map(|(name, _)| name).collect();
        format!(
            "run stw r{first}, 0(r{AT}) ; stw r{second}, 4(r{AT}) ; {instruction}{behind} with {set} gives {}",
            gives.join(", ")
        )
    }

    /// True if XER has the number of bytes.
    fn counts_by_xer(&self) -> bool {
        matches!(self.row.moves, Moves::LoadString | Moves::StoreString) && self.row.has(Operand::Rb)
    }

    pub(super) fn values(&self, environment: &Environment) -> Vec<(String, Allowed)> {
        let Self { value, base, next, .. } = *self;
        let stored = if value == base { self.start(environment) } else { self.stored };
        let memory = self.memory(environment);
        let (from, size) = (self.offset as usize, usize::from(self.row.bytes));
        let register = |number: u8, value: u64| (format!("r{number}"), seen(environment, value));
        let unused = 64 - 8 * u32::from(self.row.bytes);
        let loaded = number(environment, &memory[from..from + size]);
        let stored_there = |bytes: &[u8]| {
            let mut after = memory.clone();
            after[from..from + bytes.len()].copy_from_slice(bytes);
            let words: Vec<u64> = after.chunks(4).map(|word| number(environment, word)).collect();
            SEEN.into_iter().zip(words)
        };
        let length = usize::from(self.length);
        let mut values: Vec<(String, Allowed)> = match self.row.moves {
            Moves::Load => vec![register(value, loaded)],
            Moves::Algebraic => vec![register(value, ((loaded << unused) as i64 >> unused) as u64)],
            Moves::LoadReversed => vec![register(value, loaded.swap_bytes() >> unused)],
            Moves::LoadMultiple => vec![register(value, loaded >> 32), register(value + 1, loaded & WORD)],
            Moves::LoadString => {
                // What is behind the last byte in its register is zero; a register that no byte is for stays as it is.
                let ignored = 8 * (BYTES as usize - length);
                let string = loaded >> ignored << ignored;
                let second = if length > 4 { string & WORD } else { next };
                vec![register(value, string >> 32), register((value + 1) % 32, second)]
            }
            Moves::Reserve(_) => {
                let cr = u64::from(!CR0 | summary(self.xer) << 28);
                // The first store may find the reservation lost; the second must.
                let done = stored_there(&in_order(environment, stored, size));
                let either = stored_there(&[]).zip(done).map(|((seen, before), (_, after))| {
                    let allowed = if before == after { vec![before] } else { vec![before, after] };
                    (format!("r{seen}"), Allowed::OneOf(allowed))
                });
                let said = u64::from(summary(self.xer)) << 28;
                let first = [register(value, loaded), ("cr".to_owned(), Allowed::OneOf(vec![cr]))];
                let said = (format!("r{SAID}"), Allowed::OneOf(vec![said, said | 0x2000_0000]));
                first.into_iter().chain(either).chain([said]).collect()
            }
            Moves::Store | Moves::StoreReversed | Moves::StoreMultiple | Moves::StoreString => {
                let both = (stored & WORD) << 32 | next & WORD;
                let bytes = match self.row.moves {
                    Moves::StoreMultiple => in_order(environment, both, size),
                    Moves::StoreString => in_order(environment, both, size)[..length].to_vec(),
                    Moves::StoreReversed => in_order(environment, stored, size).into_iter().rev().collect(),
                    _ => in_order(environment, stored, size),
                };
                stored_there(&bytes).map(|(seen, value)| register(seen, value)).collect()
            }
        };
        if self.row.updates() {
            values.push(register(base, AREA + self.offset));
        }
        values
    }
}

/// The lower bytes of a number, as a store leaves them in memory.
fn in_order(environment: &Environment, value: u64, size: usize) -> Vec<u8> {
    let mut bytes = value.to_be_bytes()[8 - size..].to_vec();
    if environment.has(Feature::LittleEndian) {
        bytes.reverse();
    }
    bytes
}

/// The number that a load finds in these bytes.
fn number(environment: &Environment, bytes: &[u8]) -> u64 {
    let joined = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    if environment.has(Feature::LittleEndian) {
        bytes.iter().rev().fold(0, joined)
    } else {
        bytes.iter().fold(0, joined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::testing::environment;

    /// What a transfer with these two words in memory and these registers leaves behind.
    fn left(target: &str, mnemonic: &str, offset: u64, change: impl Fn(&mut Transfer)) -> Vec<Vec<u64>> {
        let row = ROWS.iter().find(|row| row.mnemonic == mnemonic).expect("an instruction");
        let mut transfer = Transfer {
            row,
            words: [0x8192_a3b4, 0xc5d6_e7f8],
            value: VALUES.start,
            base: BASES.start,
            index: INDICES.start,
            offset,
            displacement: 8,
            length: 0,
            stored: 0x0102_0304,
            next: 0x0506_0708,
            xer: 0,
        };
        change(&mut transfer);
        let numbers = |(_, allowed)| match allowed {
            Allowed::OneOf(values) => values,
            other => panic!("{other:?} are no numbers"),
        };
        transfer.values(&environment(target)).into_iter().map(numbers).collect()
    }

    const BIG: &str = "ref-e500v2-pr";
    const BIG_64: &str = "ref-power8-64-pr";
    const LITTLE_64: &str = "ref-power8-64le-pr";

    fn as_they_are(_: &mut Transfer) {}

    #[test]
    fn a_load_takes_its_bytes_in_the_order_of_the_kernel() {
        let loaded = |target, mnemonic, offset| left(target, mnemonic, offset, as_they_are)[0][0];
        assert_eq!(loaded(BIG, "lhz", 1), 0x92a3);
        assert_eq!(loaded(LITTLE_64, "lhz", 0), 0xa3b4);
        assert_eq!(loaded(BIG, "lhbrx", 0), 0x9281);
        assert_eq!(loaded(LITTLE_64, "lwbrx", 0), 0xb4a3_9281);
        assert_eq!(loaded(BIG, "lha", 0), 0xffff_8192);
        assert_eq!(loaded(BIG_64, "lwax", 4), 0xffff_ffff_c5d6_e7f8);
        assert_eq!(loaded(LITTLE_64, "ld", 0), 0xc5d6_e7f8_8192_a3b4);
    }

    #[test]
    fn a_store_changes_its_bytes_alone_and_an_update_its_base() {
        assert_eq!(left(BIG, "sth", 1, as_they_are), [[0x8103_04b4], [0xc5d6_e7f8]]);
        assert_eq!(left(BIG, "sthbrx", 0, as_they_are), [[0x0403_a3b4], [0xc5d6_e7f8]]);
        assert_eq!(left(LITTLE_64, "stb", 0, as_they_are)[0], [0x8192_a304]);
        assert_eq!(left(BIG, "stwu", 4, as_they_are), [[0x8192_a3b4], [0x0102_0304], [AREA + 4]]);
        let itself = left(BIG, "stwu", 4, |transfer| transfer.value = transfer.base);
        assert_eq!(itself[1], [AREA + 4 - 8], "what is stored is the base as it was");
    }

    #[test]
    fn a_string_ends_within_a_register() {
        let loaded = |length| left("ref-7447-pr", "lswi", 0, |transfer| transfer.length = length);
        assert_eq!(loaded(6), [[0x8192_a3b4], [0xc5d6_0000]]);
        assert_eq!(loaded(3), [[0x8192_a300], [0x0506_0708]], "the second register stays");
        let stored = left("ref-7447-pr", "stswi", 0, |transfer| transfer.length = 5);
        assert_eq!(stored, [[0x0102_0304], [0x05d6_e7f8]]);
    }

    #[test]
    fn of_two_conditional_stores_the_second_stores_nothing() {
        let reserved = left(BIG, "lwarx", 0, |transfer| transfer.xer = xer::SO);
        assert_eq!(reserved[0], [0x8192_a3b4]);
        assert_eq!(reserved[1], [0x1fff_ffff], "CR0 has a copy of SO and says that nothing was stored");
        assert_eq!(reserved[2], [0x8192_a3b4, 0x0102_0304], "the first may find the reservation lost");
    }
}
