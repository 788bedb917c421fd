//! The minimal board ([`sprig_wire::board`]): what an access to where no memory is means.

use crate::exit::Mmio;
use sprig_wire::board as register;

/// What the guest wants of the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// A byte for the console.
    Console(u8),
    /// The end, with this status.
    PowerOff(u32),
    /// The host step in the host block.
    HostCall,
    /// The same, by a load, which gets this, in the guest's byte order.
    HostCallByLoad([u8; 8]),
    /// The external line lowered.
    LowerExternal,
    /// The machine reset.
    Reset,
    /// A load, which gets this, in the guest's byte order.
    Load([u8; 8]),
    /// A store that means nothing, or that is over with that.
    Ignored,
    /// An access to where nothing is at all.
    NoDevice,
}

/// What the latch keeps ([`register::LATCH`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latch([u8; register::LATCH_SIZE as usize]);

impl Latch {
    /// The bytes that an access is to; none if not all of it is to the latch.
    fn part(&mut self, offset: u32, length: usize) -> Option<&mut [u8]> {
        self.0.get_mut(offset.checked_sub(register::LATCH)? as usize..)?.get_mut(..length)
    }
}

/// What an access asks for. Only the documented accesses have an effect; others of the page read zero. Beyond 32 bits
/// there is a bus that nothing answers on, so that a hypervisor which forgets these bits is found: loads get ones there,
/// and stores are lost.
pub fn request(access: &Mmio, latch: &mut Latch) -> Request {
    if access.address > u32::MAX.into() {
        return if access.stored.is_some() { Request::Ignored } else { Request::Load([!0; 8]) };
    }
    let page = u64::from(register::REGISTERS);
    let offset = access.address.checked_sub(page).filter(|offset| *offset < register::REGISTERS_SIZE.into());
    let Some(offset) = offset.and_then(|offset| u32::try_from(offset).ok()) else { return Request::NoDevice };
    let Some(data) = access.stored else {
        let mut answer = [0; 8];
        if let (register::PROBE | register::HOST_CALL, 4) = (offset, access.length) {
            answer[..4].copy_from_slice(&register::PROBE_VALUE.to_be_bytes());
        } else if let Some(part) = latch.part(offset, access.length) {
            answer.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
        }
        if (offset, access.length) == (register::HOST_CALL, 4) {
            return Request::HostCallByLoad(answer);
        }
        return Request::Load(answer);
    };
    if let Some(part) = latch.part(offset, access.length) {
        part.iter_mut().zip(data).for_each(|(to, from)| *to = from);
        return Request::Ignored;
    }
    let word = u32::from_be_bytes([data[0], data[1], data[2], data[3]]);
    match (offset, access.length) {
        (register::CONSOLE, 1) => Request::Console(data[0]),
        (register::POWER_OFF, 4) => Request::PowerOff(word),
        (register::HOST_CALL, 4) => Request::HostCall,
        (register::EXTERNAL_ACK, 4) => Request::LowerExternal,
        (register::RESET, 4) => Request::Reset,
        // KVM has no critical line to lower (KVM_INTERRUPT knows the external one only).
        _ => Request::Ignored,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_32_bits_nothing_answers() {
        let address = u64::from(register::REGISTERS + register::LATCH) + (1 << u32::BITS);
        let mut latch = Latch::default();
        let mut access = |stored| request(&Mmio { address, length: 4, stored }, &mut latch);
        assert_eq!((access(None), access(Some([1; 8]))), (Request::Load([0xff; 8]), Request::Ignored));
        assert_eq!(latch, Latch::default());
    }

    fn store(offset: u32, length: usize, data: &[u8]) -> Request {
        store_latched(&mut Latch::default(), offset, length, data)
    }

    fn store_latched(latch: &mut Latch, offset: u32, length: usize, data: &[u8]) -> Request {
        let mut stored = [0; 8];
        stored[..data.len()].copy_from_slice(data);
        request(&Mmio { address: u64::from(register::REGISTERS + offset), length, stored: Some(stored) }, latch)
    }

    fn load(address: u64, length: usize) -> Request {
        request(&Mmio { address, length, stored: None }, &mut Latch::default())
    }

    #[test]
    fn each_register_does_what_the_board_says() {
        assert_eq!(store(register::CONSOLE, 1, b"x"), Request::Console(b'x'));
        assert_eq!(store(register::POWER_OFF, 4, &[0, 0, 1, 2]), Request::PowerOff(0x102));
        assert_eq!(store(register::HOST_CALL, 4, &[0; 4]), Request::HostCall);
        assert_eq!(store(register::EXTERNAL_ACK, 4, &[0; 4]), Request::LowerExternal);
        assert_eq!(store(register::RESET, 4, &[0; 4]), Request::Reset);
    }

    #[test]
    fn the_probe_register_reads_as_the_board_says() {
        let probe = u64::from(register::REGISTERS + register::PROBE);
        assert_eq!(load(probe, 4), Request::Load(*b"SPRG\0\0\0\0"));
        assert_eq!(load(probe, 2), Request::Load([0; 8]));
    }

    #[test]
    fn a_host_step_is_asked_for_by_a_load_too() {
        let call = u64::from(register::REGISTERS + register::HOST_CALL);
        assert_eq!(load(call, 4), Request::HostCallByLoad(*b"SPRG\0\0\0\0"));
        assert_eq!(load(call, 2), Request::Load([0; 8]));
    }

    #[test]
    fn the_latch_keeps_what_is_stored_into_it() {
        let mut latch = Latch::default();
        let at = |offset| u64::from(register::REGISTERS + register::LATCH + offset);
        assert_eq!(store_latched(&mut latch, register::LATCH, 8, b"abcdefgh"), Request::Ignored);
        assert_eq!(store_latched(&mut latch, register::LATCH + 2, 2, b"xy"), Request::Ignored);
        assert_eq!(store_latched(&mut latch, register::LATCH + 8, 8, b"ijklmnop"), Request::Ignored);
        let mut load = |offset, length| request(&Mmio { address: at(offset), length, stored: None }, &mut latch);
        assert_eq!(load(0, 8), Request::Load(*b"abxyefgh"));
        assert_eq!(load(3, 1), Request::Load(*b"y\0\0\0\0\0\0\0"));
        assert_eq!(load(8, 8), Request::Load(*b"ijklmnop"));
        assert_eq!(load(14, 4), Request::Load([0; 8]), "beyond its end");
    }

    #[test]
    fn other_accesses_do_nothing() {
        assert_eq!(store(register::POWER_OFF, 1, b"x"), Request::Ignored);
        assert_eq!(store(register::REGISTERS_SIZE - 4, 4, &[0; 4]), Request::Ignored);
        assert_eq!(load(u64::from(register::REGISTERS) - 1, 4), Request::NoDevice);
        assert_eq!(load(u64::from(register::REGISTERS + register::REGISTERS_SIZE), 4), Request::NoDevice);
    }
}
