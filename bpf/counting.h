/* Counters of this CPU, for the epoch in which the sample began. */
#pragma once
#include "maps.h"

#define EPOCH_STRIDE 8  /* the second epoch's counters start here */

static inline void count(u32 counter, u32 epoch)
{
    u32 index = counter + (epoch & 1) * EPOCH_STRIDE;
    u64 *value = counters.lookup(&index);
    if (value)
        *value += 1;
}

static inline void set_busy(u32 value)
{
    u32 zero = 0;
    u32 *busy_here = busy.lookup(&zero);
    if (busy_here)
        *(volatile u32 *)busy_here = value;
}

/* Whether a walk went wrong, as it does when other code was mapped where some is known. */
static inline bool is_doubtful(u32 end)
{
    return end == END_BAD_ROW || end == END_UNREADABLE || end == END_NO_UNWIND_INFO;
}

/* Whether user space should look again at what is mapped: now and then, as some code has wrong rows for ever. */
static inline bool may_look_again(u64 space)
{
    u64 now = bpf_ktime_get_ns();
    u64 *looked = spaces.lookup(&space);
    if (looked && now - *looked < LOOK_AGAIN)
        return false;
    spaces.update(&space, &now);
    return true;
}

/* The end of the walks: a stack that user space has to finish goes there. */
static inline void finish_or_emit(void *ctx, struct stack_event *event)
{
    if (event->end == END_MISSING_PAGE || event->end == END_UNMAPPED)
        chain.call(ctx, FINISH_LATER);
    if (is_doubtful(event->end) && may_look_again(event->space))
        chain.call(ctx, FINISH_LATER);
    chain.call(ctx, EMIT);
}
