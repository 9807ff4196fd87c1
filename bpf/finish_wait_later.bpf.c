/* A stack that the kernel could not finish, at a switch: the wait goes under a number of its own until user space
 * has finished the stack that the number stands for. */
#include "snapshot.h"
#include "waits.h"

int finish_wait_later(void *ctx)
{
    u32 zero = 0;
    struct settings *settings_here = settings.lookup(&zero);
    struct scratch *scratch_here = scratch.lookup(&zero);
    if (!settings_here || !scratch_here)
        return 0;
    u64 number = mix(mix(bpf_ktime_get_ns(), bpf_get_current_pid_tgid()), bpf_get_smp_processor_id()) | 1;
    scratch_here->key.stack = number;
    scratch_here->key.part = PART_BLOCKED;
    u32 refused = send_snapshot(scratch_here);
    if (refused) {
        scratch_here->event.end = refused;
        wait_chain.call(ctx, EMIT);
        return 0;
    }
    if (scratch_here->woken)
        note_waker(scratch_here, number);
    else
        begin_wait(scratch_here, number, settings_here);
    set_busy(0);
    return 0;
}
