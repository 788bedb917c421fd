# Where every platform begins that has a 64-bit kernel: supervisor state, interrupts off, big-endian; see the platforms for
# the rest. Word size and byte order are not the kernel's yet.

# A word that runs in big-endian mode whatever the kernel's byte order is.
.macro big_endian word
.if {MSR_ORDER}
        .4byte  ((\word >> 24) & 0xff) | ((\word >> 8) & 0xff00) | ((\word & 0xff00) << 8) | ((\word & 0xff) << 24)
.else
        .4byte  \word
.endif
.endm

# From big-endian code of either word size to the kernel's mode. Changes r10, r11, LR, SRR0, SRR1.
.macro enter_own_mode
        big_endian 0x7d6000a6           # mfmsr   11
        big_endian 0x39400001           # li      10, 1
        big_endian 0x794bf80e           # rldimi  11, 10, 63, 0         SF
.if {MSR_ORDER}
        big_endian 0x616b0001           # ori     11, 11, 1             LE
.else
        big_endian 0x60000000           # nop
.endif
        big_endian 0x429f0005           # bcl     20, 31, .+4
        big_endian 0x7d4802a6           # mflr    10
        big_endian 0x394a0014           # addi    10, 10, 20            after the rfid
        big_endian 0x7d5a03a6           # mtsrr0  10
        big_endian 0x7d7b03a6           # mtsrr1  11
        big_endian 0x4c000024           # rfid
.endm

        .section .head, "ax"
        .globl  _start
_start:
        enter_own_mode
        address 10, __bss_start - 4
        lis     11, __bss_words@h
        ori     11, 11, __bss_words@l   # not zero: the kernel has statics
        mtctr   11
        li      0, 0
1:      stwu    0, 4(10)
        bdnz    1b
        use_stack __stack_top, 0        # zero: end of the chain of stack frames
        bl      {boot}                  # r3-r7 as the firmware left them

        .text
# fn(r3, function in r4) -> r3: calls function(r3) of a firmware, which is 32-bit big-endian code and runs with translation
# and external interrupts off (IEEE 1275 PowerPC binding, section 8.2.1). Such code keeps the lower halves of registers
# only, so ours are in memory meanwhile.
        .globl  call_firmware
call_firmware:
        save_context
        mfmsr   5
        put_native 5, CONTEXT_MSR
        li      6, 0
        ori     6, 6, MSR_FIRMWARE_OFF
        andc    5, 5, 6
        clrldi  5, 5, 1                 # SF
        address 6, 1f
        mtlr    6
        mtspr   {SRR0}, 4
        mtspr   {SRR1}, 5
        rfid
1:      enter_own_mode
        get_native 5, CONTEXT_MSR
        mtmsrd  5
        isync
        restore_context
        extsw   3, 3
        blr
