/* A new thread may run: it waits for its first turn on a CPU. Raw tracepoint sched_wakeup_new. */
#include "filter.h"
#include "waits.h"

struct new_arguments {
    u64 values[1];  /* the new task */
};

int wake_new_thread(struct new_arguments *arguments)
{
    u32 zero = 0;
    void *task = (void *)arguments->values[0];
    struct settings *settings_here = settings.lookup(&zero);
    struct scratch *scratch_here = scratch.lookup(&zero);
    u64 *seat = seat_of(task);
    if (!settings_here || !scratch_here || !seat)
        return 0;
    if (read_word(task, settings_here->task_flags) & (TASK_IS_KERNEL_THREAD | TASK_IS_WORKER)) {
        seat_stranger(seat, task, true, settings_here);
        return 0;
    }
    set_busy(1);
    identify(task, settings_here, scratch_here);
    if (is_target(task, settings_here, scratch_here->key.pid)) {
        struct wait wait = {};
        wait.key.who = scratch_here->key;
        wait.since = bpf_ktime_get_ns();
        wait.weight = 1;
        wait.preempted = 1;
        wait.credit = CREDIT;
        keep_wait(task, read_word(task, settings_here->task_pid), &wait, settings_here);
    } else {
        seat_stranger(seat, task, false, settings_here);
    }
    set_busy(0);
    return 0;
}
