/* The one file that knows x86-64: where user registers lie, and the numbers of its system calls. struct pt_regs is part
 * of the kernel's ABI (arch/x86/include/uapi/asm/ptrace.h). */
#pragma once
#include "futex.h"

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

static inline u64 program_counter(struct registers *registers)
{
    return registers->ip;
}

static inline bool registers_are_of_user_code(struct registers *registers)
{
    return (registers->cs & 3) == 3;
}

/* Whether a C library's id of a thread (pthread_self) goes with what its thread pointer is. */
static inline bool is_thread_id(u64 id, u64 thread_pointer)
{
    return id == thread_pointer;
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
static inline bool waits_on_futex(struct registers *registers, u32 *holder)
{
    *holder = 0;
    return registers->orig_ax == FUTEX && futex_wait(registers->di, registers->si, registers->dx, holder);
}
