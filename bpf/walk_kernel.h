/* Kernel frames of the running thread, leaf first. */
#pragma once
#include "maps.h"

static inline void walk_kernel(void *ctx, struct scratch *scratch)
{
    long bytes = bpf_get_stack(ctx, scratch->event.frames, KERNEL_FRAMES * sizeof(u64), 0);
    scratch->event.kernel_frames = bytes > 0 ? bytes / sizeof(u64) : 0;
}
