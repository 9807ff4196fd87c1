/* The native walker of the chain. */
#include "walk_frame_pointers.h"

int walk_native(void *ctx)
{
    u32 zero = 0;
    struct settings *settings_here = settings.lookup(&zero);
    struct scratch *scratch_here = scratch.lookup(&zero);
    if (settings_here && scratch_here)
        walk_frame_pointers(settings_here, &scratch_here->event);
    chain.call(ctx, EMIT);
    return 0;
}
