# Running a step's stub, and changing privilege between steps. See exec.rs for the whole way.

# fn(stub: u32) -> *const Frame: load every register from the step's inputs and enter the stub.
.macro step width
        .globl  exec_\width
exec_\width:
        save_context
        li      0, 1
        stw     0, {IN_STEP}(0)
        mtctr   3
        get     \width, 0, {INPUTS}+{LR}
        mtlr    0
        get_word 0, {INPUTS}+{CR}
        mtcr    0
        get_word 0, {INPUTS}+{XER}
        mtxer   0
        get_gprs \width, {INPUTS}
        bctr

# What STEP_RETURN branches to: the stub ran to its end.
        .globl  step_done_\width
step_done_\width:
        put_gprs \width, {STEP}
        mfcr    0
        put_word 0, {STEP}+{CR}
        mfxer   0
        put_word 0, {STEP}+{XER}
        mflr    0
        put     \width, 0, {STEP}+{LR}
        mfctr   0
        put     \width, 0, {STEP}+{CTR}
        li      0, 0
        put_word 0, {STEP}+{EXCEPTION}
        restore_context
        li      3, {STEP}
        blr

# The word to put at STEP_RETURN.
        .globl  step_return_\width
step_return_\width:
        ba      step_done_\width
.endm

        .text
.if {NATIVE} == 4
        step    32
.endif
        step    64

# fn(): go on in problem state. Between SRR0, SRR1 and the return no interrupt may come, which would leave its own there.
.macro enter_user return, suffix, mtmsr:vararg
        .globl  enter_user_\suffix
enter_user_\suffix:
        mfmsr   3
        put_native 3, {SUPERVISOR_MSR}
        rlwinm  4, 3, 0, {MSR_EE_BIT}+1, {MSR_EE_BIT}-1
        \mtmsr
        ori     3, 3, {MSR_PR}
        li      4, {MSR_PR}
        stw     4, {USER}(0)
        mflr    4
        mtspr   {SRR0}, 4
        mtspr   {SRR1}, 3
        \return
.endm
.if {NATIVE} == 4
        enter_user rfi, 32, mtmsr 4
.endif
        enter_user rfid, book3s64, mtmsrd 4, 1

# fn() -> ignored: go on in supervisor state. The handler of the system call returns to our caller.
        .globl  leave_user
leave_user:
        save_context
        li      0, 1
        stw     0, {LEAVING_USER}(0)
        sc
