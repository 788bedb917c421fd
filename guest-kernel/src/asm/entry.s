# Where every platform begins: supervisor state, interrupts off, big-endian; see the platforms for the rest.
        .section .head, "ax"
        .globl  _start
_start:
        # A 64-bit server CPU may start in 64-bit mode. 0x7fffffff + 1 is negative in 32-bit mode only.
        lis     10, 0x7fff
        ori     10, 10, 0xffff
        addic.  10, 10, 1
        blt     1f
        leave_64bit_mode
1:      lis     10, __bss_start - 4@ha
        addi    10, 10, __bss_start - 4@l
        lis     11, __bss_words@h
        ori     11, 11, __bss_words@l   # not zero: the kernel has statics
        mtctr   11
        li      0, 0
2:      stwu    0, 4(10)
        bdnz    2b
        lis     1, __stack_top@ha
        addi    1, 1, __stack_top@l
        stwu    0, -16(1)               # end of the chain of stack frames
        bl      {boot}                  # r3-r7 as the firmware left them

        .section .stacks, "aw", @nobits
        .balign 16
        .space  {STACK}
__stack_top:
        .space  {STACK}
__interrupt_stack_top:
        .space  {STACK}
__critical_stack_top:
        .text
