# Helpers for the other assembler files. `width` is 32 or 64: how much of a register is saved. Everything in
# the save area is a doubleword; a 32-bit CPU uses its low word (LOW_WORD bytes on, by the byte order) and leaves the
# other zero. NATIVE is the size of the kernel's own registers, bytes: 4 or 8.

# For calls of a firmware (entry64.s): where our MSR is meanwhile, and the bits of it that are off then.
        .set    CONTEXT_MSR, {CONTEXT_MSR}
        .set    MSR_FIRMWARE_OFF, {MSR_FIRMWARE_OFF}

.macro put_word reg, at                 # save area[at] = reg, the low word
        stw     \reg, \at+{LOW_WORD}(0)
.endm

.macro get_word reg, at                 # reg = save area[at], the low word
        lwz     \reg, \at+{LOW_WORD}(0)
.endm

.macro put width, reg, at               # save area[at] = reg
.if \width == 64
        std     \reg, \at(0)
.else
        put_word \reg, \at
.endif
.endm

.macro get width, reg, at               # reg = save area[at]
.if \width == 64
        ld      \reg, \at(0)
.else
        get_word \reg, \at
.endif
.endm

# The general registers of a frame, of which a 32-bit CPU has words one after the other (save::Registers).
.macro put_gprs width, frame
.if \width == 64
.irp reg, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        std     \reg, \frame+8*\reg(0)
.endr
.else
        stmw    0, \frame(0)
.endif
.endm

# r31 before the others, in the place where a 64-bit CPU has it: a 32-bit CPU's registers do not reach so far.
.macro put_r31 width, frame
        put     \width, 31, \frame+8*31
.endm

# The others after it. Changes r3.
.macro put_gprs_but_r31 width, frame
.if \width == 64
.irp reg, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
        std     \reg, \frame+8*\reg(0)
.endr
.else
        stmw    0, \frame(0)
        get_word 3, \frame+8*31
        stw     3, \frame+4*31(0)
.endif
.endm

.macro get_gprs width, frame
.if \width == 64
.irp reg, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        ld      \reg, \frame+8*\reg(0)
.endr
.else
        # r0 as base and target at once is an invalid form (Power ISA Book I, "Load Multiple Word").
        lwz     0, \frame(0)
        lmw     1, \frame+4(0)
.endif
.endm

.macro put_native reg, at               # save area[at] = reg, as wide as the kernel's registers
.if {NATIVE} == 8
        std     \reg, \at(0)
.else
        stw     \reg, \at(0)
.endif
.endm

.macro get_native reg, at               # reg = save area[at], the same
.if {NATIVE} == 8
        ld      \reg, \at(0)
.else
        lwz     \reg, \at(0)
.endif
.endm

# The address of something in the image, which lies in the first 2 GiB.
.macro address reg, symbol
        lis     \reg, \symbol@ha
        addi    \reg, \reg, \symbol@l
.endm

# A stack for a function of the kernel's, with a first frame whose back chain is `chain`; 64-bit functions find their
# table of contents by r2 (64-bit ELFv2 ABI 1.4, sections 2.2.3 and 2.3.2).
.macro use_stack top, chain
        address 1, \top
.if {NATIVE} == 8
        address 2, .TOC.
        stdu    \chain, -32(1)
.else
        stwu    \chain, -16(1)
.endif
.endm

# The registers a called function must preserve (Power ABI 1.0, section 2.3; 64-bit ELFv2 ABI 1.4, section 2.2.2), where the
# kernel goes on after a step.
.macro save_context
        mflr    0
        put_native 0, {CONTEXT_LR}
        mfcr    0
        put_native 0, {CONTEXT_CR}
        put_native 1, {CONTEXT_GPR}+{NATIVE}*1
        put_native 2, {CONTEXT_GPR}+{NATIVE}*2
.if {NATIVE} == 8
.irp reg, 13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        put_native \reg, {CONTEXT_GPR}+{NATIVE}*\reg
.endr
.else
        stmw    13, {CONTEXT_GPR}+{NATIVE}*13(0)
.endif
.endm

.macro restore_context                  # changes r0 too
        get_native 0, {CONTEXT_LR}
        mtlr    0
        get_native 0, {CONTEXT_CR}
        mtcr    0
        get_native 1, {CONTEXT_GPR}+{NATIVE}*1
        get_native 2, {CONTEXT_GPR}+{NATIVE}*2
.if {NATIVE} == 8
.irp reg, 13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        get_native \reg, {CONTEXT_GPR}+{NATIVE}*\reg
.endr
.else
        lmw     13, {CONTEXT_GPR}+{NATIVE}*13(0)
.endif
        li      0, 0
        stw     0, {IN_STEP}(0)
.endm

# 64-bit mode off in a 32-bit kernel: a Book3S-64 CPU takes interrupts in 64-bit mode.
.macro leave_64bit_mode
        mfmsr   0
        clrldi  0, 0, 1
        mtmsrd  0
        isync
.endm
