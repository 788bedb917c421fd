//! What scripts become: bytecode, stubs, names, conditions. `UPDATE_GOLDENFILES=1` rewrites the expected listings.

use crate::listing::{assemble, describe, parse, profiles, with_kernel};
use crate::valid::{check, profile, profile_for};
use goldenfile::Mint;
use sprig::case::{Comparison, Condition, Part, Profile, Term};
use sprig::feature::{FEATURES, Feature, FeatureSet};
use sprig::script::{AssembleError, Instance, limit, load};
use sprig::target;
use sprig_isa::cpu::Cpu;
use sprig_isa::spr::UNSAFE_TO_WRITE;
use sprig_wire::bytecode::{self, Op};
use std::io::Write;
use std::path::Path;

pub(crate) const HEADER: &str = "# What fails.\nrule unspecified.test\n";

fn manifest(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn every_byte_is_as_it_was_reviewed() {
    let mut mint = Mint::new(manifest("tests/script/listings"));
    let (e500v2, g4, g5) = ("e500v2", "7447", "970");
    for (name, cpus) in [("after-exit", &[e500v2, g4][..]), ("every-step", &[e500v2, g4, g5]), ("wide", &[g5])] {
        let source = std::fs::read(manifest(&format!("tests/script/listings/{name}.probe"))).expect("a script");
        let source = sprig::script::source(Path::new(&format!("{name}.probe")), source).expect("text");
        let script = sprig::script::parse(source).unwrap_or_else(|error| panic!("{error}"));
        for cpu in cpus {
            for instance in script.instances() {
                let case = instance.assemble(&profile_for(instance, Cpu::by_name(cpu).expect("a CPU"), true));
                let case = case.unwrap_or_else(|error| panic!("{error}"));
                check(&case);
                let file = format!("{}.{cpu}.txt", instance.name().replace('@', "."));
                let mut golden = mint.new_goldenfile(file).expect("a golden file");
                golden.write_all(describe(&case).as_bytes()).expect("a golden file");
            }
        }
    }
}

#[test]
fn a_script_can_be_for_what_each_target_has_and_lacks() {
    for target in target::all() {
        let features = target.profile().features;
        let (has, lacks): (Vec<_>, Vec<_>) =
            FEATURES.iter().map(|row| row.feature).partition(|feature| features.contains(*feature));
        let needs: Vec<_> = has.iter().map(ToString::to_string).collect();
        for some in lacks.chunks(limit::BLOCK_DEPTH) {
            let open: String = some.iter().map(|feature| format!("on not {feature} {{\n")).collect();
            let close = "}\n".repeat(some.len());
            parse(&format!("{HEADER}needs {}\n{open}exit trap\n{close}", needs.join(" ")));
        }
    }
}

#[test]
fn the_hypercall_of_a_partition_is_the_one_that_its_hypervisor_takes() {
    let script = parse(&format!("{HEADER}run papr with r3 = 4\n"));
    let usual = profile(Cpu::by_name("power8").expect("a CPU"), false);
    let first = |profile| {
        let case = script.instances()[0].assemble(&profile).unwrap_or_else(|error| panic!("{error}"));
        case.parts.code[0]
    };
    assert_eq!(first(usual), 0x4400_0022, "sc 1");
    assert_eq!(first(with_kernel(usual, &[Feature::FakeSc1])), 0x7c00_0268, "OP_31_XOP_FAKE_SC1");
}

/// What the first step of a script stores, or runs first.
fn first_constant(step: &str) -> u64 {
    let case = assemble(&format!("{HEADER}mtspr SPRG0, {step}\n"), "e500v2");
    *case.parts.constants.first().expect("a constant")
}

#[test]
fn operators_of_values_bind_as_in_c_and_join_from_left_to_right() {
    // Each with a value that no other grouping has.
    let tighter = [
        ("1 | 3 ^ 1", 3),
        ("5 ^ 1 & 4", 5),
        ("4 & 1 << 2", 4),
        ("1 << 1 + 1", 4),
        ("2 + 3 * 4", 14),
        ("10 - 2 * 3", 4),
        ("6 & 16 >> 2", 4),
    ];
    let left = [("8 - 4 - 2", 2), ("64 >> 2 >> 1", 8), ("1 << 4 >> 2", 4), ("9 - 4 + 2", 7), ("2 * 3 + 4", 10)];
    let first = [("16 >> 2 & 4", 4), ("3 & 1 | 4", 5), ("7 & 6 ^ 1", 7), ("(8 - 4) * 2", 8), ("~4 & 0xf", 11)];
    for (expression, value) in tighter.into_iter().chain(left).chain(first) {
        assert_eq!(first_constant(expression), value, "{expression}");
    }
}

#[test]
fn a_field_with_a_number_is_the_number_at_its_place() {
    for (field, value) in [
        ("MAS1.V | MAS1.TID(5) | MAS1.TSIZE(1)", 0x8005_0100),
        ("MAS1.TSIZE", 0xf00),
        ("TCR.WPEXT(50 >> 2) | TCR.WP(50 & 3)", 0x8018_0000),
        ("TCR.DIE(1)", 0x0400_0000),
        ("HPTE.AVPN(14 << 5) | HPTE.V", 0xe001),
        ("H_EXACT >> 32", 0x80),
    ] {
        assert_eq!(first_constant(field), value, "{field}");
    }
}

#[test]
fn a_parenthesis_behind_white_space_is_the_next_value_of_a_list() {
    let script = parse(&format!("{HEADER}for value in TCR.WP (1) {{\n    mtspr SPRG0, value\n}}\n"));
    let case = script.instances()[0].assemble(&profile(Cpu::by_name("e500v2").expect("a CPU"), true));
    assert_eq!(case.unwrap_or_else(|error| panic!("{error}")).parts.constants, [0xc000_0000, 1]);
}

/// What GNU as makes of them.
#[test]
fn an_enclosed_instruction_is_its_word() {
    for (instruction, word) in [
        ("insn(mfspr r6, SRR0)", 0x7cda_02a6),
        ("insn(mtspr TSR, r6)", 0x7cd0_53a6),
        ("insn(stwcx. r3, 0, r4)", 0x7c60_212d),
        ("insn(lwz r3, 4 * (1 + 1)(r4))", 0x8064_0008),
        ("insn(bc 12, 0, 8)", 0x4180_0008),
        ("insn(rfi)", 0x4c00_0064),
        ("insn(word 0x12345678)", 0x1234_5678),
        ("insn(addi r3, 0, insn(nop) >> 30)", 0x3860_0001),
        ("insn(or r0, r5, r5) | 3 << 16", 0x7ca3_2b78),
    ] {
        assert_eq!(first_constant(instruction), word, "{instruction}");
    }
}

#[test]
fn other_registers_than_the_general_ones_have_names_and_numbers() {
    let words = |steps: &str| assemble(&format!("{HEADER}{steps}\n"), "power8").parts.code;
    for (named, numbered, word) in [
        ("lfd f1, 32(r4)", "lfd 1, 32(r4)", 0xc824_0020),
        ("stvx v31, 0, r4", "stvx 31, 0, r4", 0x7fe0_21ce),
        ("lxvd2x vs33, 0, r4", "lxvd2x 1 + 32, 0, r4", 0x7c20_2699),
        ("xxlor vs33, vs2, vs34", "xxlor 33, 2, 34", 0xf022_1493),
    ] {
        assert_eq!(words(&format!("run {named}"))[0], word, "{named}");
        assert_eq!(words(&format!("run {numbered}"))[0], word, "{numbered}");
        let case = assemble(&format!("{HEADER}run {numbered}\n"), "power8");
        assert_eq!(case.steps[0].text, named, "what a failure shows");
    }
    // A variable of that name is meant where there is one.
    assert_eq!(words("for f1 in 2 {\n    run lfd f1, 0(r4)\n}")[0], 0xc844_0000);
}

#[test]
fn a_sweep_leaves_out_what_is_unsafe_to_write() {
    let case = assemble(&format!("{HEADER}for n in 0..1023 except UNSAFE_TO_WRITE {{\n    mtspr n, 0\n}}\n"), "e500v2");
    let left_out = UNSAFE_TO_WRITE.iter().map(|row| row.number);
    assert_eq!(case.steps.len(), 1024 - left_out.clone().count());
    for number in left_out {
        let writes =
            |text: &str| text.starts_with(&format!("mtspr {number},")) || text.starts_with(&format!("mtspr {number} "));
        assert!(!case.steps.iter().any(|step| writes(&step.text)), "{number}");
    }
}

#[test]
fn every_case_assembles_wherever_it_misses_nothing() {
    let loaded = load(&manifest("../cases"), None);
    let errors: String = loaded.errors.iter().map(ToString::to_string).collect();
    assert!(errors.is_empty(), "{errors}");
    assert!(!loaded.scripts.is_empty());
    for instance in loaded.scripts.iter().flat_map(|script| script.instances()) {
        for profile in profiles() {
            match instance.assemble(&profile) {
                Ok(case) => {
                    assert!(instance.missing(&profile).is_none());
                    check(&case);
                }
                Err(AssembleError::Missing(missing)) => assert_eq!(Some(missing), instance.missing(&profile)),
                Err(error) => panic!("{}: {error}", instance.name()),
            }
        }
    }
}

#[test]
fn parameters_multiply_and_name_the_instances() {
    let script = parse(
        "# What fails.\nrule a.b\nparam reg = SPRG0..SPRG1\nparam n = 3 0x10\nprivilege user supervisor\nword 32 64\n\
         in privilege {\nx = mfspr reg\n}\nexpect x == n\n",
    );
    let names: Vec<_> = script.instances().iter().map(|instance| instance.name()).collect();
    assert_eq!(
        names[..5],
        ["area@SPRG0,3", "area@SPRG0,3,64", "area@SPRG0,3,supervisor", "area@SPRG0,3,supervisor,64", "area@SPRG0,0x10"]
    );
    assert_eq!(names.len(), 16);
    assert!(script.instance("area@SPRG1,0x10,supervisor,64").is_some());
}

#[test]
fn a_target_that_lacks_something_is_told_what() {
    let alias = parse(&format!("{HEADER}needs magic-page usprg4\nx = mfspr USPRG4\n"));
    let either = parse(&format!("{HEADER}needs magic-page\nword 32 64\nx = mfspr SPRG0\n"));
    let missing = |instance: &Instance, cpu: &str, virtual_machine| {
        let profile = profile(Cpu::by_name(cpu).expect("a CPU"), virtual_machine);
        instance.missing(&profile).map(|missing| missing.to_string())
    };
    assert_eq!(missing(&alias.instances()[0], "e500v2", true), None);
    assert_eq!(missing(&alias.instances()[0], "e500v2", false).as_deref(), Some("needs magic-page"));
    assert_eq!(missing(&alias.instances()[0], "970", false).as_deref(), Some("needs usprg4, magic-page"));
    assert_eq!(missing(&either.instances()[0], "7447", false).as_deref(), Some("needs magic-page"));
    assert_eq!(missing(&either.instances()[1], "7447", false).as_deref(), Some("needs magic-page, 64-bit"));
}

#[test]
fn a_case_says_which_guest_kernel_it_is_for_or_runs_on_each() {
    const STEPS: &str = "needs magic-page\nmap-page\npage.sprg0 = MAGIC_PAGE\npage.dsisr = 1\n";
    let narrow = profile(Cpu::by_name("power8").expect("a CPU"), true);
    let wide = with_kernel(narrow, &[Feature::Wide]);
    let little = with_kernel(wide, &[Feature::LittleEndian]);
    let any = parse(&format!("{HEADER}{STEPS}"));
    let steps = |profile| {
        let case = any.instances()[0].assemble(profile).unwrap_or_else(|error| panic!("{error}"));
        case.steps[1..].iter().map(|step| step.text.clone()).collect::<Vec<_>>()
    };
    let dsisr = "stw r3, -4000(0) (page.dsisr), r3 = 0x1";
    assert_eq!(steps(&narrow), ["stw r3, -4060(0) (page.sprg0), r3 = 0xfffff000", dsisr]);
    assert_eq!(steps(&wide), ["std r3, -4064(0) (page.sprg0), r3 = 0xfffffffffffff000", dsisr]);
    assert_eq!(steps(&little), steps(&wide));
    let one = parse(&format!("{HEADER}word 32\norder be\n{STEPS}"));
    let missing = |profile| one.instances()[0].missing(profile).map(|missing| missing.to_string());
    assert_eq!(missing(&narrow), None);
    assert_eq!(missing(&wide).as_deref(), Some("needs a 32-bit guest kernel"));
    let wide_only = parse(&format!("{HEADER}word 64\norder be\n{STEPS}"));
    let missing = |profile| wide_only.instances()[0].missing(profile).map(|missing| missing.to_string());
    assert_eq!(missing(&narrow).as_deref(), Some("needs 64-bit"));
    assert_eq!(missing(&wide), None);
    assert_eq!(missing(&little).as_deref(), Some("needs a big-endian guest kernel"));
}

#[test]
fn a_block_for_64_bit_kernels_has_room_for_64_bits() {
    let script =
        parse(&format!("{HEADER}on 64-bit {{\nmtspr SPRG0, 0x1_0000_0000\n}}\non not 64-bit {{\nmtspr SPRG0, 1\n}}\n"));
    let narrow = profile(Cpu::by_name("power8").expect("a CPU"), false);
    let step = |profile| {
        let case = script.instances()[0].assemble(profile).unwrap_or_else(|error| panic!("{error}"));
        case.steps.iter().map(|step| step.text.clone()).collect::<Vec<_>>()
    };
    assert_eq!(step(&narrow), ["mtspr 272 (SPRG0), r3 = 0x1"]);
    assert_eq!(step(&with_kernel(narrow, &[Feature::Wide])), ["mtspr 272 (SPRG0), r3 = 0x100000000"]);
}

#[test]
fn a_register_that_is_named_must_be_there_and_a_number_need_not() {
    let text = format!("{HEADER}by-number = mfspr 276\non sprg4 {{\nx = mfspr SPRG4\n}}\ny = mfspr number(SPRG0)\n");
    let g5 = profile(Cpu::by_name("970").expect("a CPU"), false);
    assert_eq!(parse(&text).instances()[0].missing(&g5), None);
    let named = parse(&format!("{HEADER}x = mfspr SPRG4\n"));
    let missing = named.instances()[0].missing(&g5).map(|missing| missing.to_string());
    assert_eq!(missing.as_deref(), Some("the 970 has no SPRG4"));
    let miss = parse(&format!("{HEADER}exit tlb-miss\n"));
    let missing = miss.instances()[0].missing(&g5).map(|missing| missing.to_string());
    assert_eq!(missing.as_deref(), Some("the 970 takes no TLB miss interrupt"));
}

#[test]
fn a_page_that_the_page_tables_do_not_know_skips_the_case_there() {
    let g5 = profile(Cpu::by_name("970").expect("a CPU"), false);
    let e500 = profile(Cpu::by_name("e500v2").expect("a CPU"), false);
    // A guest of KVM-HV that translates by a radix tree: a server core without hashed page tables.
    let radix = FeatureSet::of_cpu(g5.cpu).without(FeatureSet::of(&[Feature::Hashed]));
    let radix = Profile { features: radix, ..g5 };
    let missing = |rights: &str| {
        let script = parse(&format!("{HEADER}map 0xd0000000 to SCRATCH as {rights}\n"));
        [e500, g5, radix].map(|profile| script.instances()[0].missing(&profile).map(|missing| missing.to_string()))
    };
    let unknown = |rights: &str| Some(format!("the page tables of the 970 know no page `{rights}`"));
    for rights in ["srw", "srwx", "srw,urw", "sr,ur", "srx,urx"] {
        assert_eq!(missing(rights), [None, None, None], "{rights}");
    }
    assert_eq!(missing("srw,ur"), [None, None, unknown("srw,ur")]);
    for rights in ["s", "sr", "srx"] {
        assert_eq!(missing(rights), [None, unknown(rights), None], "{rights}");
    }
    assert_eq!(missing("ur"), [None, unknown("ur"), unknown("ur")]);
    let chosen = parse(&format!("{HEADER}on booke {{\nmap 0xd0000000 to SCRATCH as sr\n}}\n"));
    assert_eq!(chosen.instances()[0].missing(&g5), None);
}

#[test]
fn an_observation_is_as_wide_as_the_guests_for_which_a_line_is() {
    let observe = "on 64-bit {\n x = mfspr SPRG0\n}\non not 64-bit {\n x = mfspr SPRG1\n}\ny = mfspr SPRG2\n";
    let wide = |name: &str| format!("on 64-bit {{\n expect {name} == ~0\n}}\n");
    let script = parse(&format!("{HEADER}{observe}expect x == 0\n{}{}", wide("x"), wide("y")));
    let g5 = profile(Cpu::by_name("970").expect("a CPU"), false);
    let checks = |profile| script.instances()[0].assemble(&profile).expect("a case").checks.len();
    assert_eq!((checks(g5), checks(with_kernel(g5, &[Feature::Wide]))), (1, 3));
    for (line, bits) in [("expect y == ~0\n", 32), ("on 64-bit {\n z = load32 SCRATCH\n expect z == ~0\n}\n", 32)] {
        let source = sprig::script::source(Path::new("area.probe"), format!("{HEADER}{observe}{line}").into());
        let found = source.and_then(sprig::script::parse).expect_err("no observation there has so many bits");
        let expected = format!("0xffffffffffffffff has more than the {bits} bits of the observation");
        assert_eq!(found.list().iter().map(|one| one.message()).collect::<Vec<_>>(), [expected]);
    }
}

#[test]
fn on_hashed_is_not_for_every_server_core() {
    let hashed = "on hashed {\n x = mfspr SPRG0\n}\n";
    let source =
        sprig::script::source(Path::new("area.probe"), format!("{HEADER}needs power8\n{hashed}expect x == 0\n").into());
    let found = source.and_then(sprig::script::parse).expect_err("a radix tree is no hashed table");
    assert_eq!(found.list()[0].message(), "`x` is not observed on every target that reaches this line");
    let other = "on not hashed {\n x = mfspr SPRG1\n}\n";
    let script = parse(&format!("{HEADER}needs power8\n{hashed}{other}expect x == 0\n"));
    let power9 = profile(Cpu::by_name("power9").expect("a CPU"), false);
    let radix = Profile { features: power9.features.without(FeatureSet::of(&[Feature::Hashed])), ..power9 };
    for (profile, register) in [(power9, "SPRG0"), (radix, "SPRG1")] {
        let case = script.instances()[0].assemble(&profile).expect("a case");
        assert!(case.steps[0].text.contains(register), "{}", case.steps[0].text);
        assert_eq!((case.steps.len(), case.checks.len()), (1, 1));
    }
}

#[test]
fn on_blocks_choose_and_the_steps_left_are_numbered_anew() {
    let text = format!("{HEADER}on book3s {{\na = mfspr DAR\nexpect a == 1\n}}\nb = mfspr SPRG0\nexpect b == 2\n");
    let case = assemble(&text, "e500v2");
    let names: Vec<_> = case.steps.iter().map(|step| step.observation.as_deref()).collect();
    assert_eq!(names, [Some("b")]);
    let observed = Term::Observed { step: 0, part: Part::Output(0) };
    assert_eq!(case.checks.len(), 1);
    assert_eq!(case.checks[0].condition, Condition::Compare(Comparison::Equal, observed, Term::Constant(2)));
    assert_eq!(assemble(&text, "7447").checks.len(), 2);
}

#[test]
fn a_register_has_the_number_it_has_on_the_cpu() {
    let text = format!("{HEADER}x = mfspr PIR\n");
    assert_eq!(assemble(&text, "e500v2").steps[0].text, "mfspr r3, 286 (PIR)");
    assert_eq!(assemble(&text, "power8").steps[0].text, "mfspr r3, 1023 (PIR)");
}

#[test]
fn an_expectation_cites_the_first_rule_or_the_one_it_names() {
    let text = "# What fails.\nrule a.one a.two\nx = mfspr SPRG0\nexpect x == 1\nexpect x == 2 by a.two\n";
    let case = assemble(text, "e500v2");
    assert_eq!(case.checks.iter().map(|check| check.rule).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(case.checks[1].text, "x == 2");
    assert_eq!((case.checks[0].line, case.checks[1].line), (4, 5));
}

#[test]
fn rounds_of_loops_are_in_the_names_and_need_not_be_said_inside() {
    let text = format!(
        "{HEADER}for reg in SPRG0..SPRG1 {{\nouter = mfspr reg\nfor n in 1..2 {{\nx = mfspr reg\n\
         expect x == outer and x[2] == n\n}}\n}}\nexpect x[SPRG1,2] == 1\n"
    );
    let wrong = sprig::script::source(Path::new("area.probe"), text.clone().into()).and_then(sprig::script::parse);
    let found = wrong.expect_err("x[2] is not observed in the first round").to_string();
    assert!(found.contains("`x` is not observed in this round") && found.contains("`n` is 1"), "{found}");
    let case = assemble(&text.replace(" and x[2] == n", ""), "e500v2");
    let names: Vec<_> = case.steps.iter().filter_map(|step| step.observation.as_deref()).collect();
    assert_eq!(names, ["outer[SPRG0]", "x[SPRG0,1]", "x[SPRG0,2]", "outer[SPRG1]", "x[SPRG1,1]", "x[SPRG1,2]"]);
    let Condition::Compare(_, left, right) = &case.checks[3].condition else { panic!("{:?}", case.checks) };
    assert_eq!(*left, Term::Observed { step: 5, part: Part::Output(0) });
    assert_eq!(*right, Term::Observed { step: 3, part: Part::Output(0) });
}

#[test]
fn observations_of_one_block_are_known_in_another_that_implies_it() {
    let text = format!(
        "{HEADER}on booke {{\nx = mfspr ESR\n}}\non not booke {{\nx = mfspr DSISR\n}}\non e500 {{\nexpect x == 1\n}}\n\
         on book3s {{\nexpect x == 2\n}}\n"
    );
    assert_eq!(assemble(&text, "e500v2").checks.len(), 1);
    assert_eq!(assemble(&text, "7447").checks.len(), 1);
    assert_eq!(assemble(&text, "440").checks.len(), 0);
}

#[test]
fn blocks_that_leave_no_target_out_observe_under_one_name() {
    let text = format!(
        "{HEADER}on booke {{\nx = mfspr ESR\n}}\non book3s {{\nx = mfspr DSISR\n}}\nmtspr SPRG0, x\nexpect x == 1\n"
    );
    for (cpu, read) in [("e500v2", "mfspr r3, 62 (ESR)"), ("7447", "mfspr r3, 18 (DSISR)")] {
        let case = assemble(&text, cpu);
        check(&case);
        assert_eq!(
            case.steps.iter().map(|step| step.text.as_str()).collect::<Vec<_>>(),
            [read, "mtspr 272 (SPRG0), r3 = x"]
        );
        let observed = Term::Observed { step: 0, part: Part::Output(0) };
        assert_eq!(case.checks[0].condition, Condition::Compare(Comparison::Equal, observed, Term::Constant(1)));
    }
}

#[test]
fn what_no_later_step_uses_shares_its_slots() {
    let reads: String = (0..1000).map(|n| format!("x{n} = hcall KVM_HC_FEATURES\n")).collect();
    let case = assemble(&format!("{HEADER}{reads}mtspr SPRG0, x7.r4\n"), "e500v2");
    check(&case);
    // The token, the variable, and r3 to r12.
    assert_eq!((case.parts.constants.len(), case.parts.slots), (1, 1 + 1 + 10));
}

#[test]
fn stored_code_is_what_its_lines_would_store_and_the_cpu_fetches_it() {
    let texts = |steps: &str| {
        let case = assemble(&format!("{HEADER}{steps}"), "e500v2");
        case.steps.iter().map(|step| step.text.clone()).collect::<Vec<_>>()
    };
    let stores = "store32 0x00a00010, insn(nop)\nstore32 0x00a00014, insn(rfi)\n";
    let clean = "run dcbst 0, r3 ; sync ; icbi 0, r3 ; sync ; isync with r3 = 0x00a00010\n";
    assert_eq!(texts("code 0x00a00010, nop ; rfi\n"), texts(&format!("{stores}{clean}")));
    // To the last word that there is.
    assert_eq!(texts("code 0xfffffffc, nop\n").len(), 2);
    // From the last word of a block of 32 bytes over all of the next to the first of a third.
    let long = texts(&format!("code 0x00a0001c, {}\n", ["nop"; 10].join(" ; ")));
    let clean = "dcbst 0, r3; dcbst 0, r4; dcbst 0, r5; sync; icbi 0, r3; icbi 0, r4; icbi 0, r5; sync; isync \
        with r3 = 0xa0001c, r4 = 0xa00020, r5 = 0xa00040";
    assert_eq!(long.last().map(String::as_str), Some(clean));
}

#[test]
fn the_patcher_is_told_the_features_of_the_last_mapping() {
    let text = format!("{HEADER}a = patched mfmsr r3\nmap-page\nb = patched mfmsr r3\n");
    let case = assemble(&text, "e500v2");
    check(&case);
    let mut features = Vec::new();
    let mut mapped = None;
    let mut rest = &case.parts.ops[..];
    while !rest.is_empty() {
        let (step, used) = bytecode::decode(rest).expect("bytecode");
        match step.op {
            Op::Patch { features: slot, .. } => features.push(slot),
            Op::Exec { outputs, .. } if outputs.iter().count() > 1 => mapped = outputs.iter().flatten().nth(1),
            _ => {}
        }
        rest = &rest[used..];
    }
    assert_eq!(case.parts.constants[usize::from(features[0])], 0);
    assert_eq!(Some(features[1]), mapped.map(|transfer| transfer.slot));
}

#[test]
fn too_large_a_case_is_a_diagnostic_of_the_target_that_cannot_hold_it() {
    let code = format!("{HEADER}for n in 0..19999 {{\nrun {}\n}}\n", ["nop"; 16].join("; "));
    let values = format!("{HEADER}for n in 0..19999 {{\nmtspr SPRG0, n\n}}\n");
    let log = format!("{HEADER}for n in 0..19999 {{\nx = hcall 5\n}}\n");
    for (text, what) in
        [(code, "bytes for its code"), (values, "slots for its values"), (log, "bytes for what it may log")]
    {
        let script = parse(&text);
        let profile = profile(Cpu::by_name("e500v2").expect("a CPU"), true);
        let error = script.instances()[0].assemble(&profile).expect_err("too large").to_string();
        assert!(error.contains(what) && error.contains("--> area.probe:4:"), "{error}");
    }
}
