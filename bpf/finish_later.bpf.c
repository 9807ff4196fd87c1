/* What the kernel could not finish goes to user space: the registers where the walker stood, and the stack above. */
#include "snapshot.h"

int finish_later(void *ctx)
{
    u32 zero = 0;
    struct scratch *scratch_here = scratch.lookup(&zero);
    if (scratch_here) {
        u32 refused = send_snapshot(scratch_here);
        if (!refused) {
            count(COUNT_TAKEN, scratch_here->key.epoch);
            count(COUNT_SNAPSHOTS, scratch_here->key.epoch);
            set_busy(0);
            return 0;
        }
        scratch_here->event.end = refused;
    }
    chain.call(ctx, EMIT);
    return 0;
}
