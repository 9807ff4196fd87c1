/* The Python walker of the chain: some frames a run, then itself again. */
#include "walk_python.h"

/* Gives an end, or PYTHON_UNKNOWN to go on. */
static inline u32 begin_python_walk(struct scratch *scratch, struct settings *settings, struct python_process *process)
{
    u64 thread = read_pointer((void *)bpf_get_current_task(), settings->task_thread_pointer);
    u64 state = thread_state(thread, process);
    if (!state)
        return PYTHON_NO_THREAD;
    begin_at(&scratch->python, state, process);
    scratch->python.state = state;
    scratch->python.thread = thread;
    scratch->python.runner = 0;
    if (process->running_task)
        read_task_name(read_user_pointer(state + process->running_task), process, &scratch->event);
    return PYTHON_UNKNOWN;
}

/* Goes on with the frames from which code of another interpreter was called; false when there are none. */
static inline bool leave_interpreter(struct python_walk *walk, struct python_process *process)
{
    u64 state = walk->state ? outer_state(walk->state, walk->thread, process) : 0;
    walk->state = 0;
    if (!state)
        return false;
    begin_at(walk, state, process);
    return walk->frame != 0;
}

static inline bool is_whole(struct stack_event *event)
{
    u32 last = event->kernel_frames + event->user_frames + event->python_frames - 1;
    return !event->python_frames || (event->frames[last & (FRAMES - 1)] & PYTHON_ENTRY);
}

int walk_python(void *ctx)
{
    u32 zero = 0;
    struct settings *settings_here = settings.lookup(&zero);
    struct scratch *scratch_here = scratch.lookup(&zero);
    if (!settings_here || !scratch_here)
        return 0;
    struct stack_event *event = &scratch_here->event;
    u64 image = event->image;
    struct python_process *process = python_processes.lookup(&image);
    u32 end = PYTHON_UNKNOWN;
    if (!process)
        process = expected_process(image, event->pid, settings_here);
    if (process && !event->python_frames)
        end = begin_python_walk(scratch_here, settings_here, process);
#pragma clang loop unroll(disable)
    for (int steps = 0; steps < PYTHON_STEPS; steps++) {
        if (!process || end != PYTHON_UNKNOWN)
            break;
        u32 frames = event->kernel_frames + event->user_frames + event->python_frames;
        if (!scratch_here->python.frame)
            end = is_whole(event) ? PYTHON_COMPLETE : PYTHON_NO_ENTRY;
        else if (event->python_frames >= PYTHON_FRAMES || frames >= FRAMES - 1)
            end = PYTHON_TOO_DEEP;
        else if (!take_python_frame(&scratch_here->python, process, event))
            end = PYTHON_UNREADABLE;
    }
    if (end == PYTHON_COMPLETE && event->python_frames && leave_interpreter(&scratch_here->python, process))
        end = PYTHON_UNKNOWN;
    if (process && end == PYTHON_UNKNOWN && event->python_frames < PYTHON_FRAMES)
        chain.call(ctx, WALK_PYTHON);
    if (process && end == PYTHON_COMPLETE && scratch_here->python.runner)
        read_task_name(task_of_frame(scratch_here->python.runner, process), process, event);
    event->python_end = process && end == PYTHON_UNKNOWN ? PYTHON_TOO_DEEP : end;
    finish_or_emit(ctx, event);
    return 0;
}
