/* Counting a stack, and sending it when it is new. */
#pragma once
#include "counting.h"
#include "task.h"

static inline u32 frame_count(struct stack_event *event)
{
    u32 frames = event->kernel_frames + event->user_frames + event->python_frames;
    return frames < FRAMES ? frames : FRAMES - 1;
}

static inline u64 hash_stack(struct stack_event *event)
{
    u64 counts = event->kernel_frames | ((u64)event->python_frames << 16);
    u64 hash = mix(event->space, ((u64)event->python_end << 40) | ((u64)event->end << 32) | counts);
    hash = mix(hash, event->python_identity);
#pragma unroll
    for (u32 word = 0; word < PYTHON_TASK / 8; word++)
        if (event->task[0])
            hash = mix(hash, event->task[word]);
    u32 frames = frame_count(event);
#pragma clang loop unroll(disable)
    for (u32 index = 0; index < FRAMES; index++) {
        keep_bound(index);
        if (index >= frames)
            break;
        hash = mix(hash, event->frames[index]);
    }
    return hash;
}

/* About how much the collector has yet to read, this stack included: it sets the sum back when it has read. */
static inline u64 bytes_unread(u32 size)
{
    u32 zero = 0;
    u64 *bytes = unread.lookup(&zero);
    if (!bytes)
        return 0;
    __sync_fetch_and_add(bytes, size);
    return *bytes;
}

/* Sends a stack. The collector is woken for the first of an address space, whose mappings it should read while it
 * lives, for Python, whose code may be gone soon, and when the ring fills up; else it looks when it is time. */
static inline long send(struct stack_event *event, struct settings *settings)
{
    u64 space = event->space, never = 0;
    event->first = spaces.lookup(&space) == NULL;
    u32 size = offsetof(struct stack_event, frames) + frame_count(event) * sizeof(u64);
    if (size > sizeof(*event))
        size = sizeof(*event);
    bool wake = event->first || event->python_frames || bytes_unread(size) > settings->wake_bytes;
    u64 flags = wake ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
    long failed = stacks.ringbuf_output(event, size, flags);
    if (!failed && event->first)
        spaces.update(&space, &never);
    return failed;
}

/* Makes sure that the collector knows the stack; gives its id, 0 when it could not be told. */
static inline u64 tell_stack(struct scratch *scratch, struct settings *settings)
{
    u64 stack = scratch->event.stack = mix(hash_stack(&scratch->event), scratch->walk.binaries);
    u8 one = 1;
    if (!sent.lookup(&stack)) {
        if (send(&scratch->event, settings))
            return 0;
        sent.update(&stack, &one);
    }
    return stack;
}

static inline void emit_sample(struct scratch *scratch, struct settings *settings)
{
    struct count_key *key = &scratch->key;
    u64 zero = 0;
    key->stack = tell_stack(scratch, settings);
    if (!key->stack) {
        count(LOST_RING_FULL, key->epoch);
        return;
    }
    u64 *samples = counts.lookup_or_try_init(key, &zero);
    if (!samples) {
        count(LOST_COUNTS_FULL, key->epoch);
        return;
    }
    __sync_fetch_and_add(samples, 1);
    count(COUNT_TAKEN, key->epoch);
}
