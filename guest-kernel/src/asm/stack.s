# fn(r3, function in r4, stack in r5) -> r3: calls function(r3) with that stack.
        .text
        .globl  call_on_stack
call_on_stack:
        mflr    0
        stw     0, 4(1)
        stw     1, 0(5)                 # back chain from the new stack to the old one
        mr      1, 5
        mtctr   4
        bctrl                           # leaves its return address at 4(1)
        lwz     1, 0(1)
        lwz     0, 4(1)
        mtlr    0
        blr
