# Helpers for the assembler files beside this one. `width` is 32 or 64: how much of a register is saved. Everything in
# the save area is a doubleword; a 32-bit CPU uses its low (second) word and leaves the other zero.

.macro put width, reg, at               # save area[at] = reg
.if \width == 64
        std     \reg, \at(0)
.else
        stw     \reg, \at+4(0)
.endif
.endm

.macro get width, reg, at               # reg = save area[at]
.if \width == 64
        ld      \reg, \at(0)
.else
        lwz     \reg, \at+4(0)
.endif
.endm

.macro put_r0_to_r30 width, frame
.irp reg, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
        put     \width, \reg, \frame+8*\reg
.endr
.endm

.macro get_r0_to_r31 width, frame
.irp reg, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        get     \width, \reg, \frame+8*\reg
.endr
.endm

# The registers a called function must preserve (Power ABI 1.0, section 2.3), where the kernel goes on after a step.
.macro save_context
        mflr    0
        stw     0, {CONTEXT_LR}(0)
        mfcr    0
        stw     0, {CONTEXT_CR}(0)
.irp reg, 1,2,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        stw     \reg, {CONTEXT_GPR}+4*\reg(0)
.endr
.endm

.macro restore_context                  # changes r0 besides
        lwz     0, {CONTEXT_LR}(0)
        mtlr    0
        lwz     0, {CONTEXT_CR}(0)
        mtcr    0
.irp reg, 1,2,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        lwz     \reg, {CONTEXT_GPR}+4*\reg(0)
.endr
        li      0, 0
        stw     0, {IN_STEP}(0)
.endm

# 64-bit mode off: a Book3S-64 CPU takes interrupts in 64-bit mode, and this kernel is 32-bit code.
.macro leave_64bit_mode
        mfmsr   0
        clrldi  0, 0, 1
        mtmsrd  0
        isync
.endm
