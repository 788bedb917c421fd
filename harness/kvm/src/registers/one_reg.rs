//! KVM_REG_PPC_* identifiers, and the bytes that `addr` of `struct kvm_one_reg` points to.

/// Most bytes of a register whose value is one number; those that are wide have two of as many.
const LARGEST: usize = 8;

/// True if it has 128 bits: a vector, or an address and a length.
#[must_use]
pub const fn is_wide(id: u64) -> bool {
    sprig_isa::one_reg::size(id) == 2 * LARGEST
}

/// Bytes of the register with this identifier; none if it is larger than a script's values.
fn size(id: u64) -> Option<usize> {
    Some(sprig_isa::one_reg::size(id)).filter(|size| *size <= LARGEST)
}

/// The register's value, from the bytes the kernel has put there.
#[must_use]
pub fn value(id: u64, bytes: [u8; LARGEST]) -> Option<u64> {
    let mut value = [0; LARGEST];
    let size = size(id)?;
    let place = if cfg!(target_endian = "big") { LARGEST - size..LARGEST } else { 0..size };
    value.get_mut(place)?.copy_from_slice(bytes.get(..size)?);
    Some(u64::from_ne_bytes(value))
}

/// The bytes for the kernel of a register that is to have this value.
#[must_use]
pub fn bytes(id: u64, value: u64) -> Option<[u8; LARGEST]> {
    let mut bytes = [0; LARGEST];
    let size = size(id)?;
    let value = value.to_ne_bytes();
    let place = if cfg!(target_endian = "big") { LARGEST - size..LARGEST } else { 0..size };
    bytes.get_mut(..size)?.copy_from_slice(value.get(place)?);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use crate::registers::one_reg;

    #[test]
    fn an_identifier_says_how_large_the_register_is() {
        let (double, word) = (0x1030_0000_0000_0002, 0x1020_0000_0000_00b4);
        let value = 0x0123_4567_89ab_cdef;
        assert_eq!(one_reg::bytes(double, value), Some(u64::to_ne_bytes(value)));
        let bytes = one_reg::bytes(word, value).expect("a register");
        assert_eq!((bytes[..4] == 0x89ab_cdef_u32.to_ne_bytes(), &bytes[4..]), (true, &[0; 4][..]));
        assert_eq!(one_reg::value(double, u64::to_ne_bytes(value)), Some(value));
        assert_eq!(one_reg::value(word, bytes), Some(0x89ab_cdef));
        let vector = 0x1040_0000_0000_0000;
        assert_eq!((one_reg::bytes(vector, 0), one_reg::value(vector, [0; 8])), (None, None));
    }
}
