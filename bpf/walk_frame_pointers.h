/* User frames by frame pointers, leaf first: right only for code that keeps them. */
#pragma once
#include "maps.h"
#include "user_registers.h"

struct saved_frame {
    u64 frame_pointer;
    u64 return_address;
};

static inline void push_user_frame(struct stack_event *event, u64 address)
{
    u32 index = event->kernel_frames + event->user_frames;
    event->frames[index & (FRAMES - 1)] = address;
    event->user_frames++;
}

static inline void walk_frame_pointers(struct settings *settings, struct stack_event *event)
{
    struct registers registers = {};
    struct saved_frame saved;
    if (!read_user_registers(settings, &registers)) {
        event->end = END_NO_REGISTERS;
        return;
    }
    push_user_frame(event, registers.ip);
    u64 frame_pointer = registers.bp, stack_pointer = registers.sp;
#pragma clang loop unroll(disable)
    for (int depth = 1; depth < USER_FRAMES; depth++) {
        /* A frame pointer that is not above the last one is some other value: the code does not keep it. */
        if (frame_pointer < stack_pointer || (frame_pointer & 7)) {
            event->end = END_NO_FRAME_POINTER;
            return;
        }
        if (bpf_probe_read_user(&saved, sizeof(saved), (void *)frame_pointer)) {
            event->end = END_UNREADABLE;
            return;
        }
        if (!saved.return_address) {
            event->end = END_NO_FRAME_POINTER;
            return;
        }
        push_user_frame(event, saved.return_address);
        stack_pointer = frame_pointer + sizeof(saved);
        frame_pointer = saved.frame_pointer;
    }
    event->end = END_TOO_DEEP;
}
