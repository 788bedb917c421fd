//! The counters of a vCPU as KVM_GET_STATS_FD shows them (Documentation/virt/kvm/api.rst, section 4.134): how often the
//! guest left for which reason.
//!
//! ```text
//!   header:  u32 flags, name size, number, offset of the id, offset of the descriptors, offset of the data
//!   descriptors, each:  u32 flags, i16 exponent, u16 values, u32 offset in the data, u32 bucket size, name
//!   data:    u64 each
//! ```

/// Bytes of the file that are looked at; a vCPU has some fifty counters.
pub const FILE: usize = 16 * 1024;

const HEADER: usize = 24;
/// A descriptor without its name.
const DESCRIPTOR: usize = 16;
const TYPE_MASK: u32 = 0xf;
const TYPE_CUMULATIVE: u32 = 0;
const UNIT_MASK: u32 = 0xf << 4;
/// Counters of guest exits end so. Others count other things.
const EXITS: &[u8] = b"_exits";
/// The sum of the others.
const SUM: &[u8] = b"sum_exits";

/// Finds every counter of exits that is not zero: its name without `_exits`, and its value.
pub fn exits(file: &[u8], each: &mut dyn FnMut(&[u8], u64)) {
    counters(file, &mut |name, value| {
        if let Some(short) = name.strip_suffix(EXITS).filter(|_| value != 0 && name != SUM) {
            each(short, value);
        }
    });
}

/// The counter of this name, in capitals.
pub fn counter(file: &[u8], wanted: &str) -> Option<u64> {
    let mut found = None;
    counters(file, &mut |name, value| {
        if name.eq_ignore_ascii_case(wanted.as_bytes()) {
            found = Some(value);
        }
    });
    found
}

/// Finds every counter: its name and its value.
fn counters(file: &[u8], each: &mut dyn FnMut(&[u8], u64)) {
    let word = |at: usize| file.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
    let field = |index: usize| word(4 * index).and_then(|value| usize::try_from(value).ok());
    let (Some(name_size), Some(number), Some(descriptors), Some(data)) = (field(1), field(2), field(4), field(5))
    else {
        return;
    };
    if name_size > FILE || descriptors < HEADER {
        return;
    }
    for index in 0..number.min(FILE / DESCRIPTOR) {
        let at = descriptors.saturating_add(index * (DESCRIPTOR + name_size));
        let Some(descriptor) = file.get(at..at.saturating_add(DESCRIPTOR + name_size)) else { return };
        let (fixed, name) = descriptor.split_at(DESCRIPTOR);
        let (Some(flags), Some(offset)) = (word(at), word(at + 8)) else { return };
        let name = name.split(|byte| *byte == 0).next().unwrap_or(name);
        let one = fixed.get(6..8) == Some(&1u16.to_ne_bytes()[..]);
        let counts = flags & TYPE_MASK == TYPE_CUMULATIVE && flags & UNIT_MASK == 0 && one;
        let start = data.saturating_add(offset as usize);
        let value = file.get(start..start.saturating_add(8)).and_then(|bytes| bytes.try_into().ok());
        let Some(value) = value.map(u64::from_ne_bytes) else { continue };
        if counts {
            each(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    const NAME: usize = 48;

    fn file(counters: &[(&str, u32, u64)]) -> Vec<u8> {
        let descriptors = HEADER;
        let data = descriptors + counters.len() * (DESCRIPTOR + NAME);
        let header = [0, NAME, counters.len(), HEADER, descriptors, data];
        let mut file: Vec<u8> = header.iter().flat_map(|word| (*word as u32).to_ne_bytes()).collect();
        for (index, (name, flags, _)) in counters.iter().enumerate() {
            file.extend(flags.to_ne_bytes());
            file.extend(0i16.to_ne_bytes());
            file.extend(1u16.to_ne_bytes());
            file.extend((8 * index as u32).to_ne_bytes());
            file.extend(0u32.to_ne_bytes());
            file.extend(name.bytes().chain(std::iter::repeat(0)).take(NAME));
        }
        file.extend(counters.iter().flat_map(|(_, _, value)| value.to_ne_bytes()));
        file
    }

    fn found(file: &[u8]) -> Vec<(String, u64)> {
        let mut found = Vec::new();
        exits(file, &mut |name, value| found.push((String::from_utf8_lossy(name).into_owned(), value)));
        found
    }

    #[test]
    fn one_counter_is_found_by_its_name_in_capitals() {
        let file = file(&[("mmio_exits", 0, 0), ("halt_wakeup", 0, 5)]);
        assert_eq!(counter(&file, "MMIO_EXITS"), Some(0));
        assert_eq!((counter(&file, "HALT_WAKEUP"), counter(&file, "MMIO")), (Some(5), None));
    }

    #[test]
    fn counters_of_exits_are_found_by_name() {
        const INSTANT: u32 = 1;
        let counters = [
            ("sum_exits", 0, 9),
            ("mmio_exits", 0, 2),
            ("dec_exits", 0, 0),
            ("halt_wakeup", 0, 5),
            ("emulated_inst_exits", 0, 7),
            ("strange_exits", INSTANT, 7),
        ];
        assert_eq!(found(&file(&counters)), [("mmio".into(), 2), ("emulated_inst".into(), 7)]);
    }

    #[test]
    fn a_file_that_is_cut_short_shows_what_is_whole() {
        let whole = file(&[("mmio_exits", 0, 2), ("isi_exits", 0, 3)]);
        let all = found(&whole);
        assert_eq!(all.len(), 2);
        let value = size_of::<u64>();
        for missing in 1..whole.len() {
            let expected = if missing <= value { 1 } else { 0 };
            assert_eq!(found(&whole[..whole.len() - missing]), all[..expected], "{missing} bytes less");
        }
    }

    #[test]
    fn garbage_is_no_counter() {
        assert_eq!(found(&[0xff; 256]), []);
        assert_eq!(found(&[]), []);
    }
}
