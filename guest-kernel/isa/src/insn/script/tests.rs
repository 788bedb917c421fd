//! The table against what binutils assembles, and each field by itself.

use super::*;

#[test]
fn known_words_encode_as_binutils_does() {
    for (mnemonic, values, word) in [
        ("mtspr", &[272, 30][..], 0x7fd0_43a6),
        ("andis.", &[5, 3, 0xc000], 0x7465_c000),
        ("rldicl", &[3, 3, 32, 32], 0x7863_0022),
        ("rldicr", &[4, 4, 32, 31], 0x7884_07c6),
        ("rldicr", &[8, 8, 63, 0], 0x7908_f806),
        ("tdi", &[4, 3, 5], 0x0883_0005),
        ("lwa", &[3, 32, 4], 0xe864_0022),
        ("stwux", &[5, 4, 6], 0x7ca4_316e),
        ("slbfee.", &[3, 4], 0x7c60_27a7),
        ("hrfid", &[], 0x4c00_0224),
        ("sthcx.", &[7, 6, 4], 0x7ce6_25ad),
        ("tlbsx.", &[3, 0, 4], 0x7c60_2725),
        ("dcblc", &[0, 0, 4], 0x7c00_230c),
        ("icbtls", &[0, 0, 4], 0x7c00_23cc),
        ("lfd", &[1, 32, 4], 0xc824_0020),
        ("mtfsfi", &[7, 1], 0xff80_110c),
        ("mtfsf", &[255, 1], 0xfdfe_0d8e),
        ("mtfsb1", &[24], 0xff00_004c),
        ("lvx", &[1, 0, 4], 0x7c20_20ce),
        ("vor", &[1, 2, 2], 0x1022_1484),
        ("lxvd2x", &[33, 0, 4], 0x7c20_2699),
        ("stxvw4x", &[1, 0, 5], 0x7c20_2f18),
        ("xxlor", &[33, 2, 34], 0xf022_1493),
        ("xxlor", &[1, 34, 2], 0xf022_1494),
        ("evmwumiaa", &[9, 10, 10], 0x112a_5558),
        ("evstdd", &[4, 8, 5], 0x1085_0b21),
        ("addic.", &[3, 4, -5], 0x3464_fffb),
        ("add.", &[3, 4, 5], 0x7c64_2a15),
        ("subf.", &[3, 4, 5], 0x7c64_2851),
        ("mullw.", &[3, 4, 5], 0x7c64_29d7),
        ("divw.", &[3, 4, 5], 0x7c64_2bd7),
        ("divwu.", &[3, 4, 5], 0x7c64_2b97),
        ("neg.", &[3, 4], 0x7c64_00d1),
        ("addc", &[3, 4, 5], 0x7c64_2814),
        ("addc.", &[3, 4, 5], 0x7c64_2815),
        ("adde", &[3, 4, 5], 0x7c64_2914),
        ("adde.", &[3, 4, 5], 0x7c64_2915),
        ("subfc", &[3, 4, 5], 0x7c64_2810),
        ("subfc.", &[3, 4, 5], 0x7c64_2811),
        ("subfe", &[3, 4, 5], 0x7c64_2910),
        ("subfe.", &[3, 4, 5], 0x7c64_2911),
        ("mulhw", &[3, 4, 5], 0x7c64_2896),
        ("mulhw.", &[3, 4, 5], 0x7c64_2897),
        ("mulhwu", &[3, 4, 5], 0x7c64_2816),
        ("mulhwu.", &[3, 4, 5], 0x7c64_2817),
        ("mulld", &[3, 4, 5], 0x7c64_29d2),
        ("mulld.", &[3, 4, 5], 0x7c64_29d3),
        ("mulhd", &[3, 4, 5], 0x7c64_2892),
        ("mulhd.", &[3, 4, 5], 0x7c64_2893),
        ("mulhdu", &[3, 4, 5], 0x7c64_2812),
        ("mulhdu.", &[3, 4, 5], 0x7c64_2813),
        ("divd", &[3, 4, 5], 0x7c64_2bd2),
        ("divd.", &[3, 4, 5], 0x7c64_2bd3),
        ("divdu", &[3, 4, 5], 0x7c64_2b92),
        ("divdu.", &[3, 4, 5], 0x7c64_2b93),
        ("addme", &[3, 4], 0x7c64_01d4),
        ("addme.", &[3, 4], 0x7c64_01d5),
        ("addze", &[3, 4], 0x7c64_0194),
        ("addze.", &[3, 4], 0x7c64_0195),
        ("subfme", &[3, 4], 0x7c64_01d0),
        ("subfme.", &[3, 4], 0x7c64_01d1),
        ("subfze", &[3, 4], 0x7c64_0190),
        ("subfze.", &[3, 4], 0x7c64_0191),
        ("xoris", &[3, 4, 5], 0x6c83_0005),
        ("and.", &[3, 4, 5], 0x7c83_2839),
        ("or.", &[3, 4, 5], 0x7c83_2b79),
        ("xor.", &[3, 4, 5], 0x7c83_2a79),
        ("nor.", &[3, 4, 5], 0x7c83_28f9),
        ("slw.", &[3, 4, 5], 0x7c83_2831),
        ("srw.", &[3, 4, 5], 0x7c83_2c31),
        ("sraw.", &[3, 4, 5], 0x7c83_2e31),
        ("andc", &[3, 4, 5], 0x7c83_2878),
        ("andc.", &[3, 4, 5], 0x7c83_2879),
        ("orc", &[3, 4, 5], 0x7c83_2b38),
        ("orc.", &[3, 4, 5], 0x7c83_2b39),
        ("nand", &[3, 4, 5], 0x7c83_2bb8),
        ("nand.", &[3, 4, 5], 0x7c83_2bb9),
        ("eqv", &[3, 4, 5], 0x7c83_2a38),
        ("eqv.", &[3, 4, 5], 0x7c83_2a39),
        ("sld", &[3, 4, 5], 0x7c83_2836),
        ("sld.", &[3, 4, 5], 0x7c83_2837),
        ("srd", &[3, 4, 5], 0x7c83_2c36),
        ("srd.", &[3, 4, 5], 0x7c83_2c37),
        ("srad", &[3, 4, 5], 0x7c83_2e34),
        ("srad.", &[3, 4, 5], 0x7c83_2e35),
        ("srawi.", &[3, 4, 5], 0x7c83_2e71),
        ("sradi", &[3, 4, 37], 0x7c83_2e76),
        ("sradi.", &[3, 4, 37], 0x7c83_2e77),
        ("cntlzw.", &[3, 4], 0x7c83_0035),
        ("cntlzd", &[3, 4], 0x7c83_0074),
        ("cntlzd.", &[3, 4], 0x7c83_0075),
        ("extsb", &[3, 4], 0x7c83_0774),
        ("extsb.", &[3, 4], 0x7c83_0775),
        ("extsh", &[3, 4], 0x7c83_0734),
        ("extsh.", &[3, 4], 0x7c83_0735),
        ("extsw", &[3, 4], 0x7c83_07b4),
        ("extsw.", &[3, 4], 0x7c83_07b5),
        ("popcntb", &[3, 4], 0x7c83_00f4),
        ("popcntw", &[3, 4], 0x7c83_02f4),
        ("popcntd", &[3, 4], 0x7c83_03f4),
        ("cmpb", &[3, 4, 5], 0x7c83_2bf8),
        ("bpermd", &[3, 4, 5], 0x7c83_29f8),
        ("rlwinm.", &[3, 4, 5, 6, 7], 0x5483_298f),
        ("rlwimi", &[3, 4, 5, 6, 7], 0x5083_298e),
        ("rlwimi.", &[3, 4, 5, 6, 7], 0x5083_298f),
        ("rlwnm", &[3, 4, 5, 6, 7], 0x5c83_298e),
        ("rlwnm.", &[3, 4, 5, 6, 7], 0x5c83_298f),
        ("rldicl.", &[3, 4, 37, 38], 0x7883_29a3),
        ("rldicr.", &[3, 4, 37, 38], 0x7883_29a7),
        ("rldic", &[3, 4, 37, 16], 0x7883_2c0a),
        ("rldic.", &[3, 4, 37, 16], 0x7883_2c0b),
        ("rldimi", &[3, 4, 37, 16], 0x7883_2c0e),
        ("rldimi.", &[3, 4, 37, 16], 0x7883_2c0f),
        ("rldcl", &[3, 4, 5, 38], 0x7883_29b0),
        ("rldcl.", &[3, 4, 5, 38], 0x7883_29b1),
        ("rldcr", &[3, 4, 5, 38], 0x7883_29b2),
        ("rldcr.", &[3, 4, 5, 38], 0x7883_29b3),
        ("isel", &[3, 4, 5, 6], 0x7c64_299e),
        ("cmp", &[2, 1, 4, 5], 0x7d24_2800),
        ("cmpl", &[2, 1, 4, 5], 0x7d24_2840),
        ("cmpi", &[2, 1, 4, -5], 0x2d24_fffb),
        ("cmpli", &[2, 1, 4, 5], 0x2924_0005),
        ("crand", &[1, 2, 3], 0x4c22_1a02),
        ("cror", &[1, 2, 3], 0x4c22_1b82),
        ("crxor", &[1, 2, 3], 0x4c22_1982),
        ("crnand", &[1, 2, 3], 0x4c22_19c2),
        ("crnor", &[1, 2, 3], 0x4c22_1842),
        ("creqv", &[1, 2, 3], 0x4c22_1a42),
        ("crandc", &[1, 2, 3], 0x4c22_1902),
        ("crorc", &[1, 2, 3], 0x4c22_1b42),
        ("mcrf", &[1, 2], 0x4c88_0000),
        ("mcrxr", &[1], 0x7c80_0400),
        ("bcl", &[12, 2, 8], 0x4182_0009),
        ("bclr", &[12, 2], 0x4d82_0020),
        ("bclrl", &[12, 2], 0x4d82_0021),
        ("bcctr", &[12, 2], 0x4d82_0420),
        ("bcctrl", &[12, 2], 0x4d82_0421),
        ("lbzx", &[3, 4, 5], 0x7c64_28ae),
        ("lhzx", &[3, 4, 5], 0x7c64_2a2e),
        ("lwax", &[3, 4, 5], 0x7c64_2aaa),
        ("ldx", &[3, 4, 5], 0x7c64_282a),
        ("lbarx", &[3, 4, 5], 0x7c64_2868),
        ("lharx", &[3, 4, 5], 0x7c64_28e8),
        ("ldarx", &[3, 4, 5], 0x7c64_28a8),
        ("lswx", &[3, 4, 5], 0x7c64_2c2a),
        ("lbzux", &[3, 4, 5], 0x7c64_28ee),
        ("lhzux", &[3, 4, 5], 0x7c64_2a6e),
        ("lhaux", &[3, 4, 5], 0x7c64_2aee),
        ("lwaux", &[3, 4, 5], 0x7c64_2aea),
        ("ldux", &[3, 4, 5], 0x7c64_286a),
        ("ldu", &[3, 8, 4], 0xe864_0009),
        ("lswi", &[3, 20, 5], 0x7c74_2caa),
        ("stbx", &[3, 4, 5], 0x7c64_29ae),
        ("sthx", &[3, 4, 5], 0x7c64_2b2e),
        ("stdx", &[3, 4, 5], 0x7c64_292a),
        ("stswx", &[3, 4, 5], 0x7c64_2d2a),
        ("stbcx.", &[3, 4, 5], 0x7c64_2d6d),
        ("stdcx.", &[3, 4, 5], 0x7c64_29ad),
        ("stbux", &[3, 4, 5], 0x7c64_29ee),
        ("sthux", &[3, 4, 5], 0x7c64_2b6e),
        ("stdux", &[3, 4, 5], 0x7c64_296a),
        ("stdu", &[3, 8, 4], 0xf864_0009),
        ("stswi", &[3, 4, 5], 0x7c64_2daa),
        ("dcbtst", &[0, 4, 5], 0x7c04_29ec),
        ("dcba", &[4, 5], 0x7c04_2dec),
        ("icbt", &[0, 3, 4], 0x7c03_202c),
        ("mfocrf", &[5, 0x40], 0x7cb4_0026),
        ("mtocrf", &[0x40, 5], 0x7cb4_0120),
        ("rfdi", &[], 0x4c00_004e),
    ] {
        assert_eq!(Row::by_mnemonic(mnemonic).and_then(|row| row.encode(values)), Some(word), "{mnemonic}");
    }
}

#[test]
fn a_mnemonic_stands_once_in_both_tables() {
    for (index, row) in Row::all().enumerate() {
        assert!(Row::all().skip(index + 1).all(|other| other.mnemonic() != row.mnemonic()), "{}", row.mnemonic());
    }
}

#[test]
fn no_operand_has_bits_of_the_opcode_or_of_another_one() {
    for row in ONLY_IN_SCRIPTS {
        let mut taken = row.word;
        for field in row.fields {
            assert_eq!(taken & field.mask(), 0, "{} {field:?}", row.mnemonic);
            taken |= field.mask();
        }
    }
}

#[test]
fn a_field_holds_each_of_its_values_and_no_other() {
    for row in ONLY_IN_SCRIPTS {
        for field in row.fields.iter().filter(|field| field.place().is_some()) {
            let (low, high, multiple) = field.values();
            let mut seen = 0;
            for value in (low..=high).step_by(multiple as usize) {
                let word = field.insert(value).expect("it fits");
                assert!(word & !field.mask() == 0 && (value == low || word != field.insert(low).expect("it fits")));
                assert_eq!(field.extract(word), value, "{field:?}");
                seen |= word;
            }
            assert_eq!(seen, field.mask(), "{field:?}");
            assert_eq!((field.insert(low - multiple), field.insert(high + multiple)), (None, None), "{field:?}");
            assert!(multiple == 1 || field.insert(1).is_none(), "{field:?}");
        }
    }
}
