# Interrupt handlers. The vectors (vectors.rs) are copies of the three-word templates here: they save r31, put the number
# of the exception there, and branch to the handler for their class. No SPRG is used; all saving is to absolute
# addresses, whatever the registers hold.
#
#   flavour    families                 widths  return
#   booke32    e500v2, e500mc, 44x      32      rfi
#   booke64    e5500, e6500             64      rfi
#   book3s32   750, 74xx                32      rfi
#   book3s64   970, POWER8 and later    64      rfid

# The mode of the kernel's functions, in a handler: interrupts are taken in 64-bit mode and in the byte order of the kernel's.
.macro own_mode flavour
        .ifc    \flavour, book3s64
        .if     {NATIVE} == 4
        leave_64bit_mode
        .endif
        .endif
.endm

# Saves the interrupted state into a frame; leaves SRR1 in r4.
.macro enter width, frame, srr0, srr1, syndrome, dar
        put_gprs_but_r31 \width, \frame
        put_word 31, \frame+{EXCEPTION}
        mfcr    3
        put_word 3, \frame+{CR}
        mfxer   3
        put_word 3, \frame+{XER}
        mflr    3
        put     \width, 3, \frame+{LR}
        mfctr   3
        put     \width, 3, \frame+{CTR}
        mfspr   3, \srr0
        put     \width, 3, \frame+{AT_SRR0}
        mfspr   4, \srr1
        put     \width, 4, \frame+{AT_SRR1}
        mfspr   3, \syndrome
        put_word 3, \frame+{SYNDROME}
        mfspr   3, \dar
        put     \width, 3, \frame+{DAR}
.endm

# Puts back what `enter` saved and resumes the interrupted code.
.macro leave width, frame, srr0, srr1, return
        get_word 3, \frame+{CR}
        mtcr    3
        get_word 3, \frame+{XER}
        mtxer   3
        get     \width, 3, \frame+{LR}
        mtlr    3
        get     \width, 3, \frame+{CTR}
        mtctr   3
        get     \width, 3, \frame+{AT_SRR0}
        mtspr   \srr0, 3
        get     \width, 3, \frame+{AT_SRR1}
        mtspr   \srr1, 3
        get_gprs \width, \frame
        \return
.endm

.macro vector name, flavour, width, frame
        .globl  vector_\name\()_\flavour
vector_\name\()_\flavour:
        put_r31 \width, \frame
        li      31, 0                   # the exception's number: vectors.rs fills it in
        ba      \name\()_\flavour
.endm

# The interrupt belongs to the instruction at hand: it ends the step, or it is `leave_user`, or the kernel has gone astray.
# keep_ce: an interrupt of the base class on BookE leaves MSR[CE] as it is, so it need not come from SRR1, where QEMU has
# the reason "trap" of the server families in its place.
.macro synchronous name, flavour, width, frame, srr0, srr1, syndrome, dar, keep_ce=0
        vector  \name, \flavour, \width, \frame
\name\()_\flavour:
        enter   \width, \frame, \srr0, \srr1, \syndrome, \dar
        .if     \keep_ce
        rlwinm. 3, 4, 0, {MSR_CE_BIT}, {MSR_CE_BIT}
        beq     9f                      # off in either: under a hypervisor mfmsr is an exit
        mfmsr   3
        rlwimi  4, 3, 0, {MSR_CE_BIT}, {MSR_CE_BIT}
9:
        .endif
        li      3, \frame
        b       settle_\flavour
.endm

# The interrupt comes from outside: note it, silence its source, go on.
.macro asynchronous name, flavour, width, frame, srr0, srr1, syndrome, dar, stack, return
        vector  \name, \flavour, \width, \frame
\name\()_\flavour:
        enter   \width, \frame, \srr0, \srr1, \syndrome, \dar
        own_mode \flavour
        li      3, \frame
        use_stack \stack, 3
        bl      {asynchronous_interrupt}
        leave   \width, \frame, \srr0, \srr1, \return
.endm

# r3 = frame, r4 = SRR1.
.macro settle flavour, mtmsr, return, booke=0
settle_\flavour:
        lwz     5, {IN_STEP}(0)
        cmpwi   5, 0
        beq     1f
        # Go on with the interrupted machine state, less what must not outlive a step, in the interpreter's privilege.
        lwz     5, {RESUME_MASK}(0)
        and     4, 4, 5
        .if     {NATIVE} == 8
        li      5, 1
        rldimi  4, 5, 63, 0             # SF
        ori     4, 4, {MSR_ORDER}
        .endif
        lwz     5, {USER}(0)
        or      4, 4, 5
        b       3f
1:      lwz     5, {LEAVING_USER}(0)
        cmpwi   5, 0
        beq     2f
        cmpwi   31, {SYSTEM_CALL}
        bne     2f
        li      5, 0
        stw     5, {LEAVING_USER}(0)
        stw     5, {USER}(0)
        get_native 4, {SUPERVISOR_MSR}
        b       3f
2:      own_mode \flavour
        use_stack __interrupt_stack_top, 3
        bl      {stray_interrupt}
3:
        .if     \booke
        # Of MSR an interrupt of the base class changes nothing where only ME was on: it leaves ME, CE and DE and clears the rest
        # (EREF, "Interrupt processing"). And SRR1 is what it set. To write either is an exit under a hypervisor.
        cmplwi  3, {STEP}
        bne     5f
        get_word 5, {STEP}+{AT_SRR1}
        lis     6, {MSR_CE_DE}@h
        ori     6, 6, {MSR_CE_DE}@l
        and     6, 6, 5
        or      6, 6, 4
        cmplwi  6, {MSR_ME}
        beq     7f
        cmplw   5, 4
        beq     8f
        .endif
5:      andi.   0, 4, {MSR_PR}
        bne     4f
        # Back to supervisor state without touching SRR0 and SRR1: a script may look at what the interrupt left there.
        restore_context
        \mtmsr  4
        isync
        blr
4:      restore_context
        address 5, finish_\flavour
        mtspr   {SRR0}, 5
        mtspr   {SRR1}, 4
        \return
        .if     \booke
7:      restore_context
        blr
8:      andi.   0, 4, {MSR_PR}
        beq     5b
        restore_context
        address 5, finish_\flavour
        mtspr   {SRR0}, 5
        \return
        .endif
finish_\flavour:
        blr
.endm

.macro booke flavour, width
        settle  \flavour, mtmsr, rfi, 1
        synchronous  step, \flavour, \width, {STEP}, {SRR0}, {SRR1}, {ESR}, {DEAR}, 1
        asynchronous interrupt, \flavour, \width, {INTERRUPT}, {SRR0}, {SRR1}, {ESR}, {DEAR}, __interrupt_stack_top, rfi
        synchronous  debug, \flavour, \width, {CRITICAL}, {CSRR0}, {CSRR1}, {ESR}, {DEAR}
        synchronous  debug_dsrr, \flavour, \width, {CRITICAL}, {DSRR0}, {DSRR1}, {ESR}, {DEAR}
        asynchronous critical, \flavour, \width, {CRITICAL}, {CSRR0}, {CSRR1}, {ESR}, {DEAR}, __critical_stack_top, rfci
        synchronous  machine_check, \flavour, \width, {MACHINE_CHECK}, {MCSRR0}, {MCSRR1}, {ESR}, {DEAR}
.endm

.macro book3s flavour, width, mtmsr, return
        settle  \flavour, \mtmsr, \return
        synchronous  step, \flavour, \width, {STEP}, {SRR0}, {SRR1}, {DSISR}, {DAR_SPR}
        asynchronous interrupt, \flavour, \width, {INTERRUPT}, {SRR0}, {SRR1}, {DSISR}, {DAR_SPR}, __interrupt_stack_top, \return
        synchronous  machine_check, \flavour, \width, {MACHINE_CHECK}, {SRR0}, {SRR1}, {DSISR}, {DAR_SPR}
.endm

        .text
        # A 64-bit kernel is for 64-bit server CPUs alone.
.if {NATIVE} == 4
        booke   booke32, 32
        booke   booke64, 64
        book3s  book3s32, 32, mtmsr, rfi
.endif
        book3s  book3s64, 64, mtmsrd, rfid
