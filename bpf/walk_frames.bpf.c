/* The loop of the native walker: some frames a run, then itself again. */
#include "step.h"

int walk_frames(void *ctx)
{
    u32 zero = 0;
    struct settings *settings_here = settings.lookup(&zero);
    struct scratch *scratch_here = scratch.lookup(&zero);
    if (!settings_here || !scratch_here)
        return 0;
    struct walk *walk = &scratch_here->walk;
    struct stack_event *event = &scratch_here->event;
    u32 end = GO_ON;
#pragma clang loop unroll(disable)
    for (int steps = 0; steps < STEPS; steps++) {
        paths_meet();
        if (walk->depth >= settings_here->user_frames || event->kernel_frames + walk->depth >= FRAMES - 1) {
            end = END_TOO_DEEP;
            break;
        }
        push_user_frame(event, walk);
        end = step(walk, settings_here);
        walk->binaries = mix(walk->binaries, walk->mapping.binary);
        walk->depth++;
        if (end != GO_ON)
            break;
    }
    if (end == GO_ON)
        chain.call(ctx, WALK_FRAMES);
    event->end = end == GO_ON ? END_TOO_DEEP : end;
    chain.call(ctx, WALK_PYTHON);
    finish_or_emit(ctx, event);
    return 0;
}
