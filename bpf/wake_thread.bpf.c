/* A thread that waited may run again: from here on it waits for a CPU. Raw tracepoint sched_waking. */
#include "waits.h"

struct waking_arguments {
    u64 values[1];  /* the task that is woken */
};

int wake_thread(struct waking_arguments *arguments)
{
    u32 zero = 0;
    struct settings *settings_here = settings.lookup(&zero);
    if (!settings_here)
        return 0;
    u32 tid = read_word((void *)arguments->values[0], settings_here->task_pid);
    struct wait *wait = waits.lookup(&tid);
    if (wait && wait->since && wait->woken < wait->since) {
        wait->woken = bpf_ktime_get_ns();
        wait->waker = bpf_get_current_pid_tgid();
    }
    return 0;
}
