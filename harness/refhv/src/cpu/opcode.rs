//! Opcode numbers (Power ISA 2.07, appendix F; embedded ones: EREF, appendix A; 44x cache control: PPC440 user manual).

/// Primary opcodes, bits 0-5.
#[allow(missing_docs)] // the names are the mnemonics
pub mod primary {
    pub const TDI: u32 = 2;
    pub const TWI: u32 = 3;
    pub const VECTOR: u32 = 4;
    pub const MULLI: u32 = 7;
    pub const SUBFIC: u32 = 8;
    pub const CMPLI: u32 = 10;
    pub const CMPI: u32 = 11;
    pub const ADDIC: u32 = 12;
    pub const ADDIC_RECORD: u32 = 13;
    pub const ADDI: u32 = 14;
    pub const ADDIS: u32 = 15;
    pub const BC: u32 = 16;
    pub const SC: u32 = 17;
    pub const B: u32 = 18;
    pub const X19: u32 = 19;
    pub const RLWIMI: u32 = 20;
    pub const RLWINM: u32 = 21;
    pub const RLWNM: u32 = 23;
    pub const ORI: u32 = 24;
    pub const ORIS: u32 = 25;
    pub const XORI: u32 = 26;
    pub const XORIS: u32 = 27;
    pub const ANDI_RECORD: u32 = 28;
    pub const ANDIS_RECORD: u32 = 29;
    pub const MD30: u32 = 30;
    pub const X31: u32 = 31;
    pub const LWZ: u32 = 32;
    pub const LWZU: u32 = 33;
    pub const LBZ: u32 = 34;
    pub const LBZU: u32 = 35;
    pub const STW: u32 = 36;
    pub const STWU: u32 = 37;
    pub const STB: u32 = 38;
    pub const STBU: u32 = 39;
    pub const LHZ: u32 = 40;
    pub const LHZU: u32 = 41;
    pub const LHA: u32 = 42;
    pub const LHAU: u32 = 43;
    pub const STH: u32 = 44;
    pub const STHU: u32 = 45;
    pub const LMW: u32 = 46;
    pub const STMW: u32 = 47;
    pub const LFS: u32 = 48;
    pub const LFD: u32 = 50;
    pub const STFDU: u32 = 55;
    pub const DS58: u32 = 58;
    pub const FP59: u32 = 59;
    pub const VECTOR_SCALAR: u32 = 60;
    pub const DS62: u32 = 62;
    pub const FP63: u32 = 63;
}

/// Extended opcodes of primary opcode 19.
#[allow(missing_docs)] // the names are the mnemonics
pub mod x19 {
    pub const MCRF: u32 = 0;
    pub const BCLR: u32 = 16;
    pub const RFID: u32 = 18;
    pub const CRNOR: u32 = 33;
    pub const RFMCI: u32 = 38;
    pub const RFDI: u32 = 39;
    pub const RFI: u32 = 50;
    pub const RFCI: u32 = 51;
    pub const CRANDC: u32 = 129;
    pub const ISYNC: u32 = 150;
    pub const CRXOR: u32 = 193;
    pub const CRNAND: u32 = 225;
    pub const CRAND: u32 = 257;
    pub const HRFID: u32 = 274;
    pub const CREQV: u32 = 289;
    pub const DOZE: u32 = 402;
    pub const CRORC: u32 = 417;
    pub const NAP: u32 = 434;
    pub const CROR: u32 = 449;
    pub const SLEEP: u32 = 466;
    pub const RVWINKLE: u32 = 498;
    pub const BCCTR: u32 = 528;
}

/// Extended opcodes of primary opcode 30: three bits, or four for the forms with the shift in a register.
#[allow(missing_docs)] // the names are the mnemonics
pub mod md30 {
    pub const RLDICL: u32 = 0;
    pub const RLDICR: u32 = 1;
    pub const RLDIC: u32 = 2;
    pub const RLDIMI: u32 = 3;
    pub const RLDCL: u32 = 8;
    pub const RLDCR: u32 = 9;
}

/// Extended opcodes of primary opcodes 58 and 62: two bits.
#[allow(missing_docs)] // the names are the mnemonics
pub mod ds {
    pub const LD: u32 = 0;
    pub const LDU: u32 = 1;
    pub const LWA: u32 = 2;
    pub const STD: u32 = 0;
    pub const STDU: u32 = 1;
}

/// Extended opcodes of primary opcode 31, ten bits.
#[allow(missing_docs)] // the names are the mnemonics
pub mod x31 {
    pub const CMP: u32 = 0;
    pub const TW: u32 = 4;
    pub const SUBFC: u32 = 8;
    pub const MULHDU: u32 = 9;
    pub const ADDC: u32 = 10;
    pub const MULHWU: u32 = 11;
    pub const TLBILX: u32 = 18;
    pub const MFCR: u32 = 19;
    pub const LWARX: u32 = 20;
    pub const LDX: u32 = 21;
    pub const ICBT: u32 = 22;
    pub const LWZX: u32 = 23;
    pub const SLW: u32 = 24;
    pub const CNTLZW: u32 = 26;
    pub const SLD: u32 = 27;
    pub const AND: u32 = 28;
    pub const CMPL: u32 = 32;
    pub const SUBF: u32 = 40;
    pub const LBARX: u32 = 52;
    pub const LDUX: u32 = 53;
    pub const DCBST: u32 = 54;
    pub const LWZUX: u32 = 55;
    pub const CNTLZD: u32 = 58;
    pub const ANDC: u32 = 60;
    pub const WAIT: u32 = 62;
    pub const TD: u32 = 68;
    pub const MULHD: u32 = 73;
    pub const MULHW: u32 = 75;
    pub const MFMSR: u32 = 83;
    pub const LDARX: u32 = 84;
    pub const DCBF: u32 = 86;
    pub const LBZX: u32 = 87;
    pub const NEG: u32 = 104;
    pub const LHARX: u32 = 116;
    pub const LBZUX: u32 = 119;
    pub const POPCNTB: u32 = 122;
    pub const NOR: u32 = 124;
    pub const WRTEE: u32 = 131;
    pub const DCBTSTLS: u32 = 134;
    pub const SUBFE: u32 = 136;
    pub const ADDE: u32 = 138;
    pub const MTCRF: u32 = 144;
    pub const MTMSR: u32 = 146;
    pub const STDX: u32 = 149;
    pub const STWCX: u32 = 150;
    pub const STWX: u32 = 151;
    pub const WRTEEI: u32 = 163;
    pub const DCBTLS: u32 = 166;
    pub const MTMSRD: u32 = 178;
    pub const STDUX: u32 = 181;
    pub const STWUX: u32 = 183;
    pub const SUBFZE: u32 = 200;
    pub const ADDZE: u32 = 202;
    pub const MSGSND: u32 = 206;
    pub const MTSR: u32 = 210;
    pub const STDCX: u32 = 214;
    pub const STBX: u32 = 215;
    pub const ICBLC: u32 = 230;
    pub const SUBFME: u32 = 232;
    pub const MULLD: u32 = 233;
    pub const ADDME: u32 = 234;
    pub const MULLW: u32 = 235;
    pub const MSGCLR: u32 = 238;
    pub const MTSRIN: u32 = 242;
    pub const DCBTST: u32 = 246;
    pub const STBUX: u32 = 247;
    pub const BPERMD: u32 = 252;
    pub const ADD: u32 = 266;
    pub const TLBIEL: u32 = 274;
    pub const DCBT: u32 = 278;
    pub const LHZX: u32 = 279;
    pub const EQV: u32 = 284;
    pub const TLBIE: u32 = 306;
    pub const LHZUX: u32 = 311;
    pub const XOR: u32 = 316;
    pub const MFDCR: u32 = 323;
    pub const MFSPR: u32 = 339;
    pub const LWAX: u32 = 341;
    pub const LHAX: u32 = 343;
    pub const MFTB: u32 = 371;
    pub const LWAUX: u32 = 373;
    pub const LHAUX: u32 = 375;
    pub const POPCNTW: u32 = 378;
    pub const DCBLC: u32 = 390;
    pub const SLBMTE: u32 = 402;
    pub const STHX: u32 = 407;
    pub const ORC: u32 = 412;
    pub const SLBIE: u32 = 434;
    pub const STHUX: u32 = 439;
    pub const OR: u32 = 444;
    pub const MTDCR: u32 = 451;
    pub const DCCCI: u32 = 454;
    pub const DIVDU: u32 = 457;
    pub const DIVWU: u32 = 459;
    pub const MTSPR: u32 = 467;
    pub const DCBI: u32 = 470;
    pub const NAND: u32 = 476;
    pub const ICBTLS: u32 = 486;
    pub const DIVD: u32 = 489;
    pub const DIVW: u32 = 491;
    pub const SLBIA: u32 = 498;
    pub const POPCNTD: u32 = 506;
    pub const CMPB: u32 = 508;
    pub const MCRXR: u32 = 512;
    pub const LDBRX: u32 = 532;
    pub const LSWX: u32 = 533;
    pub const LWBRX: u32 = 534;
    pub const SRW: u32 = 536;
    pub const SRD: u32 = 539;
    pub const TLBSYNC: u32 = 566;
    pub const MFSR: u32 = 595;
    pub const LSWI: u32 = 597;
    pub const SYNC: u32 = 598;
    pub const MFSRIN: u32 = 659;
    pub const STDBRX: u32 = 660;
    pub const STSWX: u32 = 661;
    pub const STWBRX: u32 = 662;
    pub const STBCX: u32 = 694;
    pub const STSWI: u32 = 725;
    pub const STHCX: u32 = 726;
    pub const DCBA: u32 = 758;
    pub const TLBIVAX: u32 = 786;
    pub const LHBRX: u32 = 790;
    pub const SRAW: u32 = 792;
    pub const SRAD: u32 = 794;
    pub const SRAWI: u32 = 824;
    /// sradi has the highest bit of its shift amount in the opcode's lowest place.
    pub const SRADI: u32 = 826;
    /// sradi with a shift of 32 or more.
    pub const SRADI_32: u32 = 827;
    pub const SLBMFEV: u32 = 851;
    pub const EIEIO: u32 = 854;
    pub const TLBSX: u32 = 914;
    pub const SLBMFEE: u32 = 915;
    pub const STHBRX: u32 = 918;
    pub const EXTSH: u32 = 922;
    pub const TLBRE: u32 = 946;
    pub const EXTSB: u32 = 954;
    pub const ICCCI: u32 = 966;
    pub const TLBWE: u32 = 978;
    pub const SLBFEE: u32 = 979;
    pub const ICBI: u32 = 982;
    pub const EXTSW: u32 = 986;
    pub const DCBZ: u32 = 1014;

    // Loads and stores of floating-point registers.
    pub const LFSX: u32 = 535;
    pub const LFSUX: u32 = 567;
    pub const LFDX: u32 = 599;
    pub const LFDUX: u32 = 631;
    pub const STFSX: u32 = 663;
    pub const STFSUX: u32 = 695;
    pub const STFDX: u32 = 727;
    pub const STFDUX: u32 = 759;
    pub const STFIWX: u32 = 983;
    // Loads and stores of vector registers.
    pub const LVSL: u32 = 6;
    pub const LVEBX: u32 = 7;
    pub const LVSR: u32 = 38;
    pub const LVEHX: u32 = 39;
    pub const LVEWX: u32 = 71;
    pub const LVX: u32 = 103;
    pub const STVEBX: u32 = 135;
    pub const STVEHX: u32 = 167;
    pub const STVEWX: u32 = 199;
    pub const STVX: u32 = 231;
    pub const LVXL: u32 = 359;
    pub const STVXL: u32 = 487;
    // Loads and stores of vector-scalar registers.
    pub const LXSIWZX: u32 = 12;
    pub const LXSIWAX: u32 = 76;
    pub const STXSIWX: u32 = 140;
    pub const LXVDSX: u32 = 332;
    pub const LXSSPX: u32 = 524;
    pub const LXSDX: u32 = 588;
    pub const STXSSPX: u32 = 652;
    pub const STXSDX: u32 = 716;
    pub const LXVW4X: u32 = 780;
    pub const LXVD2X: u32 = 844;
    pub const STXVW4X: u32 = 908;
    pub const STXVD2X: u32 = 972;

    /// isel: five bits only, the other five are the condition bit.
    pub const ISEL: u32 = 15;
    /// OE: the highest of the ten bits of XO-form instructions.
    pub const OE: u32 = 512;
    pub const SUBFCO: u32 = SUBFC | OE;
    pub const ADDCO: u32 = ADDC | OE;
    pub const SUBFO: u32 = SUBF | OE;
    pub const NEGO: u32 = NEG | OE;
    pub const SUBFEO: u32 = SUBFE | OE;
    pub const ADDEO: u32 = ADDE | OE;
    pub const SUBFZEO: u32 = SUBFZE | OE;
    pub const ADDZEO: u32 = ADDZE | OE;
    pub const SUBFMEO: u32 = SUBFME | OE;
    pub const ADDMEO: u32 = ADDME | OE;
    pub const MULLDO: u32 = MULLD | OE;
    pub const MULLWO: u32 = MULLW | OE;
    pub const ADDO: u32 = ADD | OE;
    pub const DIVDUO: u32 = DIVDU | OE;
    pub const DIVWUO: u32 = DIVWU | OE;
    pub const DIVDO: u32 = DIVD | OE;
    pub const DIVWO: u32 = DIVW | OE;
}
