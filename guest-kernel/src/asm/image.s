# What is in the image apart from code: the stacks.
        .globl  __stack_top, __interrupt_stack_top, __critical_stack_top
        .section .stacks, "aw", @nobits
        .balign 4096                    # the page that a stack begins with is its own
        .space  {STACK}
__stack_top:
        .space  {STACK}
__interrupt_stack_top:
        .space  {STACK}
__critical_stack_top:
        .text

# For link.ld, which cannot see sprig_wire::layout.
        .globl  sprig_image_base, sprig_image_end
        .set    sprig_image_base, {IMAGE_BASE}
        .set    sprig_image_end, {IMAGE_END}
