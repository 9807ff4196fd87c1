"""Runs inside gdb, before a script of its own: gdb's settings, and the frames of the thread that is looked at."""

import gdb

MOST_FRAMES = 400

for setting in (
    "pagination off",
    "confirm off",
    "backtrace past-main on",
    "backtrace past-entry on",
    "debuginfod enabled off",
    "auto-load off",
    "language c",
    "print symbol-loading off",
):
    gdb.execute(f"set {setting}")


def frames():
    """(pc, name, kind) of the frames that have registers of their own: no inlined ones, none of tail calls; and why
    there are no more."""
    found = []
    frame = gdb.newest_frame()
    while frame is not None and len(found) < MOST_FRAMES:
        if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
            found.append((frame.pc(), frame.name() or "", int(frame.type())))
        try:
            older = frame.older()
        except gdb.error:
            break
        frame = older
    return found, frame.unwind_stop_reason() if frame is not None else 0
