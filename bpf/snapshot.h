/* Sending a sample for user space to finish. */
#pragma once
#include "arch.h"
#include "counting.h"

static inline u32 copy_stack(struct snapshot *snapshot, u64 from)
{
    u32 copied = 0;
    /* The first chunk ends at a border of memory pages, so that each later one is readable as a whole or not at all. */
    u32 first = SNAPSHOT_CHUNK - (from & (SNAPSHOT_CHUNK - 1));
    if (bpf_probe_read_user(snapshot->stack, first & (SNAPSHOT_CHUNK - 1), (void *)from) && first != SNAPSHOT_CHUNK)
        return 0;
    copied = first & (SNAPSHOT_CHUNK - 1);
#pragma clang loop unroll(disable)
    for (int chunk = 0; chunk < SNAPSHOT_STACK / SNAPSHOT_CHUNK - 1; chunk++) {
        if (copied > SNAPSHOT_STACK - SNAPSHOT_CHUNK)
            break;
        if (bpf_probe_read_user(snapshot->stack + copied, SNAPSHOT_CHUNK, (void *)(from + copied)))
            break;
        copied += SNAPSHOT_CHUNK;
    }
    return copied;
}

static inline void copy_frames(struct snapshot *snapshot, struct stack_event *event)
{
    u32 bytes = (event->kernel_frames + event->user_frames + event->python_frames) * sizeof(u64);
    if (bytes > sizeof(snapshot->frames))
        bytes = sizeof(snapshot->frames);
    bpf_probe_read_kernel(snapshot->frames, bytes, event->frames);
    snapshot->kernel_frames = event->kernel_frames;
    snapshot->python_start = event->kernel_frames + event->user_frames;
    snapshot->python_frames = event->python_frames;
    snapshot->end = event->end;
    snapshot->python_end = event->python_end;
    snapshot->space = event->space;
    snapshot->image = event->image;
    snapshot->python_identity = event->python_identity;
    __builtin_memcpy(snapshot->task, event->task, sizeof(snapshot->task));
}

/* Gives 0, or how the stack ends since it was not sent. */
static inline u32 send_snapshot(struct scratch *scratch)
{
    struct walk *walk = &scratch->walk;
    struct stack_event *event = &scratch->event;
    u32 cpu = bpf_get_smp_processor_id();
    struct snapshot *snapshot = snapshot_room.lookup(&cpu);
    if (!snapshot || event->kernel_frames + event->user_frames + event->python_frames > SNAPSHOT_FRAMES)
        return END_SNAPSHOT_LOST;
    snapshot->key = scratch->key;
    snapshot->pc = walk->pc;
    snapshot->sp = walk->sp;
    snapshot->bp = walk->bp;
    /* The frame at pc was pushed before its row was looked for. */
    snapshot->depth = event->user_frames ? event->user_frames - 1 : 0;
    snapshot->is_return_address = walk->is_return_address;
    if (event->end != END_MISSING_PAGE && event->user_frames) {
        /* Other code may lie where some was known: from the leaf, by what is found mapped now. */
        snapshot->pc = event->frames[event->kernel_frames & (FRAMES - 1)];
        snapshot->sp = walk->registers[DWARF_SP];
        snapshot->bp = walk->registers[DWARF_BP];
        snapshot->depth = snapshot->is_return_address = 0;
    }
    bpf_probe_read_kernel(snapshot->registers, sizeof(snapshot->registers), walk->registers);
    copy_frames(snapshot, event);
    u32 size = snapshot->stack_bytes = copy_stack(snapshot, snapshot->sp);
    size += offsetof(struct snapshot, stack);
    if (size > sizeof(*snapshot))
        size = sizeof(*snapshot);
    /* A full ring is a reader that does not keep up. */
    return snapshots.ringbuf_output(snapshot, size, BPF_RB_FORCE_WAKEUP) ? END_RATE_LIMITED : 0;
}
