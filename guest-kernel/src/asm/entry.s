# Where every platform begins that has a 32-bit kernel: supervisor state, interrupts off, big-endian; see the platforms for the rest.
        .section .head, "ax"
        .globl  _start
_start:
        # A 64-bit server CPU may start in 64-bit mode. 0x7fffffff + 1 is negative in 32-bit mode only.
        lis     10, 0x7fff
        ori     10, 10, 0xffff
        addic.  10, 10, 1
        blt     1f
        leave_64bit_mode
        # An image that lies elsewhere than it is linked for (link.ld, LOAD_OFFSET) moves itself there.
1:      bcl     20, 31, 2f
2:      mflr    12
        lis     11, 2b@ha
        addi    11, 11, 2b@l
        subf.   12, 11, 12
        beq     4f
        lis     11, __image_words@h
        ori     11, 11, __image_words@l
        mtctr   11
        lis     10, _start - 4@ha
        addi    10, 10, _start - 4@l
        add     11, 10, 12
3:      lwzu    0, 4(11)
        stwu    0, 4(10)
        dcbst   0, 10
        sync
        icbi    0, 10
        bdnz    3b
        sync
        isync
        lis     11, 4f@ha
        addi    11, 11, 4f@l
        mtctr   11
        bctr
4:      lis     10, __bss_start - 4@ha
        addi    10, 10, __bss_start - 4@l
        lis     11, __bss_words@h
        ori     11, 11, __bss_words@l   # not zero: the kernel has statics
        mtctr   11
        li      0, 0
5:      stwu    0, 4(10)
        bdnz    5b
        use_stack __stack_top, 0        # zero: end of the chain of stack frames
        bl      {boot}                  # r3-r7 as the firmware left them
