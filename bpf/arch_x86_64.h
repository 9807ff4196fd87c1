/* The one file that knows the processor: where user registers lie. struct pt_regs is part of the kernel's ABI
 * (arch/x86/include/uapi/asm/ptrace.h). */
#pragma once

struct registers {
    u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

/* The numbers that CFI uses: System V ABI for AMD64, figure 3.36. */
#define DWARF_BP 6
#define DWARF_SP 7
static inline void by_dwarf_number(struct registers *from, u64 *to)
{
    to[0] = from->ax;
    to[1] = from->dx;
    to[2] = from->cx;
    to[3] = from->bx;
    to[4] = from->si;
    to[5] = from->di;
    to[6] = from->bp;
    to[7] = from->sp;
    to[8] = from->r8;
    to[9] = from->r9;
    to[10] = from->r10;
    to[11] = from->r11;
    to[12] = from->r12;
    to[13] = from->r13;
    to[14] = from->r14;
    to[15] = from->r15;
}

static inline bool registers_are_of_user_code(struct registers *registers)
{
    return (registers->cs & 3) == 3;
}

#define NO_DESCRIPTOR -1

/* The file descriptor that a thread in this system call waits for, as far as its first argument tells. Numbers are those
 * of arch/x86/entry/syscalls/syscall_64.tbl. */
static inline s32 waited_descriptor(struct registers *registers)
{
    s32 descriptor = NO_DESCRIPTOR;
    switch (registers->orig_ax) {
    case 0: case 1:              /* read, write */
    case 17: case 18: case 19: case 20:  /* pread64, pwrite64, readv, writev */
    case 42: case 43: case 288:  /* connect, accept, accept4 */
    case 44: case 45: case 46: case 47:  /* sendto, recvfrom, sendmsg, recvmsg */
    case 299: case 307:          /* recvmmsg, sendmmsg */
        return registers->di;
    case 7: case 271:            /* poll, ppoll: the first of those it polls */
        bpf_probe_read_user(&descriptor, sizeof(descriptor), (void *)registers->di);
        return descriptor;
    }
    return NO_DESCRIPTOR;
}

#define FUTEX 202
#define FUTEX_COMMANDS 0x7f
#define FUTEX_OWNER 0x3fffffff
#define CONTENDED 2

/* Whether this system call waits on a futex, and in `holder` who holds the mutex that it is, as far as that can be seen:
 * a mutex with priority inheritance has its owner in the word (futex(2)), one of glibc's two words further on
 * (sysdeps/nptl/bits/struct_mutex.h). Whoever reads it has to look whether such a thread exists. */
static inline bool waits_on_futex(struct registers *registers, u32 *holder)
{
    u32 words[4] = {};
    *holder = 0;
    if (registers->orig_ax != FUTEX)
        return false;
    bpf_probe_read_user(words, sizeof(words), (void *)registers->di);
    switch (registers->si & FUTEX_COMMANDS) {
    case 0: case 9:              /* WAIT, WAIT_BITSET */
        if (words[0] == CONTENDED && (u32)registers->dx == CONTENDED)
            *holder = words[2];
        return true;
    case 6: case 13:             /* LOCK_PI, LOCK_PI2 */
        *holder = words[0] & FUTEX_OWNER;
        return true;
    case 11:                     /* WAIT_REQUEUE_PI */
        return true;
    }
    return false;
}
