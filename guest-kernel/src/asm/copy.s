# memcpy and memset of a 32-bit kernel.
#
# A guest copies code before each case and a log after it, more than all else it moves. The compiler's own routines take five and three
# instructions a word. Eight words at once by lmw and stmw are five, by stmw alone three.

.if {NATIVE} == 4
# r3 to, r4 from, r5 bytes; returns r3.
        .globl memcpy
        .type memcpy, @function
memcpy:
        or      0, 3, 4
        or      0, 0, 5
        andi.   0, 0, 3
        mr      6, 3
        bne     .Lbytes
        srwi.   7, 5, 5
        beq     .Lwords
        stwu    1, -48(1)
        stmw    24, 16(1)
        mtctr   7
1:      lmw     24, 0(4)
        addi    4, 4, 32
        stmw    24, 0(6)
        addi    6, 6, 32
        bdnz    1b
        lmw     24, 16(1)
        addi    1, 1, 48
.Lwords:
        rlwinm. 7, 5, 30, 29, 31
        beqlr
        mtctr   7
        addi    4, 4, -4
        addi    6, 6, -4
2:      lwzu    0, 4(4)
        stwu    0, 4(6)
        bdnz    2b
        blr
.Lbytes:
        cmpwi   5, 0
        beqlr
        mtctr   5
        addi    4, 4, -1
        addi    6, 6, -1
3:      lbzu    0, 1(4)
        stbu    0, 1(6)
        bdnz    3b
        blr
        .size memcpy, . - memcpy

# r3 to, r4 byte, r5 bytes; returns r3.
        .globl memset
        .type memset, @function
memset:
        andi.   0, 3, 3
        mr      6, 3
        bne     .Lset_bytes
        srwi.   7, 5, 2
        beq     .Lset_bytes
        rlwimi  4, 4, 8, 16, 23
        rlwimi  4, 4, 16, 0, 15
        srwi.   7, 5, 5
        beq     .Lset_words
        stwu    1, -48(1)
        stmw    24, 16(1)
        .irp    word, 24, 25, 26, 27, 28, 29, 30, 31
        mr      \word, 4
        .endr
        mtctr   7
1:      stmw    24, 0(6)
        addi    6, 6, 32
        bdnz    1b
        lmw     24, 16(1)
        addi    1, 1, 48
.Lset_words:
        rlwinm. 7, 5, 30, 29, 31
        beq     .Lset_rest
        mtctr   7
        addi    6, 6, -4
2:      stwu    4, 4(6)
        bdnz    2b
        addi    6, 6, 4
.Lset_rest:
        clrlwi  5, 5, 30
.Lset_bytes:
        cmpwi   5, 0
        beqlr
        mtctr   5
        addi    6, 6, -1
3:      stbu    4, 1(6)
        bdnz    3b
        blr
        .size memset, . - memset
.endif
