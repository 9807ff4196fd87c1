"""Runs inside gdb: lets a process run until it is stopped by SIGSTOP, and tells its stack; each time it is told to.

Called as: gdb -batch -ex 'python order = (PID, ORDERS, ANSWERS)' -x gdb_at_samples.py
Orders are lines of a pipe, answers JSON lines of another: the frames, leaf first, as [pc, function], and why it ended.
"""

import json

import gdb

MOST_FRAMES = 300
pid, orders, answers = order  # noqa: F821

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
    """The frames that have registers of their own: no inlined ones, none of tail calls."""
    found = []
    frame = gdb.newest_frame()
    while frame is not None and len(found) < MOST_FRAMES:
        if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
            found.append((frame.pc(), frame.name() or ""))
        try:
            frame = frame.older()
        except gdb.error:
            break
    return found


with open(orders) as told, open(answers, "w") as out:
    gdb.execute(f"attach {pid}", to_string=True)
    gdb.execute("handle all nostop noprint pass", to_string=True)
    gdb.execute("handle SIGSTOP stop nopass", to_string=True)
    out.write('"attached"\n')
    out.flush()
    for _ in told:
        gdb.execute("continue", to_string=True)
        out.write(json.dumps(frames()) + "\n")
        out.flush()
    gdb.execute("kill", to_string=True)
