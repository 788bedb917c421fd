//! Host steps against a machine that is none.

use super::*;
use crate::registers::Regs;
use crate::system::EINVAL;
use crate::testing::FakeVm;
use crate::tlb::Params;
use sprig_isa::debug::{ENABLE, SINGLESTEP, USE_SW_BP};
use sprig_wire::host::{HostCall, SREGS};
use std::vec::Vec;

/// Rings the bell with these arguments; status and first result.
fn ask(vm: &mut FakeVm, name: &str, arguments: &[u64]) -> (u32, u64) {
    let call = HostCall::by_name(name).expect("a call");
    let block = HOST_BLOCK as usize;
    store(vm, block, &(call.call as u16).to_be_bytes());
    for (index, argument) in arguments.iter().enumerate() {
        store(vm, block + ARGUMENTS as usize + 8 * index, &argument.to_be_bytes());
    }
    Host::default().serve(vm);
    let results = block + RESULTS as usize;
    (u32::from_be_bytes(field(vm, block + 4)), u64::from_be_bytes(field(vm, results)))
}

fn index(names: &[&str], name: &str) -> u64 {
    names.iter().position(|known| *known == name).expect("a register") as u64
}

#[test]
fn a_register_is_set_and_read_back() {
    let mut vm = FakeVm::default();
    assert_eq!(ask(&mut vm, "set-regs", &[index(REGS, "SPRG4"), 0x1234]), (STATUS_OK, 0));
    assert_eq!(vm.regs.named[13], 0x1234);
    assert_eq!(ask(&mut vm, "get-regs", &[index(REGS, "SPRG4")]), (STATUS_OK, 0x1234));
    assert_eq!(ask(&mut vm, "set-sregs", &[index(SREGS, "DEC"), 7]), (STATUS_OK, 0));
    assert_eq!((vm.sregs.dec, vm.sregs.update_special), (7, 4));
    assert_eq!(ask(&mut vm, "get-sregs", &[index(SREGS, "DEC")]), (STATUS_OK, 7));
    assert_eq!(ask(&mut vm, "get-regs", &[99]), (STATUS_UNKNOWN, 0));
    assert_eq!(ask(&mut vm, "set-sregs", &[u64::MAX, 0]), (STATUS_UNKNOWN, 0));
}

#[test]
fn an_ioctl_that_fails_is_refused_with_its_errno() {
    let mut vm = FakeVm::default();
    assert_eq!(ask(&mut vm, "get-one-reg", &[1]), (STATUS_REFUSED, EINVAL.0.into()));
}

#[test]
fn the_external_line_is_a_level_and_there_is_no_critical_one() {
    let mut vm = FakeVm::default();
    assert_eq!(ask(&mut vm, "raise-external", &[]), (STATUS_OK, 0));
    assert_eq!(ask(&mut vm, "lower-external", &[]), (STATUS_OK, 0));
    assert_eq!(vm.interrupts, [interrupt::SET_LEVEL, interrupt::UNSET]);
    assert_eq!(ask(&mut vm, "raise-critical", &[]), (STATUS_UNKNOWN, 0));
    assert_eq!(ask(&mut vm, "raise-external-once", &[]), (STATUS_OK, 0));
    assert_eq!(vm.interrupts.last(), Some(&interrupt::SET));
}

#[test]
fn what_changes_by_itself_is_set_only_beside_what_is_asked_for() {
    let mut vm = FakeVm::default();
    vm.sregs.tsr = 5;
    assert_eq!(ask(&mut vm, "set-sregs-beside", &[index(SREGS, "ESR"), 7]), (STATUS_OK, 0));
    assert_eq!((vm.sregs.esr, vm.sregs.tsr, vm.sregs.update_special), (7, !5, 0));
    assert_eq!(ask(&mut vm, "set-sregs-beside", &[99, 0]), (STATUS_UNKNOWN, 0));
}

#[test]
fn capabilities_are_asked_for_and_switched_on() {
    let mut vm = FakeVm::default();
    assert_eq!(ask(&mut vm, "capability", &[70]), (STATUS_OK, 71));
    assert_eq!(ask(&mut vm, "enable-capability", &[83, 0, 9]), (STATUS_OK, 0));
    assert_eq!(ask(&mut vm, "enable-capability", &[83, 1, 9]), (STATUS_REFUSED, EINVAL.0.into()));
    assert_eq!(vm.capabilities, [(83, 9)]);
}

#[test]
fn the_watchdogs_last_time_out_is_heard_by_whoever_has_asked() {
    let mut vm = FakeVm::default();
    let mut host = Host::default();
    assert!(!host.hears_watchdog());
    results(&mut host, &mut vm, "enable-capability", &[WATCHDOG.into()]);
    assert!(host.hears_watchdog());
    assert_eq!(results(&mut host, &mut vm, "watchdog-exits", &[])[0], 2);
}

#[test]
fn user_space_reads_and_writes_the_tlb() {
    let mut vm = FakeVm::default();
    let mut host = Host::default();
    results(&mut host, &mut vm, "set-tlb", &[513, 0x8000_0100, 0xd005_a000, 0x5_00a0_0005]);
    assert_eq!((vm.tlb[513].mas1, vm.is_tlb_dirty), (0x8000_0100, true));
    assert_eq!(results(&mut host, &mut vm, "get-tlb", &[513])[..3], [0x8000_0100, 0xd005_a000, 0x5_00a0_0005]);
    assert_eq!(ask(&mut vm, "get-tlb", &[9999]), (STATUS_UNKNOWN, 0));
    vm.family = Family::Server;
    assert_eq!(ask(&mut vm, "get-tlb", &[0]), (STATUS_UNKNOWN, 0));
}

#[test]
fn a_tlb_gets_another_geometry() {
    let mut vm = FakeVm::default();
    assert_eq!(ask(&mut vm, "configure-tlb", &[256, 4, 16, 16]), (STATUS_OK, 0));
    assert_eq!((vm.geometry, vm.is_tlb_dirty), (Params::new(256, 4, 16), true));
    assert_eq!(ask(&mut vm, "configure-tlb", &[1024, 4, 16, 16]), (STATUS_REFUSED, EINVAL.0.into()));
    vm.family = Family::Server;
    assert_eq!(ask(&mut vm, "configure-tlb", &[256, 4, 16, 16]), (STATUS_UNKNOWN, 0));
}

#[test]
fn a_page_is_replaced_and_its_guest_has_other_words_there() {
    let mut vm = FakeVm::default();
    assert_eq!(ask(&mut vm, "replace-memory", &[0x2004, 4, 0x600d_0001]), (STATUS_OK, 0));
    assert_eq!(vm.replaced.as_slice(), &[0x2000..0x3000; 1]);
    assert_eq!((vm.ram[0x1fff], &vm.ram[0x2ffc..0x3004]), (0, &[0x60, 0x0d, 0, 1, 0, 0, 0, 0][..]));
}

#[test]
fn memory_is_replaced_by_whole_pages() {
    let mut vm = FakeVm::default();
    assert_eq!(ask(&mut vm, "replace-memory", &[0x2ffc, 8, 0x600d_0001]), (STATUS_OK, 0));
    assert_eq!(vm.replaced.as_slice(), &[0x2000..0x4000; 1]);
    assert_eq!((vm.ram[0x1fff], vm.ram[0x2003], vm.ram[0x3fff], vm.ram[0x4003]), (0, 1, 1, 0));
}

#[test]
fn a_register_of_128_bits_has_two_doublewords() {
    let mut vm = FakeVm::default();
    assert_eq!(ask(&mut vm, "get-wide-reg", &[one_reg::VR0]), (STATUS_REFUSED, EINVAL.0.into()));
    assert_eq!(ask(&mut vm, "set-wide-reg", &[one_reg::VR0, 1, 2]), (STATUS_OK, 0));
    assert_eq!(ask(&mut vm, "get-wide-reg", &[one_reg::VR0]), (STATUS_OK, 1));
    assert_eq!(field::<8>(&mut vm, (HOST_BLOCK + RESULTS) as usize + 8), 2_u64.to_be_bytes());
}

#[test]
fn a_migrated_guest_has_its_units_registers() {
    let mut vm = FakeVm::default();
    let last = one_reg::REGISTERS - 1;
    vm.one_regs.insert(one_reg::FPR0 + last, 3);
    vm.wide_regs.insert(one_reg::VR0, [4, 5]);
    assert_eq!(ask(&mut vm, "migrate", &[]), (STATUS_OK, 0));
    assert_eq!(vm.one_regs.get(&(one_reg::FPR0 + last)), Some(&3));
    assert_eq!(vm.wide_regs.get(&one_reg::VR0), Some(&[4, 5]));
    // Where there are vector-scalar registers, the floating-point ones are halves of them.
    vm.wide_regs.insert(one_reg::VSR0, [6, 7]);
    assert_eq!(ask(&mut vm, "migrate", &[]), (STATUS_OK, 0));
    assert_eq!((vm.one_regs.len(), vm.wide_regs.get(&one_reg::VSR0)), (0, Some(&[6, 7])));
}

#[test]
fn a_slot_is_replaced_by_one_of_other_words() {
    let mut vm = FakeVm::default();
    assert_eq!(ask(&mut vm, "replace-slot", &[0x3_0004, 0x600d_0001]), (STATUS_OK, 0));
    assert_eq!(vm.replaced_slots, [(0x3_0004, 0x600d_0001)]);
}

#[test]
fn stores_to_the_latch_are_collected_until_that_is_taken_back() {
    let mut vm = FakeVm::default();
    assert_eq!(ask(&mut vm, "coalesce-mmio", &[1]), (STATUS_OK, 0));
    let latch = CoalescedZone { addr: (REGISTERS + LATCH).into(), size: LATCH_SIZE, pio: 0 };
    assert_eq!(vm.zone, Some(latch));
    assert_eq!(ask(&mut vm, "coalesce-mmio", &[0]), (STATUS_OK, 0));
    assert_eq!(vm.zone, None);
}

#[test]
fn pages_that_were_written_to_are_logged_where_that_is_asked_for() {
    let mut vm = FakeVm::default();
    assert_eq!(ask(&mut vm, "dirty", &[0x1000]), (STATUS_REFUSED, EINVAL.0.into()));
    assert_eq!(ask(&mut vm, "log-dirty", &[1]), (STATUS_OK, 0));
    assert_eq!(ask(&mut vm, "dirty", &[0x1000]), (STATUS_OK, 1));
    assert_eq!(ask(&mut vm, "dirty", &[0x2000]), (STATUS_OK, 0));
}

#[test]
fn a_migrated_guest_has_its_registers_and_a_new_machine() {
    for (name, order) in [("migrate", ["regs", "sregs"]), ("migrate-sregs-first", ["sregs", "regs"])] {
        let mut vm = FakeVm::default();
        let vrsave = ONE_REGS.iter().find(|register| register.name == "KVM_REG_PPC_VRSAVE").expect("a register").id;
        vm.one_regs.insert(vrsave, 5);
        vm.regs = Regs { gpr: [3; 32], ..Regs::at(0x100) };
        vm.sregs.ivpr = 0x2000;
        vm.tlb[0].mas1 = 9;
        let before = (vm.regs, vm.sregs.ivpr);
        assert_eq!(ask(&mut vm, name, &[]), (STATUS_OK, 0));
        assert_eq!((vm.regs, vm.sregs.ivpr), before);
        assert_eq!(vm.one_regs.get(&vrsave), Some(&5));
        assert_eq!((vm.renewed, vm.tlb[0].mas1, vm.is_tlb_dirty), (1, 9, true));
        assert_eq!(vm.sregs.update_special, u32::MAX, "nothing is left alone");
        assert_eq!(vm.set, order, "{name}");
    }
}

#[test]
fn a_step_begins_when_the_store_that_asked_for_it_is_over() {
    let mut vm = FakeVm::default();
    assert_eq!(ask(&mut vm, "vcpu-id", &[]), (STATUS_OK, 0));
    assert_eq!(vm.completed, 1);
}

/// Rings the bell of this host; every result.
fn results(host: &mut Host, vm: &mut FakeVm, name: &str, arguments: &[u64]) -> [u64; VALUES] {
    let block = HOST_BLOCK as usize;
    store(vm, block, &(HostCall::by_name(name).expect("a call").call as u16).to_be_bytes());
    for (index, argument) in arguments.iter().enumerate() {
        store(vm, block + ARGUMENTS as usize + 8 * index, &argument.to_be_bytes());
    }
    host.serve(vm);
    assert_eq!(u32::from_be_bytes(field(vm, block + 4)), STATUS_OK, "{name}");
    core::array::from_fn(|index| u64::from_be_bytes(field(vm, block + RESULTS as usize + 8 * index)))
}

#[test]
fn what_a_hypercall_is_is_told_word_by_word() {
    let (mut host, mut vm) = (Host::default(), FakeVm::default());
    let told = results(&mut host, &mut vm, "pvinfo", &[]);
    assert_eq!(told, [1, 0x3c00_4b56, 0x6000_4d21, 0x4400_0002, 7, 0, 0, 0]);
    assert_eq!(results(&mut host, &mut vm, "translate", &[0x5_0000_1234])[..2], [0x5_0000_2234, 1]);
}

#[test]
fn each_guest_debug_has_the_other_breakpoints_too() {
    let (mut host, mut vm) = (Host::default(), FakeVm::default());
    results(&mut host, &mut vm, "more-breakpoints", &[4, 0x60, 8, 0x70]);
    assert!(vm.debugged.is_empty(), "nobody debugs");
    results(&mut host, &mut vm, "set-guest-debug", &[ENABLE.into(), 2, 0x40, 2, 0x50]);
    let all = vm.debugged[0].bp[..5].iter().map(|breakpoint| (breakpoint.kind, breakpoint.addr));
    assert_eq!(all.collect::<Vec<_>>(), [(2, 0x40), (2, 0x50), (4, 0x60), (8, 0x70), (0, 0)]);
}

#[test]
fn a_guest_goes_on_behind_a_breakpoint_and_is_stepped_through_up_to_the_next() {
    let (mut host, mut vm) = (Host::default(), FakeVm::default());
    let control = ENABLE | SINGLESTEP | USE_SW_BP;
    results(&mut host, &mut vm, "set-guest-debug", &[control.into(), 2, 0x40, 8, 0x50]);
    let set = vm.debugged.pop().expect("KVM_SET_GUEST_DEBUG");
    assert_eq!((set.control, set.bp[0].kind, set.bp[1].addr), (ENABLE | USE_SW_BP, 2, 0x50));
    vm.ram[0x100..0x104].copy_from_slice(&SOFTWARE_BREAKPOINT.to_be_bytes());
    // The other byte order's.
    vm.ram[0x10c..0x110].copy_from_slice(&SOFTWARE_BREAKPOINT.to_le_bytes());
    for (pc, address) in [(0x100, 0x100), (0x108, 0x108), (0x10c, 0x104)] {
        vm.regs.set_pc(pc);
        assert_eq!(host.stopped(&mut vm, Stopped { address, status: 0 }), Ok(true));
    }
    assert_eq!(vm.regs.pc(), 0x110);
    let controls: Vec<u32> = vm.debugged.iter().map(|debug| debug.control).collect();
    assert_eq!(controls, [control, ENABLE | USE_SW_BP]);
    assert_eq!(results(&mut host, &mut vm, "debug-stops", &[])[..4], [3, 0, 0b1101, 0b111]);
}

#[test]
fn a_breakpoint_of_nobody_is_passed_and_said_to_be_nobodys() {
    let (mut host, mut vm) = (Host::default(), FakeVm::default());
    vm.ram[..4].copy_from_slice(&SOFTWARE_BREAKPOINT.to_be_bytes());
    assert_eq!(host.stopped(&mut vm, Stopped { address: 0, status: 0 }), Ok(false));
    assert_eq!((vm.regs.pc(), vm.debugged.len()), (4, 0));
}

#[test]
fn a_hypercall_is_answered_in_every_register_and_its_own_are_told() {
    let (mut host, mut vm) = (Host::default(), FakeVm::default());
    let call = Hypercall { token: 0x58, arguments: [4, 5, 6, 7, 8, 9, 10, 11, 12] };
    assert!(!host.answer(&mut vm, &call));
    results(&mut host, &mut vm, "answer-hcall", &[0x58, -4_i64 as u64, 0x70]);
    assert!(host.answer(&mut vm, &call));
    assert_eq!(vm.statuses, [-4]);
    assert_eq!(vm.registers, [[0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78]]);
    assert_eq!(results(&mut host, &mut vm, "hcall-argument", &[8])[..2], [12, 1]);
    assert_eq!(ask(&mut vm, "hcall-argument", &[9]), (STATUS_UNKNOWN, 0));
}

#[test]
fn a_call_of_mac_on_linux_is_answered_once_the_case_asks_for_it() {
    let (mut host, mut vm) = (Host::default(), FakeVm::default());
    vm.regs.gpr = core::array::from_fn(|register| 0x100 + register as u64);
    assert!(!host.answers_osi(&mut vm));
    assert_eq!(ask(&mut vm, "osi-register", &[0]), (STATUS_UNKNOWN, 0));
    results(&mut host, &mut vm, "answer-osi", &[0x70]);
    assert!(host.answers_osi(&mut vm));
    assert_eq!(vm.regs.gpr[..4], [0x100, 0x101, 0x102, 0x70]);
    assert_eq!(vm.regs.gpr[11..14], [0x78, 0x79, 0x10d]);
    assert_eq!(results(&mut host, &mut vm, "osi-register", &[31])[..2], [0x11f, 1]);
}

#[test]
fn a_slot_has_what_the_case_says_and_a_counter_goes_by_its_name() {
    let mut vm = FakeVm::default();
    assert_eq!(ask(&mut vm, "give-slot", &[9, 0x4000_0000, 0x1000, 0]), (STATUS_OK, 0));
    assert_eq!(ask(&mut vm, "give-slot", &[9, 0, 0, 0x80]), (STATUS_REFUSED, EINVAL.0.into()));
    assert_eq!(vm.given, [(9, 0x4000_0000, 0x1000)]);
    assert_eq!(ask(&mut vm, "statistic", &[index(STATISTICS, "MMIO_EXITS")]), (STATUS_OK, 7));
    assert_eq!(ask(&mut vm, "statistic", &[index(STATISTICS, "SYSCALL_EXITS")]), (STATUS_UNKNOWN, 0));
    assert_eq!(ask(&mut vm, "statistic", &[STATISTICS.len() as u64]), (STATUS_UNKNOWN, 0));
}

#[test]
fn a_hypercall_is_switched_on_and_off_as_the_case_says() {
    let mut vm = FakeVm::default();
    assert_eq!(ask(&mut vm, "enable-hcall", &[0x2c, 1]), (STATUS_OK, 0));
    assert_eq!(ask(&mut vm, "enable-hcall", &[8, 2]), (STATUS_REFUSED, EINVAL.0.into()));
    assert_eq!(vm.enabled_hypercalls, [(0x2c, 1), (8, 2)]);
}

#[test]
fn each_interrupt_has_a_vector_of_its_own() {
    let (mut host, mut vm) = (Host::default(), FakeVm::default());
    results(&mut host, &mut vm, "external-proxy", &[1, 0x41]);
    assert!(vm.asks_for_vectors);
    (0..2).for_each(|_| host.tell_vector(&mut vm));
    assert_eq!(vm.vectors, [0x41, 0x42]);
}
