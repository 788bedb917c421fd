//! The minimal board ([`sprig_wire::board`]): console, power-off, host calls, two interrupt lines.

use sprig_wire::board as register;

/// The board's registers and wires.
#[derive(Clone, Debug, Default)]
pub struct Board {
    /// Bytes the guest wrote to the console.
    pub console: Vec<u8>,
    /// The status the guest powered off with.
    pub powered_off: Option<u32>,
    /// The guest has asked for a host step that has not been carried out yet; with the value it wrote, 0 for a load.
    pub host_call: Option<u32>,
    /// The guest has asked for a reset that has not happened yet.
    pub reset: bool,
    /// The external interrupt line.
    pub external: bool,
    /// The critical interrupt line.
    pub critical: bool,
    /// What was stored into the latch, big-endian.
    pub latch: [u8; register::LATCH_SIZE as usize],
}

impl Board {
    /// The offset of a guest-physical address within the register page.
    #[must_use]
    pub fn offset(address: u64) -> Option<u32> {
        let offset = address.checked_sub(register::REGISTERS.into())?;
        u32::try_from(offset).ok().filter(|offset| *offset < register::REGISTERS_SIZE)
    }

    /// The bytes of the latch that an access is to; none if not all of it is.
    fn latched(offset: u32, size: usize) -> Option<core::ops::Range<usize>> {
        let start = offset.checked_sub(register::LATCH)? as usize;
        (start + size <= register::LATCH_SIZE as usize).then_some(start..start + size)
    }

    /// A load of `size` bytes. Nothing but the documented accesses has an effect; others read zero.
    #[must_use]
    pub fn load(&mut self, offset: u32, size: usize) -> u64 {
        match (offset, size) {
            (register::HOST_CALL, 4) => {
                self.host_call = Some(0);
                u64::from(register::PROBE_VALUE)
            }
            (register::PROBE, 4) => u64::from(register::PROBE_VALUE),
            _ => Self::latched(offset, size)
                .map_or(0, |part| self.latch[part].iter().fold(0, |value, byte| value << 8 | u64::from(*byte))),
        }
    }

    /// A store of `size` bytes. Other than documented accesses are ignored.
    pub fn store(&mut self, offset: u32, size: usize, value: u64) {
        match (offset, size) {
            (register::CONSOLE, 1) => self.console.push(value as u8),
            (register::POWER_OFF, 4) => self.powered_off = Some(value as u32),
            (register::HOST_CALL, 4) => self.host_call = Some(value as u32),
            (register::RESET, 4) => self.reset = true,
            (register::EXTERNAL_ACK, 4) => self.external = false,
            (register::CRITICAL_ACK, 4) => self.critical = false,
            _ => {
                if let Some(part) = Self::latched(offset, size) {
                    self.latch[part].copy_from_slice(&value.to_be_bytes()[size_of::<u64>() - size..]);
                }
            }
        }
    }

    /// True if the run has to stop and look at the board.
    #[must_use]
    pub fn wants_attention(&self) -> bool {
        self.powered_off.is_some() || self.host_call.is_some() || self.reset
    }
}
