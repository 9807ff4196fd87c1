/* The native walker of the chain: takes the user registers, and hands over to the loop. */
#include "step.h"

int walk_native(void *ctx)
{
    u32 zero = 0;
    struct settings *settings_here = settings.lookup(&zero);
    struct scratch *scratch_here = scratch.lookup(&zero);
    struct registers registers = {};
    if (!settings_here || !scratch_here)
        return 0;
    if (read_user_registers(settings_here, &registers)) {
        begin_walk(&scratch_here->walk, &registers, &scratch_here->event);
        chain.call(ctx, WALK_FRAMES);
        /* The loop has not joined yet: user space does the whole walk. */
        scratch_here->event.end = END_MISSING_PAGE;
    } else {
        scratch_here->event.end = END_NO_REGISTERS;
    }
    chain.call(ctx, WALK_PYTHON);
    finish_or_emit(ctx, &scratch_here->event);
    return 0;
}
