/* The end of the chain. */
#include "emit.h"

int emit(void *ctx)
{
    u32 zero = 0;
    struct settings *settings_here = settings.lookup(&zero);
    struct scratch *scratch_here = scratch.lookup(&zero);
    if (settings_here && scratch_here)
        emit_sample(scratch_here, settings_here);
    set_busy(0);
    return 0;
}
