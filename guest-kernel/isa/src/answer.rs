//! User space's answers to a partition's hypercalls: KVM_EXIT_PAPR_HCALL (Documentation/virt/kvm/api.rst, section 5).
//!
//! ```text
//!   guest        r3     r4 r5 ... r12         r3      r4      r5    ...  r12
//!                 |      |  |      |           ^       ^       ^          ^
//!                 v      v  v      v           |       |       |          |
//!   kvm_run      nr     args[0..9]            ret     args[0..9]
//!                 '------.---------'           '---.-----------------------'
//!   user space           noted                     status  first  first+1 ... first+8
//! ```
//!
//! Each register has a number of its own both ways, so that one that is lost or taken for another shows.

/// Registers of a call after its number, and of its answer after the status: r4 to r12.
pub const HCALL_REGISTERS: usize = 9;

/// What the guest gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// r3.
    pub status: i64,
    /// r4 to r12.
    pub registers: [u64; HCALL_REGISTERS],
}

/// Answers the calls of one number, and notes what it was called with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answerer {
    answered: Option<(u64, Answer)>,
    calls: u64,
    last: [u64; HCALL_REGISTERS],
}

impl Answerer {
    /// One that answers calls of this number: with this status, and `first` and one more in each following register.
    #[must_use]
    pub fn new(number: u64, status: i64, first: u64) -> Self {
        let registers = core::array::from_fn(|index| first.wrapping_add(index as u64));
        Self { answered: Some((number, Answer { status, registers })), ..Self::default() }
    }

    /// The answer to a call, which it notes; none if the call has another number.
    pub fn answer(&mut self, number: u64, registers: &[u64; HCALL_REGISTERS]) -> Option<Answer> {
        let (_, answer) = self.answered.filter(|(answered, _)| *answered == number)?;
        self.calls += 1;
        self.last = *registers;
        Some(answer)
    }

    /// What a register of the last call held, r4 being the first, and how many calls there were; none if there is no
    /// such register.
    #[must_use]
    pub fn seen(&self, index: u64) -> Option<[u64; 2]> {
        let register = self.last.get(usize::try_from(index).ok()?)?;
        Some([*register, self.calls])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_its_own_calls_and_remembers_the_last() {
        let mut answerer = Answerer::new(0x58, -4, 0xffff_ffff_ffff_fffe);
        assert_eq!(answerer.seen(0), Some([0, 0]));
        assert_eq!(answerer.answer(0x1_0000_0058, &[7; HCALL_REGISTERS]), None);
        let registers = [u64::MAX - 1, u64::MAX, 0, 1, 2, 3, 4, 5, 6];
        let called = [10, 11, 12, 13, 14, 15, 16, 17, 18];
        assert_eq!(answerer.answer(0x58, &[7; HCALL_REGISTERS]), Some(Answer { status: -4, registers }));
        assert_eq!(answerer.answer(0x58, &called), Some(Answer { status: -4, registers }));
        assert_eq!((answerer.seen(0), answerer.seen(8), answerer.seen(9)), (Some([10, 2]), Some([18, 2]), None));
    }

    #[test]
    fn nobody_is_answered_who_was_not_asked_for() {
        assert_eq!(Answerer::default().answer(0, &[0; HCALL_REGISTERS]), None);
    }
}
