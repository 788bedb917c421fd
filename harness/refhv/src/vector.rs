//! Taking an interrupt, and returning from one: what the CPU saves, where it goes on, and under which MSR.
//!
//! Used by the bare machine with the CPU's registers, and by the hypervisor with those it shows its guest: a guest
//! cannot tell an interrupt that hardware delivers from one the hypervisor does.

use sprig_isa::cpu::{Cpu, CpuSet, Family};
use sprig_isa::exception::{Class, Exception, IVOR_OFFSET, IVPR_PREFIX};
use sprig_isa::msr::{self, book3s, booke, lpcr};
use sprig_isa::spr::number as n;
use sprig_isa::syndrome::srr1;

use crate::cpu::Interrupt;
use crate::mmu::Registers;
use crate::msr::{Writer, write};

/// Where a CPU goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resume {
    /// Address of the next instruction.
    pub address: u64,
    /// Its MSR.
    pub msr: u64,
}

/// Vectors of 32-bit server CPUs with `MSR[IP]` = 1.
const HIGH_VECTORS: u64 = 0xfff0_0000;
const INSTRUCTION_ALIGNMENT: u64 = !3;

/// The save registers of a class.
const fn save_registers(family: Family, class: Class) -> (u16, u16) {
    match class {
        _ if !family.is_booke() => (n::SRR0, n::SRR1),
        Class::Base => (n::SRR0, n::SRR1),
        Class::Critical => (n::CSRR0, n::CSRR1),
        Class::MachineCheck => (n::MCSRR0, n::MCSRR1),
    }
}

/// Takes an interrupt: saves `address` and `msr`, the syndrome and the data address. None, and nothing done, if this
/// CPU has no vector for it.
pub fn take<R: Registers>(cpu: &Cpu, regs: &mut R, msr: u64, address: u64, interrupt: &Interrupt) -> Option<Resume> {
    let Interrupt { exception, syndrome, .. } = *interrupt;
    let target = vector(cpu, regs, msr, exception)?;
    let class = exception.description().class;
    let (srr0, srr1) = save_registers(cpu.family, class);
    let booke = cpu.family.is_booke();
    regs.set(srr0, address);
    regs.set(srr1, if booke { msr } else { msr & !srr1::REASON | srr1_syndrome(interrupt) });
    if exception.sets_syndrome(cpu.family) {
        regs.set(if booke { n::ESR } else { n::DSISR }, syndrome.into());
    }
    if let Some(data) = interrupt.address.filter(|_| exception.sets_data_address()) {
        regs.set(if booke { n::DEAR } else { n::DAR }, data);
    }
    let mut msr = msr_after(cpu, msr, class);
    if cpu.set.intersects(CpuSet::POWER) && regs.get(n::LPCR) & lpcr::ILE != 0 {
        msr |= book3s::LE;
    }
    Some(Resume { address: target, msr })
}

/// The syndrome of those interrupts of the server families that have it in SRR1.
const fn srr1_syndrome(interrupt: &Interrupt) -> u64 {
    match interrupt.exception {
        Exception::Program | Exception::InstructionStorage | Exception::Trace => interrupt.syndrome as u64,
        _ => 0,
    }
}

fn vector<R: Registers>(cpu: &Cpu, regs: &R, msr: u64, exception: Exception) -> Option<u64> {
    let row = exception.description();
    if cpu.family.is_booke() {
        let offset = regs.get(n::ivor(row.ivor_on(cpu.set)?));
        return Some(regs.get(n::IVPR) & u64::from(IVPR_PREFIX) | offset & u64::from(IVOR_OFFSET));
    }
    let prefix = match cpu.family {
        Family::Book3s32 if msr & book3s::IP != 0 => HIGH_VECTORS,
        // arch/powerpc/kvm/book3s_pr.c, kvmppc_inject_interrupt_pr: hior + vec; zero where there is no such register.
        Family::Book3s64 => regs.get(n::HIOR),
        _ => 0,
    };
    Some(u64::from(row.vector?) | prefix)
}

/// The MSR a handler starts with (e500 core manual, tables 5-18 to 5-20; 7400 manual, 4.3.2; 750 manual, table 4-9;
/// Power ISA 2.07 Book III-S, figure 51).
const fn msr_after(cpu: &Cpu, msr: u64, class: Class) -> u64 {
    let machine_check_enable = if matches!(class, Class::MachineCheck) { 0 } else { msr & msr::ME };
    match (cpu.family, class) {
        (Family::BookeE500 | Family::Booke44x, Class::Base) => msr & (booke::CE | msr::ME | booke::DE),
        (Family::BookeE500 | Family::Booke44x, _) => machine_check_enable,
        (Family::Book3s32, _) => {
            let little_endian = if msr & book3s::ILE != 0 { book3s::LE } else { 0 };
            msr & (book3s::ILE | book3s::IP) | little_endian | machine_check_enable
        }
        (Family::Book3s64, _) => book3s::SF | msr & book3s::HV | machine_check_enable,
    }
}

/// Returns from an interrupt of a class: rfi (rfid), rfci, rfmci.
#[must_use]
pub fn return_from<R: Registers>(cpu: &Cpu, regs: &R, msr: u64, class: Class) -> Resume {
    let (srr0, srr1) = save_registers(cpu.family, class);
    let msr = write(cpu, msr, regs.get(srr1), Writer::Return);
    let wide = cpu.set.intersects(CpuSet::BOOK3S64) && msr & book3s::SF != 0;
    let mask = if wide { u64::MAX } else { u32::MAX.into() };
    Resume { address: regs.get(srr0) & INSTRUCTION_ALIGNMENT & mask, msr }
}

#[cfg(test)]
mod tests {
    use sprig_isa::syndrome::{dsisr, srr1};

    use super::*;
    use crate::cpu::{Access, Fault, Sprs};

    fn cpu(name: &str) -> &'static Cpu {
        Cpu::by_name(name).expect("a CPU of the table")
    }

    #[test]
    fn booke_goes_to_ivpr_and_ivor_and_saves_the_whole_msr() {
        let (cpu, mut regs) = (cpu("e500v2"), Sprs::new());
        regs.set(n::IVPR, 0x1234_0000);
        regs.set(n::IVOR0 + 13, 0x2345);
        let old = msr::EE | msr::PR | booke::CE | booke::SPE | booke::DS;
        let miss = Interrupt::storage(cpu.family, Fault::Miss, Access::Store, 0xdead_beec);
        assert_eq!(
            take(cpu, &mut regs, old, 0x1000, &miss),
            Some(Resume { address: 0x1234_2340, msr: booke::CE }),
            "IVOR13"
        );
        assert_eq!([n::SRR0, n::SRR1, n::DEAR].map(|number| regs.get(number)), [0x1000, old, 0xdead_beec]);
        assert_eq!(regs.get(n::ESR), sprig_isa::syndrome::esr::ST.into());
    }

    #[test]
    fn a_critical_interrupt_uses_its_own_registers_and_clears_ce() {
        let (cpu, mut regs) = (cpu("440"), Sprs::new());
        let old = msr::EE | booke::CE | msr::ME;
        let resume = take(cpu, &mut regs, old, 0x1000, &Interrupt::new(Exception::CriticalInput));
        assert_eq!(resume.map(|resume| resume.msr), Some(msr::ME));
        assert_eq!([n::CSRR0, n::CSRR1, n::SRR0, n::SRR1].map(|number| regs.get(number)), [0x1000, old, 0, 0]);
        assert_eq!(return_from(cpu, &regs, 0, Class::Critical), Resume { address: 0x1000, msr: old });
    }

    #[test]
    fn a_server_cpu_says_why_in_srr1_or_dsisr() {
        let (cpu, mut regs) = (cpu("750"), Sprs::new());
        let old = msr::EE | msr::ME | book3s::IP | book3s::DR;
        let resume = take(cpu, &mut regs, old, 0x1000, &Interrupt::trap(cpu.family));
        assert_eq!(resume, Some(Resume { address: 0xfff0_0700, msr: msr::ME | book3s::IP }));
        assert_eq!(regs.get(n::SRR1), old | srr1::TRAP);
        let fault = Interrupt::storage(cpu.family, Fault::Protection, Access::Store, 0x44);
        let resume = take(cpu, &mut regs, 0, 0x2000, &fault);
        assert_eq!(resume, Some(Resume { address: 0x300, msr: 0 }));
        assert_eq!(
            [n::DSISR, n::DAR, n::SRR1].map(|number| regs.get(number)),
            [(dsisr::PROTECTION | dsisr::STORE).into(), 0x44, 0]
        );
    }

    #[test]
    fn a_64_bit_server_cpu_handles_interrupts_in_64_bit_mode() {
        let (cpu, mut regs) = (cpu("power8"), Sprs::new());
        let resume = take(cpu, &mut regs, msr::ME | msr::PR, 0x1000, &Interrupt::new(Exception::Decrementer));
        assert_eq!(resume, Some(Resume { address: 0x900, msr: book3s::SF | msr::ME }));
    }

    #[test]
    fn the_hypervisor_decides_about_the_byte_order_of_a_partitions_interrupts() {
        let (cpu, mut regs) = (cpu("power8"), Sprs::new());
        regs.set(n::LPCR, lpcr::ILE);
        let trap = Interrupt::trap(cpu.family);
        assert_eq!(
            take(cpu, &mut regs, msr::ME, 0x1000, &trap),
            Some(Resume { address: 0x700, msr: book3s::SF | book3s::LE | msr::ME })
        );
        regs.set(n::LPCR, 0);
        let resume = take(cpu, &mut regs, book3s::LE | msr::ME, 0x1000, &trap);
        assert_eq!(resume, Some(Resume { address: 0x700, msr: book3s::SF | msr::ME }));
    }

    #[test]
    fn a_return_cuts_the_address_to_the_mode_it_returns_to() {
        let (cpu, mut regs) = (cpu("970"), Sprs::new());
        regs.set(n::SRR0, 0x1_0000_1003);
        assert_eq!(return_from(cpu, &regs, book3s::SF, Class::Base).address, 0x1000);
        regs.set(n::SRR1, book3s::SF);
        assert_eq!(return_from(cpu, &regs, 0, Class::Base).address, 0x1_0000_1000);
    }

    #[test]
    fn an_interrupt_without_vector_is_not_taken() {
        let mut regs = Sprs::new();
        let critical = Interrupt::new(Exception::CriticalInput);
        assert_eq!(take(cpu("7447"), &mut regs, 0, 0x1000, &critical), None);
        assert_eq!(regs.get(n::SRR0), 0);
    }
}
