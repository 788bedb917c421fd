# The first process of a host on which somebody runs the VMM by hand: starts what the kernel's command line has after `--`, in
# the folder /export, waits for it, tells how it ended, and restarts the machine. A program of PowerPC Linux without libc; numbers of
# system calls from arch/powerpc/kernel/syscalls/syscall.tbl.
#
#   0(r31) argc   4(r31) argv[0]   8(r31) argv[1] ...

        .equ    FORK, 2
        .equ    WRITE, 4
        .equ    EXECVE, 11
        .equ    CHDIR, 12
        .equ    REBOOT, 88
        .equ    WAIT4, 114
        .equ    EXIT_GROUP, 234

        .equ    STDOUT, 1
        .equ    NOT_STARTED, 127
        # include/uapi/linux/reboot.h
        .equ    MAGIC1, 0xfee1dead
        .equ    MAGIC2, 0x28121969
        .equ    RESTART, 0x01234567

        .globl  _start
_start: mr      31, 1
        li      0, CHDIR
        lis     3, folder@ha
        addi    3, 3, folder@l
        sc
        li      0, FORK
        sc
        cmpwi   3, 0
        bne     parent

        li      0, EXECVE
        lwz     3, 8(31)
        addi    4, 31, 8
        li      5, 0
        sc
        li      0, EXIT_GROUP
        li      3, NOT_STARTED
        sc

parent: li      0, WAIT4
        li      3, -1
        lis     30, status@ha
        addi    4, 30, status@l
        li      5, 0
        li      6, 0
        sc
        # WEXITSTATUS: bits 8 to 15 counted from the low end.
        lwz     4, status@l(30)
        rlwinm  4, 4, 24, 24, 31
        addi    4, 4, '0'
        lis     3, digit@ha
        stb     4, digit@l(3)
        li      0, WRITE
        li      3, STDOUT
        lis     4, words@ha
        addi    4, 4, words@l
        li      5, end - words
        sc
        li      0, REBOOT
        lis     3, MAGIC1@h
        ori     3, 3, MAGIC1@l
        lis     4, MAGIC2@h
        ori     4, 4, MAGIC2@l
        lis     5, RESTART@h
        ori     5, 5, RESTART@l
        sc
        b       .

        .data
folder: .asciz  "/export"
words:  .ascii  "launcher: it ended with status "
digit:  .ascii  "?\n"
end:
        .balign 4
status: .long   -1
