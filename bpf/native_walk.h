/* What is the same however a stack is followed. A processor's `step.h` has `step`, which goes from one frame to its
 * caller and gives an end, or GO_ON. */
#pragma once
#include "counting.h"
#include "user_registers.h"

#define GO_ON 0xff

/* Where paths meet: what is known of values is forgotten and they are read again, so that the verifier follows the rest
 * once, and not once for each path. */
#define paths_meet() asm volatile("" ::: "memory")

static inline bool read_stack(u64 address, void *into, u32 size)
{
    return bpf_probe_read_user(into, size, (void *)address) == 0;
}

/* Of all frames but the first the byte before the address is in the code that runs: also of one that a signal has
 * interrupted at just this address. */
static inline void push_user_frame(struct stack_event *event, struct walk *walk)
{
    u32 index = event->kernel_frames + event->user_frames;
    event->frames[index & (FRAMES - 1)] = walk->pc + walk->interrupted;
    event->user_frames++;
    walk->interrupted = 0;
}

static inline void begin_walk(struct walk *walk, struct registers *registers, struct stack_event *event)
{
    by_dwarf_number(registers, walk->registers);
    walk->pc = program_counter(registers);
    walk->sp = walk->registers[DWARF_SP];
    walk->bp = walk->registers[DWARF_BP];
    walk->space = event->space;
    walk->mapping.start = walk->mapping.end = 0;
    walk->depth = 0;
    walk->interrupted = 0;
    walk->is_return_address = 0;
}
