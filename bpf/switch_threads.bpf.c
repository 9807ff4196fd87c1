/* A thread leaves its CPU and another gets it. Raw tracepoint sched_switch: the one that leaves is still `current`. */
#include "filter.h"
#include "user_registers.h"
#include "walk_kernel.h"
#include "waits.h"

struct switch_arguments {
    u64 values[3];  /* preempted, the task that leaves, the one that comes */
};

int switch_threads(struct switch_arguments *arguments)
{
    u32 zero = 0;
    u64 now = bpf_ktime_get_ns();
    void *task = (void *)arguments->values[1], *next = (void *)arguments->values[2];
    bool preempted = arguments->values[0];
    struct settings *settings_here = settings.lookup(&zero);
    struct scratch *scratch_here = scratch.lookup(&zero);
    if (!settings_here || !scratch_here)
        return 0;
    set_busy(1);
    end_wait(read_word(next, settings_here->task_pid), now, settings_here);

    u32 tid = (u32)bpf_get_current_pid_tgid();
    if (!tid || (read_word(task, settings_here->task_flags) & (TASK_IS_KERNEL_THREAD | TASK_IS_WORKER)))
        goto done;
    u32 state = read_word(task, settings_here->task_state);
    if (state & TASK_DEAD) {
        waits.delete(&tid);
        goto done;
    }
    struct wait *known = waits.lookup(&tid);
    u32 weight = weight_of(known, now, settings_here);
    count_wait(WAITS_SEEN, 1);
    if (!weight) {
        count_wait(WAITS_LEFT_OUT, 1);
        goto done;
    }
    identify(task, settings_here, scratch_here);
    if (!is_target(task, settings_here, scratch_here->key.pid))
        goto done;
    scratch_here->wait_since = now;
    scratch_here->wait_weight = weight;
    scratch_here->wait_preempted = preempted || !state;
    struct registers registers = {};
    scratch_here->wait_place = 0;
    if (read_user_registers(settings_here, &registers))
        scratch_here->wait_place = waited_descriptor(&registers) + 1;
    begin_stack(scratch_here);
    walk_kernel(arguments, scratch_here);
    if (scratch_here->event.space)
        wait_chain.call(arguments, WALK_NATIVE);
    else
        scratch_here->event.end = END_NO_MEMORY;
    wait_chain.call(arguments, EMIT);
done:
    set_busy(0);
    return 0;
}
