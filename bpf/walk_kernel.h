/* Kernel frames of the running thread, leaf first. */
#pragma once
#include "maps.h"

/* Nothing is known of the stack yet. */
static inline void begin_stack(struct scratch *scratch)
{
    struct stack_event *event = &scratch->event;
    event->kernel_frames = 0;
    event->user_frames = 0;
    event->python_frames = 0;
    event->python_identity = 0;
    event->task[0] = 0;
    event->end = END_COMPLETE;
    event->python_end = PYTHON_UNKNOWN;
    scratch->walk.binaries = 0;
}

static inline void walk_kernel(void *ctx, struct scratch *scratch)
{
    long bytes = bpf_get_stack(ctx, scratch->event.frames, KERNEL_FRAMES * sizeof(u64), 0);
    scratch->event.kernel_frames = bytes > 0 ? bytes / sizeof(u64) : 0;
}
