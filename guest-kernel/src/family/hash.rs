//! What the hashed page tables of both server families have in common.

use sprig_interpreter::Unsupported;
use sprig_wire::bytecode::permission::{
    SUPERVISOR_EXECUTE, SUPERVISOR_READ, SUPERVISOR_WRITE, USER_EXECUTE, USER_READ, USER_WRITE,
};

/// The PP bits for these rights, with Ks = 0 and Kp = 1 in the segment (PEM, "Page Memory Protection"; Power ISA
/// Book III-S, "Data Storage Protection"). They have nothing on execution but that it needs the right to load.
pub(super) fn protection(permissions: u8) -> Result<u32, Unsupported> {
    const SUPERVISOR: u8 = SUPERVISOR_READ | SUPERVISOR_WRITE;
    const USER: u8 = USER_READ | USER_WRITE;
    match permissions & !(SUPERVISOR_EXECUTE | USER_EXECUTE) {
        SUPERVISOR => Ok(0),
        rights if rights == SUPERVISOR | USER_READ => Ok(1),
        rights if rights == SUPERVISOR | USER => Ok(2),
        rights if rights == SUPERVISOR_READ | USER_READ => Ok(3),
        _ => Err(Unsupported),
    }
}
