/* The end of the chain at a switch: the thread waits in this stack; or at a wake-up: it was woken in it. */
#include "emit.h"
#include "waits.h"

int emit_wait(void *ctx)
{
    u32 zero = 0;
    struct settings *settings_here = settings.lookup(&zero);
    struct scratch *scratch_here = scratch.lookup(&zero);
    if (settings_here && scratch_here) {
        u64 stack = tell_stack(scratch_here, settings_here);
        if (scratch_here->woken)
            note_waker(scratch_here, stack);
        else if (stack)
            begin_wait(scratch_here, stack, settings_here);
        else
            count_wait(WAITS_LOST_RING, scratch_here->wait_weight);
    }
    set_busy(0);
    return 0;
}
