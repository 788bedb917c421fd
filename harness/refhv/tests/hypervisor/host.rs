//! User space: registers, interrupt lines, migration.

use sprig_isa::cpu::Cpu;
use sprig_isa::debug;
use sprig_isa::msr;
use sprig_isa::other_vm::Registers;
use sprig_isa::spr::number as n;
use sprig_refhv::host::{Host, Refusal, Values};
use sprig_refhv::hypervisor::{Deviation, Setup, UserSpace, policy};
use sprig_wire::host::{HostCall, REGS, SREGS};

use super::{CODE, CPUS, Guest, asm, at};

const TCR: u64 = 0x1020_0000_0000_0089;
const SPRG9: u64 = 0x1030_0000_0000_00ba;
const MAS7_3: u64 = 0x1030_0000_0000_008f;
const ESRCH: u64 = 3;
const EAGAIN: u64 = 11;
const EBUSY: u64 = 16;
const EINVAL: u64 = 22;

fn call(guest: &mut Guest, name: &str, arguments: &[u64]) -> Result<u64, Refusal> {
    let mut values: Values = [0; 8];
    values[..arguments.len()].copy_from_slice(arguments);
    let call = HostCall::by_name(name).expect("a host step");
    let super::Processor { core, supervisor } = &mut guest.processor;
    UserSpace.call(core, supervisor, call.call, &values).map(|results| results[0])
}

fn reg(name: &str) -> u64 {
    REGS.iter().position(|known| *known == name).expect("a register of kvm_regs") as u64
}

fn sreg(name: &str) -> u64 {
    SREGS.iter().position(|known| *known == name).expect("a register of kvm_sregs") as u64
}

#[test]
fn user_space_and_the_guest_see_the_same_sprgs() {
    for cpu in CPUS {
        let mut guest = Guest::mapped(cpu);
        for number in 0..8 {
            let index = reg(&format!("SPRG{number}"));
            assert_eq!(call(&mut guest, "set-regs", &[index, 0x70 + number]), Ok(0), "{cpu}");
            assert_eq!(call(&mut guest, "get-regs", &[index]), Ok(0x70 + number), "{cpu}");
            assert_eq!(guest.page(&format!("sprg{number}")), 0x70 + number, "{cpu}");
        }
        guest.mtspr(n::SPRG1, 0x99);
        assert_eq!(call(&mut guest, "get-regs", &[reg("SPRG1")]), Ok(0x99), "{cpu}");
    }
}

#[test]
fn what_user_space_sets_is_in_the_alias_when_the_guest_runs() {
    let mut guest = Guest::mapped("e500v2");
    call(&mut guest, "set-regs", &[reg("SPRG4"), 0x44]).expect("a register");
    assert_eq!(guest.mfspr(n::USPRG4), 0x44);
}

#[test]
fn another_guest_has_registers_of_its_own_and_ours_are_as_they_were() {
    let all = u64::from(Registers::of(Cpu::by_name("e500v2").expect("a CPU")).bits());
    let mut guest = Guest::mapped("e500v2");
    guest.mtspr(n::SPRG0, 0x1000);
    guest.mtspr(n::SPRG4, 0x1004);
    assert_eq!(call(&mut guest, "other-vm", &[0x5000, all]), Ok(0));
    assert_eq!((guest.mfspr(n::USPRG4), guest.mfspr(n::SPRG0)), (0x1004, 0x1000));
    // It would notice: a register that the CPU has not holds nothing.
    let on_750 = |registers: u16| call(&mut Guest::mapped("750"), "other-vm", &[0x5000, registers.into()]);
    assert_eq!(on_750(1), Ok(0));
    assert_ne!(on_750(1 << 15 | 1), Ok(0));
}

#[test]
fn by_turns_with_another_guest_ours_has_its_own_registers_behind_each_of_its_turns() {
    let all = u64::from(Registers::of(Cpu::by_name("e500v2").expect("a CPU")).bits());
    let alias_behind_its_turns = |deviation| {
        let mut guest = Guest::with("e500v2", Setup { deviation, ..Setup::default() });
        assert_eq!(call(&mut guest, "end-other-vm", &[]), Err(Refusal::Errno(ESRCH)));
        guest.mtspr(n::SPRG4, 0x1004);
        assert_eq!(call(&mut guest, "start-other-vm", &[0x5000, all]), Ok(0));
        assert_eq!(call(&mut guest, "start-other-vm", &[0x5000, all]), Err(Refusal::Errno(EBUSY)));
        assert_eq!(call(&mut guest, "end-other-vm", &[]), Err(Refusal::Errno(EAGAIN)), "it has not had the CPU");
        assert_eq!(call(&mut guest, "start-other-vm", &[0x5000, all]), Ok(0));
        guest.run(&[asm("b", &[0])]);
        guest.steps(2 * policy::HOST_SLICE);
        let alias = guest.mfspr(n::USPRG4);
        let differed = call(&mut guest, "end-other-vm", &[]);
        (alias, differed)
    };
    assert_eq!(alias_behind_its_turns(None), (0x1004, Ok(0)));
    // It would be seen: it has had its turns.
    assert_eq!(alias_behind_its_turns(Some(Deviation::AliasesOfOtherGuest)).0, 0x5004);
}

#[test]
fn pc_and_msr_are_the_guests() {
    let mut guest = Guest::mapped("e500v2");
    guest.mtmsr(msr::EE);
    assert_eq!(call(&mut guest, "get-regs", &[reg("MSR")]), Ok(msr::EE));
    assert_eq!(call(&mut guest, "get-regs", &[reg("PC")]), Ok(CODE + 4));
    call(&mut guest, "set-regs", &[reg("MSR"), msr::ME]).expect("a register");
    assert_eq!(guest.mfmsr(), msr::ME);
    call(&mut guest, "set-regs", &[reg("PC"), 0x5_0000]).expect("a register");
    guest.place(0x5_0000, &[asm("addi", &[9, 0, 7])]);
    guest.steps(1);
    assert_eq!((guest.gpr(9), guest.pc()), (7, 0x5_0004));
}

#[test]
fn sregs_are_those_of_the_embedded_structure() {
    let mut guest = Guest::mapped("440");
    call(&mut guest, "set-sregs", &[sreg("CSRR0"), 0x1234]).expect("a register");
    assert_eq!(guest.mfspr(n::CSRR0), 0x1234);
    guest.store("esr", 0x80);
    assert_eq!(call(&mut guest, "get-sregs", &[sreg("ESR")]), Ok(0x80));
    call(&mut guest, "set-sregs", &[sreg("DEC"), 0x5000_0000]).expect("a register");
    assert!(guest.mfspr(n::DEC) > 0x4fff_0000);
    call(&mut guest, "set-sregs", &[sreg("VRSAVE"), 0x66]).expect("a register");
    assert_eq!(guest.mfspr(n::USPRG0), 0x66);

    let mut guest = Guest::mapped("7447");
    assert_eq!(call(&mut guest, "get-sregs", &[sreg("PVR")]), Ok(0x8002_0101));
    assert_eq!(call(&mut guest, "get-sregs", &[sreg("CSRR0")]), Err(Refusal::Unknown));
}

#[test]
fn pvr_and_pir_cannot_change() {
    let mut guest = Guest::with("e500v2", Setup { vcpu_id: 2, ..Setup::default() });
    assert_eq!(call(&mut guest, "set-sregs", &[sreg("PIR"), 2]), Ok(0));
    assert_eq!(call(&mut guest, "set-sregs", &[sreg("PIR"), 3]), Err(Refusal::Errno(EINVAL)));
    assert_eq!(call(&mut guest, "set-sregs", &[sreg("PVR"), 0]), Err(Refusal::Errno(EINVAL)));
    assert_eq!(call(&mut guest, "vcpu-id", &[]), Ok(2));
}

#[test]
fn one_reg_names_registers_by_the_kernels_identifiers() {
    let mut guest = Guest::mapped("e500v2");
    call(&mut guest, "set-one-reg", &[TCR, 0x0400_0000]).expect("a register");
    assert_eq!(guest.mfspr(n::TCR), 0x0400_0000);
    guest.mtspr(n::SPRG9, 0x99);
    assert_eq!(call(&mut guest, "get-one-reg", &[SPRG9]), Ok(0x99));
    call(&mut guest, "set-one-reg", &[MAS7_3, 0xb_aaaa_a000]).expect("a register");
    assert_eq!((guest.page("mas7"), guest.page("mas3")), (0xb, 0xaaaa_a000));
    assert_eq!(call(&mut guest, "get-one-reg", &[0x1020_0000_0000_fff0]), Err(Refusal::Errno(EINVAL)));
    let mut guest = Guest::mapped("7447");
    assert_eq!(call(&mut guest, "get-one-reg", &[TCR]), Err(Refusal::Errno(EINVAL)), "no such register");
}

#[test]
fn lines_are_raised_and_lowered() {
    let mut guest = Guest::mapped("e500v2");
    call(&mut guest, "raise-external", &[]).expect("a wire");
    guest.exit();
    assert_ne!(guest.page("int_pending"), 0);
    call(&mut guest, "lower-external", &[]).expect("a wire");
    guest.exit();
    assert_eq!(guest.page("int_pending"), 0);
}

#[test]
fn a_migrated_guest_keeps_its_registers_and_has_to_ask_for_the_page_again() {
    for cpu in ["e500v2", "440", "7447"] {
        let mut guest = Guest::mapped(cpu);
        guest.mtspr(n::SPRG0, 0x10);
        guest.store("sprg3", 0x13);
        guest.mtspr(n::SRR0, 0x5550);
        guest.mtmsr(msr::ME);
        call(&mut guest, "migrate", &[]).expect("saved and restored");
        assert_eq!(guest.processor.supervisor.mapping(), None, "{cpu}");
        assert_eq!([n::SPRG0, n::SPRG3, n::SRR0].map(|number| guest.mfspr(number)), [0x10, 0x13, 0x5550], "{cpu}");
        assert_eq!(guest.mfmsr(), msr::ME, "{cpu}");
        let mut guest = guest.map();
        assert_eq!((guest.page("sprg0"), guest.page("critical")), (0x10, 0), "{cpu}");
    }
}

#[test]
fn the_page_is_gone_after_migration_for_the_guests_accesses_too() {
    let mut guest = Guest::mapped("e500v2");
    call(&mut guest, "migrate", &[]).expect("saved and restored");
    guest.run(&[super::asm("lwz", &[3, at("sprg0"), 0])]);
    assert_eq!(guest.pc(), guest.vector(0, 13));
}

/// All results of a host step.
fn results(guest: &mut Guest, name: &str, arguments: &[u64]) -> Values {
    let mut values: Values = [0; 8];
    values[..arguments.len()].copy_from_slice(arguments);
    let call = HostCall::by_name(name).expect("a host step");
    let super::Processor { core, supervisor } = &mut guest.processor;
    UserSpace.call(core, supervisor, call.call, &values).expect("a step of the table")
}

/// Sets what user space debugs.
fn debug(guest: &mut Guest, control: u32, breakpoints: [u64; 4]) {
    let [kind0, address0, kind1, address1] = breakpoints;
    results(guest, "set-guest-debug", &[control.into(), kind0, address0, kind1, address1]);
}

#[test]
fn a_guest_is_stepped_through_from_one_breakpoint_to_the_next() {
    use debug::{ENABLE, SINGLESTEP, SOFTWARE_BREAKPOINT, USE_SW_BP};
    for cpu in CPUS {
        let mut guest = Guest::mapped(cpu);
        debug(&mut guest, ENABLE | SINGLESTEP | USE_SW_BP, [0; 4]);
        let one = asm("addi", &[3, 3, 1]);
        guest.run(&[SOFTWARE_BREAKPOINT, one, asm("mfmsr", &[6]), one, SOFTWARE_BREAKPOINT, one]);
        // At the first breakpoint, after the three instructions, and not after the last.
        assert_eq!(results(&mut guest, "debug-stops", &[])[..4], [4, 0, 0b1_1101, 0b1_1101], "{cpu}");
        assert_eq!(guest.processor.core.state.gpr[3] & 0xf, 3, "{cpu}");
    }
}

#[test]
fn a_breakpoint_of_nobody_is_the_guests_own_interrupt() {
    let mut guest = Guest::mapped("e500v2");
    guest.run(&[debug::SOFTWARE_BREAKPOINT]);
    assert_eq!(results(&mut guest, "debug-stops", &[])[0], 0);
    assert_eq!(guest.mfspr(n::SRR0), CODE);
}

#[test]
fn hardware_breakpoints_are_in_the_registers_that_the_guest_cannot_change_then() {
    use debug::{BREAKPOINT, ENABLE, USE_HW_BP, WATCH_READ, WATCH_WRITE, dbcr0};
    let mut guest = Guest::mapped("e500v2");
    let both = u64::from(WATCH_READ | WATCH_WRITE);
    debug(&mut guest, ENABLE | USE_HW_BP, [both, 0x5000, BREAKPOINT.into(), 0x6000]);
    guest.mtspr(n::IAC1, 7);
    assert_eq!((guest.mfspr(n::DAC1), guest.mfspr(n::IAC1)), (0x5000, 0x6000));
    let events = dbcr0::DAC_READ[0] | dbcr0::DAC_WRITE[0] | dbcr0::IAC[0];
    assert_eq!(guest.mfspr(n::DBCR0), u64::from(dbcr0::EDM | dbcr0::IDM | events));
    debug(&mut guest, 0, [0; 4]);
    guest.mtspr(n::IAC1, 7);
    assert_eq!((guest.mfspr(n::DBCR0), guest.mfspr(n::IAC1)), (0, 7));
    let bad = [ENABLE | USE_HW_BP, 1, 0].map(u64::from);
    assert_eq!(call(&mut guest, "set-guest-debug", &bad), Err(Refusal::Errno(EINVAL)));
}

#[test]
fn the_vector_of_an_external_interrupt_is_one_more_each_time() {
    let mut guest = Guest::mapped("e500v2");
    let takes_one = |guest: &mut Guest| {
        call(guest, "raise-external", &[]).expect("a line");
        guest.mtmsr(msr::ME | msr::EE);
        call(guest, "lower-external", &[]).expect("a line");
        guest.mfspr(n::EPR)
    };
    assert_eq!(takes_one(&mut guest), 0);
    call(&mut guest, "external-proxy", &[1, 0x41]).expect("a step of the table");
    assert_eq!((takes_one(&mut guest), takes_one(&mut guest)), (0x41, 0x42));
    call(&mut guest, "external-proxy", &[0, 0x41]).expect("a step of the table");
    assert_eq!(takes_one(&mut guest), 0x42);
}

#[test]
fn an_address_is_translated_on_embedded_cores_alone() {
    let answer = |cpu: &str| call(&mut Guest::mapped(cpu), "translate", &[CODE]);
    // On a server CPU nothing is set: all ones, as user space has put it there.
    assert_eq!((answer("e500v2"), answer("750"), answer("440")), (Ok(CODE), Ok(u64::MAX), Err(Refusal::Unknown)));
    let mut guest = Guest::mapped("e500v2");
    assert_eq!(results(&mut guest, "translate", &[CODE])[1], 1);
    assert_eq!(results(&mut guest, "translate", &[0xd000_0000])[1], 0);
}

#[test]
fn an_e500_has_the_tlb_that_user_space_gives_it() {
    let mut guest = Guest::mapped("e500v2");
    assert_eq!(call(&mut guest, "configure-tlb", &[256, 4, 16, 16]), Ok(0));
    assert_eq!(guest.mfspr(n::TLB0CFG) & 0xff00_0fff, 0x0400_0100);
    let refused = Err(Refusal::Errno(EINVAL));
    let geometries =
        [[512, 3, 16, 16], [512, 0, 16, 16], [384, 4, 16, 16], [256, 4, 65, 65], [1024, 4, 16, 16], [256, 4, 16, 4]];
    for geometry in geometries {
        assert_eq!(call(&mut guest, "configure-tlb", &geometry), refused, "{geometry:?}");
    }
    assert_eq!(guest.mfspr(n::TLB0CFG) & 0xff00_0fff, 0x0400_0100);
    assert_eq!(call(&mut Guest::mapped("750"), "configure-tlb", &[256, 4, 16, 16]), Err(Refusal::Unknown));
}

#[test]
fn a_slot_is_replaced_within_the_memory_and_at_neither_end() {
    let mut guest = Guest::mapped("750");
    assert_eq!(call(&mut guest, "replace-slot", &[0x3_0004, 0x600d_0001]), Ok(0));
    let refused = Err(Refusal::Errno(EINVAL));
    let end = u64::from(sprig_wire::layout::RAM_SIZE);
    for address in [0, 0xffff, end - 1, end, u64::MAX] {
        assert_eq!(call(&mut guest, "replace-slot", &[address, 1]), refused, "{address:#x}");
    }
}

#[test]
fn a_hypercall_is_what_pvinfo_says() {
    let mut guest = Guest::mapped("e500v2");
    let [flags, first, second, third, fourth, ..] = results(&mut guest, "pvinfo", &[]);
    assert_eq!((flags, fourth), (1, asm("nop", &[]).into()));
    assert_eq!([first, second, third], sprig_isa::hcall::KVM_SC_SEQUENCE.map(u64::from));
}

#[test]
fn a_hypercall_of_user_space_has_nine_registers_both_ways() {
    let mut guest = Guest::new("power8");
    call(&mut guest, "answer-hcall", &[0x58, 5, 0x70]).expect("a step of the table");
    guest.set_gpr(3, 0x58);
    (4..13).for_each(|register| guest.set_gpr(register, 0xa0 + register as u64));
    guest.run(&[asm("sc1", &[])]);
    let back: Vec<u64> = (3..13).map(|register| guest.gpr(register)).collect();
    assert_eq!(back, [5, 0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78]);
    let told: Vec<_> = (0..10).map(|index| call(&mut guest, "hcall-argument", &[index])).collect();
    let registers = (4..13).map(|register| Ok(0xa0 + register)).chain([Err(Refusal::Unknown)]);
    assert_eq!(told, registers.collect::<Vec<_>>());
    assert_eq!(results(&mut guest, "hcall-argument", &[0])[1], 1);
}

#[test]
fn a_call_of_mac_on_linux_is_user_spaces_once_it_asks_for_it() {
    let mut guest = Guest::new("7447");
    call(&mut guest, "answer-osi", &[0x70]).expect("a step of the table");
    guest.set_gpr(3, 0x1137_24fa);
    guest.set_gpr(4, 0x7781_0f9b);
    guest.set_gpr(13, 0xd);
    guest.run(&[asm("sc", &[])]);
    assert_eq!([3, 4, 12, 13].map(|register| guest.gpr(register)), [0x70, 0x71, 0x79, 0xd]);
    assert_eq!(results(&mut guest, "osi-register", &[4])[..2], [0x7781_0f9b, 1]);
    assert_eq!(call(&mut Guest::new("440"), "answer-osi", &[0x70]), Err(Refusal::Errno(22)));
}

#[test]
fn exits_are_counted_by_their_kind() {
    let mut guest = Guest::new("e500v2");
    let counter = |guest: &mut Guest, name: &str| {
        let index = sprig_wire::host::STATISTICS.iter().position(|counter| *counter == name).expect("a counter");
        call(guest, "statistic", &[index as u64]).expect("a step of the table")
    };
    let before = ["EMULATED_INST_EXITS", "SYSCALL_EXITS"].map(|name| counter(&mut guest, name));
    guest.set_gpr(0, sprig_isa::hcall::KVM_SC_MAGIC_R0.into());
    guest.run(&[asm("mfmsr", &[3]), asm("sc", &[]), asm("sc", &[])]);
    let after = ["EMULATED_INST_EXITS", "SYSCALL_EXITS"].map(|name| counter(&mut guest, name));
    assert_eq!([after[0] - before[0], after[1] - before[1]], [1, 2]);
}

#[test]
fn a_hypercall_that_nobody_answers_is_no_function() {
    let mut guest = Guest::new("power8");
    call(&mut guest, "answer-hcall", &[0x5c, 5, 0x70]).expect("a step of the table");
    guest.set_gpr(3, 0x58);
    guest.set_gpr(4, 4);
    guest.run(&[asm("sc1", &[])]);
    assert_eq!((guest.gpr(3), guest.gpr(4)), (-2_i64 as u64, 4));
}

#[test]
fn a_hypercall_that_is_switched_off_is_user_spaces() {
    const H_SET_MODE: u64 = 0x31c;
    let mut guest = Guest::new("power8");
    call(&mut guest, "answer-hcall", &[H_SET_MODE, 5, 0x70]).expect("a step of the table");
    let set_mode = |guest: &mut Guest| {
        guest.set_gpr(3, H_SET_MODE);
        guest.set_gpr(5, 99);
        guest.run(&[asm("sc1", &[])]);
        guest.gpr(3)
    };
    const H_P2: u64 = -55_i64 as u64;
    assert_eq!(set_mode(&mut guest), H_P2);
    assert_eq!(call(&mut guest, "enable-hcall", &[H_SET_MODE, 0]), Ok(0));
    assert_eq!(set_mode(&mut guest), 5);
    assert_eq!(call(&mut guest, "enable-hcall", &[H_SET_MODE, 1]), Ok(0));
    assert_eq!(set_mode(&mut guest), H_P2);
    call(&mut guest, "enable-hcall", &[H_SET_MODE, 0]).expect("a call that there is");
    call(&mut guest, "migrate", &[]).expect("a new machine");
    assert_eq!(set_mode(&mut guest), H_P2, "a new machine has what it is made with");
}

#[test]
fn a_hypercall_that_there_is_not_is_not_switched_on() {
    for (cpu, number, on) in [("power8", 0x58, 1), ("power8", 9, 1), ("power8", 8, 2), ("970", 8, 1), ("e500v2", 8, 0)]
    {
        assert_eq!(
            call(&mut Guest::new(cpu), "enable-hcall", &[number, on]),
            Err(Refusal::Errno(EINVAL)),
            "{cpu} {number} {on}"
        );
    }
}
