/* The one file that knows the processor: where user registers lie. struct pt_regs is part of the kernel's ABI
 * (arch/x86/include/uapi/asm/ptrace.h). */
#pragma once

struct registers {
    u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

static inline bool registers_are_of_user_code(struct registers *registers)
{
    return (registers->cs & 3) == 3;
}
