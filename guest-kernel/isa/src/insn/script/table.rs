//! The instructions that no guest kernel and no reference has to know: integer ones first, then floating point,
//! vectors, SPE.

use super::super::{LK, Operand, RC, d, x};
use super::{Field, OnlyInScripts};

const fn row(mnemonic: &'static str, word: u32, fields: &'static [Field]) -> OnlyInScripts {
    OnlyInScripts { mnemonic, word, fields }
}

/// A rotate of a doubleword, by the opcode in bits 27-29.
const fn md(extended: u32) -> u32 {
    d(30) | extended << 2
}

/// The same, by a register, with the opcode in bits 27-30.
const fn mds(extended: u32) -> u32 {
    d(30) | extended << 1
}

/// Tells mtocrf from mtcrf and mfocrf from mfcr.
const ONE_FIELD: u32 = 1 << 20;

/// A vector or SPE instruction, by the opcode in bits 21-31.
const fn vx(extended: u32) -> u32 {
    d(4) | extended
}

/// Opcodes: Power ISA 2.07, appendices F and H.
pub static ONLY_IN_SCRIPTS: &[OnlyInScripts] = {
    use Field::{Ba, Bb, Bc, Bfa, Bt, L10};
    use Field::{Flm, Frb, Frs, Frt, Mb6, Me6, Sh6, U, Ui8, Vra, Vrb, Vrs, Vrt, Xa, Xb, Xs, Xt};
    const RT: Field = Field::Common(Operand::Rt);
    const RS: Field = Field::Common(Operand::Rs);
    const RA: Field = Field::Common(Operand::Ra);
    const RB: Field = Field::Common(Operand::Rb);
    const RA_OR_ZERO: Field = Field::Common(Operand::RaOrZero);
    const RA_TARGET: Field = Field::Common(Operand::RaTarget);
    const RA_UPDATE: Field = Field::Common(Operand::RaUpdate);
    const D: Field = Field::Common(Operand::D);
    const DS: Field = Field::Common(Operand::Ds);
    const SI: Field = Field::Common(Operand::Si);
    const UI: Field = Field::Common(Operand::Ui);
    const TO: Field = Field::Common(Operand::To);
    const BF: Field = Field::Common(Operand::Bf);
    const CT: Field = Field::Common(Operand::Ct);
    const SH: Field = Field::Common(Operand::Sh);
    const MB: Field = Field::Common(Operand::Mb);
    const ME: Field = Field::Common(Operand::Me);
    const FXM: Field = Field::Common(Operand::Fxm);
    const NB: Field = Field::Common(Operand::Nb);
    const BO: Field = Field::Common(Operand::Bo);
    const BI: Field = Field::Common(Operand::Bi);
    const BD: Field = Field::Common(Operand::Bd);
    &[
        // Integer arithmetic and logic, traps.
        row("andis.", d(29), &[RA_TARGET, RS, UI]),
        row("rldicl", md(0), &[RA_TARGET, RS, Sh6, Mb6]),
        row("rldicr", md(1), &[RA_TARGET, RS, Sh6, Me6]),
        row("tdi", d(2), &[TO, RA, SI]),
        row("td", x(31, 68), &[TO, RA, RB]),
        // Loads and stores.
        row("lbzu", d(35), &[RT, D, RA_UPDATE]),
        row("lhzu", d(41), &[RT, D, RA_UPDATE]),
        row("lhau", d(43), &[RT, D, RA_UPDATE]),
        row("lwzux", x(31, 55), &[RT, RA_UPDATE, RB]),
        row("lhax", x(31, 343), &[RT, RA_OR_ZERO, RB]),
        row("lwa", d(58) | 2, &[RT, DS, RA_OR_ZERO]),
        row("lhbrx", x(31, 790), &[RT, RA_OR_ZERO, RB]),
        row("lwbrx", x(31, 534), &[RT, RA_OR_ZERO, RB]),
        row("ldbrx", x(31, 532), &[RT, RA_OR_ZERO, RB]),
        row("lmw", d(46), &[RT, D, RA_OR_ZERO]),
        row("stbu", d(39), &[RS, D, RA_UPDATE]),
        row("sthu", d(45), &[RS, D, RA_UPDATE]),
        row("stwux", x(31, 183), &[RS, RA_UPDATE, RB]),
        row("sthbrx", x(31, 918), &[RS, RA_OR_ZERO, RB]),
        row("stwbrx", x(31, 662), &[RS, RA_OR_ZERO, RB]),
        row("sthcx.", x(31, 726) | RC, &[RS, RA_OR_ZERO, RB]),
        row("stdbrx", x(31, 660), &[RS, RA_OR_ZERO, RB]),
        row("stmw", d(47), &[RS, D, RA_OR_ZERO]),
        // Machine state, translation, caches.
        row("hrfid", x(19, 274), &[]),
        row("rfdi", x(19, 39), &[]),
        // Of 4xx cores; `tlbsx` without Rc is the kernel's own, as e500 has it.
        row("tlbsx.", x(31, 914) | RC, &[RT, RA_OR_ZERO, RB]),
        row("slbfee.", x(31, 979) | RC, &[RT, RB]),
        row("dcbt", x(31, 278), &[CT, RA_OR_ZERO, RB]),
        row("tlbiel", x(31, 274), &[RB]),
        row("tlbia", x(31, 370), &[]),
        // Of 4xx cores (arch/powerpc/xmon/ppc-opc.c).
        row("dccci", x(31, 454), &[RA_OR_ZERO, RB]),
        row("iccci", x(31, 966), &[RA_OR_ZERO, RB]),
        // Cache lines to lock and unlock, of e500 (arch/powerpc/xmon/ppc-opc.c); `dcbtls` is the kernel's own.
        row("dcbtstls", x(31, 134), &[CT, RA_OR_ZERO, RB]),
        row("dcblc", x(31, 390), &[CT, RA_OR_ZERO, RB]),
        row("icbtls", x(31, 486), &[CT, RA_OR_ZERO, RB]),
        row("icblc", x(31, 230), &[CT, RA_OR_ZERO, RB]),
        // Floating point.
        row("lfs", d(48), &[Frt, D, RA_OR_ZERO]),
        row("lfsu", d(49), &[Frt, D, RA_UPDATE]),
        row("lfd", d(50), &[Frt, D, RA_OR_ZERO]),
        row("lfdu", d(51), &[Frt, D, RA_UPDATE]),
        row("lfdx", x(31, 599), &[Frt, RA_OR_ZERO, RB]),
        row("lfiwax", x(31, 855), &[Frt, RA_OR_ZERO, RB]),
        row("lfiwzx", x(31, 887), &[Frt, RA_OR_ZERO, RB]),
        row("stfs", d(52), &[Frs, D, RA_OR_ZERO]),
        row("stfsu", d(53), &[Frs, D, RA_UPDATE]),
        row("stfd", d(54), &[Frs, D, RA_OR_ZERO]),
        row("stfdu", d(55), &[Frs, D, RA_UPDATE]),
        row("stfiwx", x(31, 983), &[Frs, RA_OR_ZERO, RB]),
        row("fmr", x(63, 72), &[Frt, Frb]),
        row("mffs", x(63, 583), &[Frt]),
        row("mtfsfi", x(63, 134), &[BF, U]),
        row("mtfsf", x(63, 711), &[Flm, Frb]),
        row("mtfsb1", x(63, 38), &[Bt]),
        // Vectors.
        row("lvebx", x(31, 7), &[Vrt, RA_OR_ZERO, RB]),
        row("lvehx", x(31, 39), &[Vrt, RA_OR_ZERO, RB]),
        row("lvewx", x(31, 71), &[Vrt, RA_OR_ZERO, RB]),
        row("lvx", x(31, 103), &[Vrt, RA_OR_ZERO, RB]),
        row("stvebx", x(31, 135), &[Vrs, RA_OR_ZERO, RB]),
        row("stvehx", x(31, 167), &[Vrs, RA_OR_ZERO, RB]),
        row("stvewx", x(31, 199), &[Vrs, RA_OR_ZERO, RB]),
        row("stvx", x(31, 231), &[Vrs, RA_OR_ZERO, RB]),
        row("vor", vx(0x484), &[Vrt, Vra, Vrb]),
        row("mfvscr", vx(0x604), &[Vrt]),
        row("mtvscr", vx(0x644), &[Vrb]),
        // Vectors and scalars in one file (VSX).
        row("lxsdx", x(31, 588), &[Xt, RA_OR_ZERO, RB]),
        row("lxvd2x", x(31, 844), &[Xt, RA_OR_ZERO, RB]),
        row("lxvdsx", x(31, 332), &[Xt, RA_OR_ZERO, RB]),
        row("lxvw4x", x(31, 780), &[Xt, RA_OR_ZERO, RB]),
        row("stxsdx", x(31, 716), &[Xs, RA_OR_ZERO, RB]),
        row("stxvd2x", x(31, 972), &[Xs, RA_OR_ZERO, RB]),
        row("stxvw4x", x(31, 908), &[Xs, RA_OR_ZERO, RB]),
        row("xxlor", d(60) | 146 << 3, &[Xt, Xa, Xb]),
        // SPE.
        row("evxor", vx(0x216), &[RT, RA, RB]),
        row("evmergehi", vx(0x22c), &[RT, RA, RB]),
        row("evmergelo", vx(0x22d), &[RT, RA, RB]),
        row("evstdd", vx(0x321), &[RS, Ui8, RA_OR_ZERO]),
        row("evmra", vx(0x4c4), &[RT, RA]),
        row("evmwumiaa", vx(0x558), &[RT, RA, RB]),
        // Record forms of what the guest kernel knows, and the other arithmetic and logic of integers.
        row("addic.", d(13), &[RT, RA, SI]),
        row("add.", x(31, 266) | RC, &[RT, RA, RB]),
        row("subf.", x(31, 40) | RC, &[RT, RA, RB]),
        row("mullw.", x(31, 235) | RC, &[RT, RA, RB]),
        row("divw.", x(31, 491) | RC, &[RT, RA, RB]),
        row("divwu.", x(31, 459) | RC, &[RT, RA, RB]),
        row("neg.", x(31, 104) | RC, &[RT, RA]),
        row("addc", x(31, 10), &[RT, RA, RB]),
        row("addc.", x(31, 10) | RC, &[RT, RA, RB]),
        row("adde", x(31, 138), &[RT, RA, RB]),
        row("adde.", x(31, 138) | RC, &[RT, RA, RB]),
        row("subfc", x(31, 8), &[RT, RA, RB]),
        row("subfc.", x(31, 8) | RC, &[RT, RA, RB]),
        row("subfe", x(31, 136), &[RT, RA, RB]),
        row("subfe.", x(31, 136) | RC, &[RT, RA, RB]),
        row("mulhw", x(31, 75), &[RT, RA, RB]),
        row("mulhw.", x(31, 75) | RC, &[RT, RA, RB]),
        row("mulhwu", x(31, 11), &[RT, RA, RB]),
        row("mulhwu.", x(31, 11) | RC, &[RT, RA, RB]),
        row("mulld", x(31, 233), &[RT, RA, RB]),
        row("mulld.", x(31, 233) | RC, &[RT, RA, RB]),
        row("mulhd", x(31, 73), &[RT, RA, RB]),
        row("mulhd.", x(31, 73) | RC, &[RT, RA, RB]),
        row("mulhdu", x(31, 9), &[RT, RA, RB]),
        row("mulhdu.", x(31, 9) | RC, &[RT, RA, RB]),
        row("divd", x(31, 489), &[RT, RA, RB]),
        row("divd.", x(31, 489) | RC, &[RT, RA, RB]),
        row("divdu", x(31, 457), &[RT, RA, RB]),
        row("divdu.", x(31, 457) | RC, &[RT, RA, RB]),
        row("addme", x(31, 234), &[RT, RA]),
        row("addme.", x(31, 234) | RC, &[RT, RA]),
        row("addze", x(31, 202), &[RT, RA]),
        row("addze.", x(31, 202) | RC, &[RT, RA]),
        row("subfme", x(31, 232), &[RT, RA]),
        row("subfme.", x(31, 232) | RC, &[RT, RA]),
        row("subfze", x(31, 200), &[RT, RA]),
        row("subfze.", x(31, 200) | RC, &[RT, RA]),
        row("xoris", d(27), &[RA_TARGET, RS, UI]),
        row("and.", x(31, 28) | RC, &[RA_TARGET, RS, RB]),
        row("or.", x(31, 444) | RC, &[RA_TARGET, RS, RB]),
        row("xor.", x(31, 316) | RC, &[RA_TARGET, RS, RB]),
        row("nor.", x(31, 124) | RC, &[RA_TARGET, RS, RB]),
        row("slw.", x(31, 24) | RC, &[RA_TARGET, RS, RB]),
        row("srw.", x(31, 536) | RC, &[RA_TARGET, RS, RB]),
        row("sraw.", x(31, 792) | RC, &[RA_TARGET, RS, RB]),
        row("andc", x(31, 60), &[RA_TARGET, RS, RB]),
        row("andc.", x(31, 60) | RC, &[RA_TARGET, RS, RB]),
        row("orc", x(31, 412), &[RA_TARGET, RS, RB]),
        row("orc.", x(31, 412) | RC, &[RA_TARGET, RS, RB]),
        row("nand", x(31, 476), &[RA_TARGET, RS, RB]),
        row("nand.", x(31, 476) | RC, &[RA_TARGET, RS, RB]),
        row("eqv", x(31, 284), &[RA_TARGET, RS, RB]),
        row("eqv.", x(31, 284) | RC, &[RA_TARGET, RS, RB]),
        row("sld", x(31, 27), &[RA_TARGET, RS, RB]),
        row("sld.", x(31, 27) | RC, &[RA_TARGET, RS, RB]),
        row("srd", x(31, 539), &[RA_TARGET, RS, RB]),
        row("srd.", x(31, 539) | RC, &[RA_TARGET, RS, RB]),
        row("srad", x(31, 794), &[RA_TARGET, RS, RB]),
        row("srad.", x(31, 794) | RC, &[RA_TARGET, RS, RB]),
        row("srawi.", x(31, 824) | RC, &[RA_TARGET, RS, SH]),
        row("sradi", x(31, 826), &[RA_TARGET, RS, Sh6]),
        row("sradi.", x(31, 826) | RC, &[RA_TARGET, RS, Sh6]),
        row("cntlzw.", x(31, 26) | RC, &[RA_TARGET, RS]),
        row("cntlzd", x(31, 58), &[RA_TARGET, RS]),
        row("cntlzd.", x(31, 58) | RC, &[RA_TARGET, RS]),
        row("extsb", x(31, 954), &[RA_TARGET, RS]),
        row("extsb.", x(31, 954) | RC, &[RA_TARGET, RS]),
        row("extsh", x(31, 922), &[RA_TARGET, RS]),
        row("extsh.", x(31, 922) | RC, &[RA_TARGET, RS]),
        row("extsw", x(31, 986), &[RA_TARGET, RS]),
        row("extsw.", x(31, 986) | RC, &[RA_TARGET, RS]),
        row("popcntb", x(31, 122), &[RA_TARGET, RS]),
        row("popcntw", x(31, 378), &[RA_TARGET, RS]),
        row("popcntd", x(31, 506), &[RA_TARGET, RS]),
        row("cmpb", x(31, 508), &[RA_TARGET, RS, RB]),
        row("bpermd", x(31, 252), &[RA_TARGET, RS, RB]),
        row("rlwinm.", d(21) | RC, &[RA_TARGET, RS, SH, MB, ME]),
        row("rlwimi", d(20), &[RA_TARGET, RS, SH, MB, ME]),
        row("rlwimi.", d(20) | RC, &[RA_TARGET, RS, SH, MB, ME]),
        row("rlwnm", d(23), &[RA_TARGET, RS, RB, MB, ME]),
        row("rlwnm.", d(23) | RC, &[RA_TARGET, RS, RB, MB, ME]),
        row("rldicl.", md(0) | RC, &[RA_TARGET, RS, Sh6, Mb6]),
        row("rldicr.", md(1) | RC, &[RA_TARGET, RS, Sh6, Me6]),
        row("rldic", md(2), &[RA_TARGET, RS, Sh6, Mb6]),
        row("rldic.", md(2) | RC, &[RA_TARGET, RS, Sh6, Mb6]),
        row("rldimi", md(3), &[RA_TARGET, RS, Sh6, Mb6]),
        row("rldimi.", md(3) | RC, &[RA_TARGET, RS, Sh6, Mb6]),
        row("rldcl", mds(8), &[RA_TARGET, RS, RB, Mb6]),
        row("rldcl.", mds(8) | RC, &[RA_TARGET, RS, RB, Mb6]),
        row("rldcr", mds(9), &[RA_TARGET, RS, RB, Me6]),
        row("rldcr.", mds(9) | RC, &[RA_TARGET, RS, RB, Me6]),
        row("isel", x(31, 15), &[RT, RA_OR_ZERO, RB, Bc]),
        // Comparisons and the condition register. `cmpw` and `cmplw`, with L = 0, are the kernel's own.
        row("cmp", x(31, 0), &[BF, L10, RA, RB]),
        row("cmpl", x(31, 32), &[BF, L10, RA, RB]),
        row("cmpi", d(11), &[BF, L10, RA, SI]),
        row("cmpli", d(10), &[BF, L10, RA, UI]),
        row("crand", x(19, 257), &[Bt, Ba, Bb]),
        row("cror", x(19, 449), &[Bt, Ba, Bb]),
        row("crxor", x(19, 193), &[Bt, Ba, Bb]),
        row("crnand", x(19, 225), &[Bt, Ba, Bb]),
        row("crnor", x(19, 33), &[Bt, Ba, Bb]),
        row("creqv", x(19, 289), &[Bt, Ba, Bb]),
        row("crandc", x(19, 129), &[Bt, Ba, Bb]),
        row("crorc", x(19, 417), &[Bt, Ba, Bb]),
        row("mcrf", x(19, 0), &[BF, Bfa]),
        row("mcrxr", x(31, 512), &[BF]),
        row("mfocrf", x(31, 19) | ONE_FIELD, &[RT, FXM]),
        row("mtocrf", x(31, 144) | ONE_FIELD, &[FXM, RS]),
        // Branches: to the link or the count register under a condition, and with the link bit. BH is 0.
        row("bcl", d(16) | LK, &[BO, BI, BD]),
        row("bclr", x(19, 16), &[BO, BI]),
        row("bclrl", x(19, 16) | LK, &[BO, BI]),
        row("bcctr", x(19, 528), &[BO, BI]),
        row("bcctrl", x(19, 528) | LK, &[BO, BI]),
        // Loads and stores.
        row("lbzx", x(31, 87), &[RT, RA_OR_ZERO, RB]),
        row("lhzx", x(31, 279), &[RT, RA_OR_ZERO, RB]),
        row("lwax", x(31, 341), &[RT, RA_OR_ZERO, RB]),
        row("ldx", x(31, 21), &[RT, RA_OR_ZERO, RB]),
        row("lbarx", x(31, 52), &[RT, RA_OR_ZERO, RB]),
        row("lharx", x(31, 116), &[RT, RA_OR_ZERO, RB]),
        row("ldarx", x(31, 84), &[RT, RA_OR_ZERO, RB]),
        row("lswx", x(31, 533), &[RT, RA_OR_ZERO, RB]),
        row("lbzux", x(31, 119), &[RT, RA_UPDATE, RB]),
        row("lhzux", x(31, 311), &[RT, RA_UPDATE, RB]),
        row("lhaux", x(31, 375), &[RT, RA_UPDATE, RB]),
        row("lwaux", x(31, 373), &[RT, RA_UPDATE, RB]),
        row("ldux", x(31, 53), &[RT, RA_UPDATE, RB]),
        row("ldu", d(58) | 1, &[RT, DS, RA_UPDATE]),
        row("lswi", x(31, 597), &[RT, RA_OR_ZERO, NB]),
        row("stbx", x(31, 215), &[RS, RA_OR_ZERO, RB]),
        row("sthx", x(31, 407), &[RS, RA_OR_ZERO, RB]),
        row("stdx", x(31, 149), &[RS, RA_OR_ZERO, RB]),
        row("stswx", x(31, 661), &[RS, RA_OR_ZERO, RB]),
        row("stbcx.", x(31, 694) | RC, &[RS, RA_OR_ZERO, RB]),
        row("stdcx.", x(31, 214) | RC, &[RS, RA_OR_ZERO, RB]),
        row("stbux", x(31, 247), &[RS, RA_UPDATE, RB]),
        row("sthux", x(31, 439), &[RS, RA_UPDATE, RB]),
        row("stdux", x(31, 181), &[RS, RA_UPDATE, RB]),
        row("stdu", d(62) | 1, &[RS, DS, RA_UPDATE]),
        row("stswi", x(31, 725), &[RS, RA_OR_ZERO, NB]),
        // Hints for caches.
        row("dcbtst", x(31, 246), &[CT, RA_OR_ZERO, RB]),
        row("dcba", x(31, 758), &[RA_OR_ZERO, RB]),
        row("icbt", x(31, 22), &[CT, RA_OR_ZERO, RB]),
    ]
};
