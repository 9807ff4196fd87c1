/* A thread that waited may run again: from here on it waits for a CPU. Raw tracepoint sched_waking: who wakes it is
 * `current`, unless an interrupt does. Of wakers of threads that waited long on a futex the stack is told as well. */
#include "walk_kernel.h"
#include "waits.h"

struct waking_arguments {
    u64 values[1];  /* the task that is woken */
};

static inline void tell_waker(struct waking_arguments *arguments, u32 woken, struct settings *settings)
{
    u32 zero = 0;
    void *task = (void *)bpf_get_current_task();
    struct scratch *scratch_here = scratch.lookup(&zero);
    if (!scratch_here || (read_word(task, settings->task_flags) & (TASK_IS_KERNEL_THREAD | TASK_IS_WORKER)))
        return;
    set_busy(1);
    identify(task, settings, scratch_here);
    scratch_here->woken = woken;
    begin_stack(scratch_here);
    walk_kernel(arguments, scratch_here);
    if (scratch_here->event.space)
        wait_chain.call(arguments, WALK_NATIVE);
    set_busy(0);
}

int wake_thread(struct waking_arguments *arguments)
{
    u32 zero = 0;
    struct settings *settings_here = settings.lookup(&zero);
    if (!settings_here)
        return 0;
    u64 *seat = seat_of((void *)arguments->values[0]);
    u32 tid = seat ? waits_under((void *)arguments->values[0], *seat, settings_here) : 0;
    if (!tid)
        return 0;
    struct wait *wait = waits.lookup(&tid);
    if (!wait || wait->woken)
        return 0;
    wait->woken = bpf_ktime_get_ns();
    struct pace *pace = pace_here();
    u32 waker = (u32)bpf_get_current_pid_tgid();
    if (wait->on_futex && pace && waker && waker != tid
        && wait->woken - wait->since >= settings_here->wait_long && may_walk(pace, settings_here))
        tell_waker(arguments, tid, settings_here);
    return 0;
}
