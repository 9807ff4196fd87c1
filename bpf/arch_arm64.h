/* The one file that knows arm64: where user registers lie, and the numbers of its system calls. What struct pt_regs
 * begins with has been the same since there is eBPF (arch/arm64/include/asm/ptrace.h). */
#pragma once
#include "futex.h"

struct registers {
    u64 x[31], sp, pc, pstate;
    u64 first_argument;        /* of a system call, x[0] as it was */
    s32 system_call;           /* its number, -1 outside of one */
    u32 unused;
};

/* The numbers that CFI uses: DWARF for the Arm 64-bit Architecture. */
#define DWARF_BP 29
#define DWARF_LINK 30
#define DWARF_SP 31
static inline void by_dwarf_number(struct registers *from, u64 *to)
{
    __builtin_memcpy(to, from->x, sizeof(from->x));
    to[DWARF_SP] = from->sp;
}

static inline u64 program_counter(struct registers *registers)
{
    return registers->pc;
}

#define PROCESSOR_MODE 0x1f    /* 0 is user code of 64 bits */
static inline bool registers_are_of_user_code(struct registers *registers)
{
    return !(registers->pstate & PROCESSOR_MODE);
}

/* Whether a C library's id of a thread (pthread_self) goes with what its thread pointer is: the thread pointer is behind
 * what the library keeps of the thread, some 2 KB. */
#define BEFORE_THREAD_POINTER 4096
static inline bool is_thread_id(u64 id, u64 thread_pointer)
{
    return thread_pointer - id < BEFORE_THREAD_POINTER;
}

#define NO_DESCRIPTOR -1

/* The file descriptor that a thread in this system call waits for, as far as its first argument tells. Numbers are those
 * of include/uapi/asm-generic/unistd.h. */
static inline s32 waited_descriptor(struct registers *registers)
{
    s32 descriptor = NO_DESCRIPTOR;
    switch (registers->system_call) {
    case 63: case 64:            /* read, write */
    case 65: case 66: case 67: case 68:  /* readv, writev, pread64, pwrite64 */
    case 202: case 203: case 242:  /* accept, connect, accept4 */
    case 206: case 207: case 211: case 212:  /* sendto, recvfrom, sendmsg, recvmsg */
    case 243: case 269:          /* recvmmsg, sendmmsg */
        return registers->first_argument;
    case 73:                     /* ppoll: the first of those it polls */
        bpf_probe_read_user(&descriptor, sizeof(descriptor), (void *)registers->first_argument);
        return descriptor;
    }
    return NO_DESCRIPTOR;
}

#define FUTEX 98
static inline bool waits_on_futex(struct registers *registers, u32 *holder)
{
    *holder = 0;
    return registers->system_call == FUTEX
        && futex_wait(registers->first_argument, registers->x[1], registers->x[2], holder);
}
