//! Interrupt vectors: which handler each exception has, and where its vector is.
//!
//! ```text
//!   vector (3 words, a copy of a template)         handler (asm/interrupts.s)
//!   save r31; r31 = exception number; ba handler   save the rest, then
//!     synchronous:   in a step: back to the interpreter, which reads the frame   (exec.rs)
//!                    in `leave_user`: to its caller
//!                    else: stray_interrupt, the end
//!     asynchronous:  asynchronous_interrupt, then resume what was interrupted
//! ```
//!
//! Book3S vectors are at the architecture's offsets from 0 and have room for eight words or more. BookE vectors are at
//! [`BOOKE_VECTORS`], 16 bytes each, and the IVORs say where.

use crate::cell::Exclusive;
use crate::exec;
use crate::family;
use crate::save::{Frame, flags};
use crate::spr::{flush_code, mtspr};
use sprig_isa::cpu::Cpu;
#[cfg(target_pointer_width = "32")]
use sprig_isa::cpu::CpuSet;
use sprig_isa::exception::{Class, Description, EXCEPTIONS, Exception};
use sprig_isa::spr::number;
use sprig_wire::layout::{BOOKE_VECTORS, STEP_RETURN, VECTORS_END};

/// The first vector of Book3S, system reset.
const BOOK3S_VECTORS: u32 = 0x100;
/// After the last vector any of our CPUs has (Power ISA Book III-S, figure "Effective address of interrupt vector").
const BOOK3S_VECTORS_END: u32 = 0x1800;
/// Distance of BookE vectors: the low four bits of an IVOR are zero.
const BOOKE_STRIDE: u32 = 0x10;
const _: () = assert!(BOOKE_VECTORS + EXCEPTIONS.len() as u32 * BOOKE_STRIDE <= VECTORS_END);

const WORDS: usize = 3;
/// Index of the template's word that takes the exception's number as its immediate operand.
const NUMBER_WORD: usize = 1;
type Template = [u32; WORDS];

#[cfg(target_pointer_width = "32")]
unsafe extern "C" {
    static vector_step_booke32: Template;
    static vector_interrupt_booke32: Template;
    static vector_debug_booke32: Template;
    static vector_debug_dsrr_booke32: Template;
    static vector_critical_booke32: Template;
    static vector_machine_check_booke32: Template;
    static vector_step_booke64: Template;
    static vector_interrupt_booke64: Template;
    static vector_debug_dsrr_booke64: Template;
    static vector_critical_booke64: Template;
    static vector_machine_check_booke64: Template;
    static vector_step_book3s32: Template;
    static vector_interrupt_book3s32: Template;
    static vector_machine_check_book3s32: Template;
}
unsafe extern "C" {
    static vector_step_book3s64: Template;
    static vector_interrupt_book3s64: Template;
    static vector_machine_check_book3s64: Template;
}

/// The templates of one flavour of handlers.
struct Templates {
    step: &'static Template,
    interrupt: &'static Template,
    debug: &'static Template,
    critical: &'static Template,
    machine_check: &'static Template,
}

impl Templates {
    fn book3s64() -> Self {
        // SAFETY: the templates are words in the image's text that nothing writes to.
        unsafe {
            Self {
                step: &vector_step_book3s64,
                interrupt: &vector_interrupt_book3s64,
                debug: &vector_step_book3s64,
                critical: &vector_interrupt_book3s64,
                machine_check: &vector_machine_check_book3s64,
            }
        }
    }

    #[cfg(target_pointer_width = "64")]
    fn of(_cpu: &Cpu) -> Self {
        Self::book3s64()
    }

    #[cfg(target_pointer_width = "32")]
    fn of(cpu: &Cpu) -> Self {
        // SAFETY: the templates are words in the image's text that nothing writes to.
        unsafe {
            match (cpu.family.is_booke(), cpu.is_64bit) {
                (true, false) => Self {
                    step: &vector_step_booke32,
                    interrupt: &vector_interrupt_booke32,
                    // The enhanced debug category of e500mc has save/restore registers of its own.
                    debug: if CpuSet::E500_HV.contains(cpu.set) {
                        &vector_debug_dsrr_booke32
                    } else {
                        &vector_debug_booke32
                    },
                    critical: &vector_critical_booke32,
                    machine_check: &vector_machine_check_booke32,
                },
                (true, true) => Self {
                    step: &vector_step_booke64,
                    interrupt: &vector_interrupt_booke64,
                    debug: &vector_debug_dsrr_booke64,
                    critical: &vector_critical_booke64,
                    machine_check: &vector_machine_check_booke64,
                },
                (false, false) => Self {
                    step: &vector_step_book3s32,
                    interrupt: &vector_interrupt_book3s32,
                    debug: &vector_step_book3s32,
                    critical: &vector_interrupt_book3s32,
                    machine_check: &vector_machine_check_book3s32,
                },
                (false, true) => Self::book3s64(),
            }
        }
    }

    fn for_exception(&self, row: &Description) -> &'static Template {
        match (row.exception, row.class, row.asynchronous) {
            (Exception::MachineCheck, ..) => self.machine_check,
            (_, Class::Base | Class::MachineCheck, false) => self.step,
            (_, Class::Base | Class::MachineCheck, true) => self.interrupt,
            (_, Class::Critical, false) => self.debug,
            (_, Class::Critical, true) => self.critical,
        }
    }
}

/// IVORs have numbers below this.
const IVOR_NUMBERS: usize = 38;
/// By the number of an IVOR that the CPU has, the address of the vector that it points to; 0 elsewhere. Book3S has its
/// vectors where they are.
static IVORS: Exclusive<[u32; IVOR_NUMBERS]> = Exclusive::new([0; IVOR_NUMBERS]);

/// A vector of the CPU at hand.
struct Vector {
    row: &'static Description,
    address: u32,
    /// The number of the IVOR that points to it, on BookE.
    ivor: Option<u8>,
}

impl Vector {
    fn all(cpu: &Cpu) -> impl Iterator<Item = Self> + use<'_> {
        EXCEPTIONS.iter().enumerate().filter_map(|(index, row)| {
            if cpu.family.is_booke() {
                let address = BOOKE_VECTORS + index as u32 * BOOKE_STRIDE;
                row.ivor_on(cpu.set).map(|ivor| Self { row, address, ivor: Some(ivor) })
            } else {
                row.vector.map(|vector| Self { row, address: vector.into(), ivor: None })
            }
        })
    }
}

/// Writes every vector and STEP_RETURN, and points the CPU to them.
pub(crate) fn install(cpu: &Cpu) {
    let templates = Templates::of(cpu);
    clear_ivpr(cpu);
    for vector in Vector::all(cpu) {
        let mut words = *templates.for_exception(vector.row);
        words[NUMBER_WORD] |= vector.row.exception as u32;
        // SAFETY: all vectors lie below VECTORS_END.
        unsafe { write_code(vector.address, &words) };
        if let Some(ivor) = vector.ivor {
            IVORS.with(|ivors| ivors[usize::from(ivor)] = vector.address);
        }
    }
    point_ivors();
    // SAFETY: it is STEP_RETURN.
    unsafe { write_code(STEP_RETURN, &[exec::step_return_word(cpu)]) };
    let (start, end) = if cpu.family.is_booke() {
        (BOOKE_VECTORS, BOOKE_VECTORS + EXCEPTIONS.len() as u32 * BOOKE_STRIDE)
    } else {
        (BOOK3S_VECTORS, BOOK3S_VECTORS_END)
    };
    flush_code(start as usize, (end - start) as usize);
    flush_code(STEP_RETURN as usize, size_of::<u32>());
}

/// Points the CPU to the vectors that [`install`] has written.
pub(crate) fn point(cpu: &Cpu) {
    clear_ivpr(cpu);
    point_ivors();
}

/// With IVPR zero an IVOR is the vector's address.
fn clear_ivpr(cpu: &Cpu) {
    if cpu.family.is_booke() {
        // SAFETY: every BookE CPU has it.
        unsafe { mtspr::<{ number::IVPR }>(0) };
    }
}

/// Writes instructions.
///
/// # Safety
/// They lie below [`VECTORS_END`] or at [`STEP_RETURN`], memory that every platform has and gives to this.
unsafe fn write_code(address: u32, words: &[u32]) {
    for (index, word) in words.iter().enumerate() {
        // SAFETY: the caller's duty.
        unsafe { (address as *mut u32).add(index).write_volatile(*word) };
    }
}

/// Writes every IVOR that [`IVORS`] has; mtspr has the register's number in the instruction.
fn point_ivors() {
    macro_rules! point {
        ($ivors:ident, $($ivor:literal),* $(,)?) => {
            $(if $ivors[$ivor] != 0 {
                // SAFETY: there is a vector for an IVOR that the CPU has.
                unsafe { mtspr::<{ number::ivor($ivor) }>($ivors[$ivor]) };
            })*
        };
    }
    IVORS.with(|ivors| {
        point! {
            ivors,
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 32, 33, 34, 35, 36, 37,
        }
    });
}

/// Called by the handlers of asynchronous interrupts, with interrupts off.
pub(crate) extern "C" fn asynchronous_interrupt(frame: &mut Frame) {
    flags().note_taken(frame.exception as usize);
    if let Some(exception) = Exception::from_number(frame.exception as u8) {
        family::silence(exception, frame);
    }
}

/// An interrupt with another IVOR would never come to its handler.
const _: () = {
    let mut row = 0;
    while row < EXCEPTIONS.len() {
        if let Some(ivor) = EXCEPTIONS[row].ivor {
            assert!(matches!(ivor.number, 0..=15 | 32..=37), "point_ivors() writes the IVOR of each interrupt");
        }
        row += 1;
    }
};
