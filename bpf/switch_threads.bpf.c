/* A thread leaves its CPU and another gets it. Raw tracepoint sched_switch: the one that leaves is still `current`.
 * Most switches of a storm are neither end nor beginning of a wait that is followed: they have to be told by little. */
#include "filter.h"
#include "user_registers.h"
#include "walk_kernel.h"
#include "waits.h"

struct switch_arguments {
    u64 values[3];  /* preempted, the task that leaves, the one that comes */
};

static inline void what_for(struct scratch *scratch, struct settings *settings)
{
    struct registers registers = {};
    scratch->wait_place = scratch->wait_on_futex = scratch->wait_holder = 0;
    if (!read_user_registers(settings, &registers))
        return;
    scratch->wait_place = waited_descriptor(&registers) + 1;
    scratch->wait_on_futex = waits_on_futex(&registers, &scratch->wait_holder);
}

int switch_threads(struct switch_arguments *arguments)
{
    u32 zero = 0;
    void *task = (void *)arguments->values[1], *next = (void *)arguments->values[2];
    struct settings *settings_here = settings.lookup(&zero);
    struct pace *pace = pace_here();
    u64 *seat = seat_of(next);
    if (!settings_here || !pace || !seat)
        return 0;
    if (pace->turn.task == (u64)task)
        end_turn(pace, bpf_ktime_get_ns(), settings_here);
    u32 back = waits_under(next, *seat, settings_here);
    if (back)
        end_wait(pace, next, back, seat, bpf_ktime_get_ns(), settings_here);

    seat = seat_of(task);
    if (!seat || (*seat == seated(task, SEAT_STRANGER, settings_here) && drawn(pace) % SEATED_FOR))
        return 0;
    pace->counters[WAITS_SEEN]++;
    back = waits_under(task, *seat, settings_here);
    if (back)
        end_untold(pace, task, back, seat, settings_here);
    u32 credit = credit_of(*seat, task, settings_here), weight = weight_of(pace, credit, settings_here);
    if (!weight) {
        pace->counters[WAITS_LEFT_OUT]++;
        return 0;
    }
    struct scratch *scratch_here = scratch.lookup(&zero);
    u32 state = read_word(task, settings_here->task_state);
    if (!scratch_here || state & TASK_DEAD)
        return 0;
    if (read_word(task, settings_here->task_flags) & (TASK_IS_KERNEL_THREAD | TASK_IS_WORKER)) {
        seat_stranger(seat, task, true, settings_here);
        return 0;
    }
    set_busy(1);
    scratch_here->wait_since = bpf_ktime_get_ns();
    identify(task, settings_here, scratch_here);
    if (!is_target(task, settings_here, scratch_here->key.pid)) {
        seat_stranger(seat, task, false, settings_here);
        goto done;
    }
    scratch_here->woken = 0;
    scratch_here->wait_weight = weight;
    scratch_here->wait_credit = credit;
    scratch_here->wait_preempted = arguments->values[0] || !state;
    what_for(scratch_here, settings_here);
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
