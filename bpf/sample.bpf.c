/* A tick of the CPU clock: who runs, is it wanted, and where in the kernel is it? The walkers and the emitter follow. */
#include "counting.h"
#include "filter.h"
#include "waits.h"
#include "walk_kernel.h"

/* A thread that ran before it could be followed is followed from here on. */
static inline void meet(void *task, struct scratch *scratch, struct settings *settings)
{
    u64 *seat = seat_of(task);
    struct pace *pace = pace_here();
    if (!seat || !pace || is_known(task, *seat, settings))
        return;
    *seat = seated(task, 0, settings) | (u64)CREDIT << SEAT_CREDIT;
    begin_turn(pace, task, &scratch->key, 1, bpf_ktime_get_ns(), settings);
}

int sample(void *ctx)
{
    u32 zero = 0;
    set_busy(1);
    struct settings *settings_here = settings.lookup(&zero);
    struct scratch *scratch_here = scratch.lookup(&zero);
    /* Idle has no thread id; exclude_idle leaves it out already, except on CPUs that come up. */
    if (!settings_here || !scratch_here || !(u32)bpf_get_current_pid_tgid())
        goto done;
    void *task = (void *)bpf_get_current_task();
    identify(task, settings_here, scratch_here);
    if (!is_target(task, settings_here, scratch_here->key.pid))
        goto done;

    count(COUNT_TICKS, scratch_here->key.epoch);
    begin_stack(scratch_here);
    if (settings_here->kernel_stacks)
        walk_kernel(ctx, scratch_here);
    bool is_kernels = read_word(task, settings_here->task_flags) & (TASK_IS_KERNEL_THREAD | TASK_IS_WORKER);
    if (settings_here->wait_long && !is_kernels)
        meet(task, scratch_here, settings_here);
    if (is_kernels)
        chain.call(ctx, EMIT);
    else if (!scratch_here->event.space)
        scratch_here->event.end = END_NO_MEMORY;
    else
        chain.call(ctx, WALK_NATIVE);
    /* Here only when there is no walker, or nothing for it to walk. */
    chain.call(ctx, EMIT);
    count(LOST_CHAIN_BROKEN, scratch_here->key.epoch);
done:
    set_busy(0);
    return 0;
}
