"""Runs inside gdb: lets a process run until it is stopped by SIGSTOP, and tells its stack; each time it is told to.

Called as: gdb -batch -ex 'python order = (PID, ORDERS, ANSWERS)' -x gdb_frames.py -x gdb_at_samples.py
Orders are lines of a pipe, answers JSON lines of another: the frames, leaf first, as [pc, function, kind].
"""

import json

import gdb

pid, orders, answers = order  # noqa: F821

with open(orders) as told, open(answers, "w") as out:
    gdb.execute(f"attach {pid}", to_string=True)
    gdb.execute("handle all nostop noprint pass", to_string=True)
    gdb.execute("handle SIGSTOP stop nopass", to_string=True)
    out.write('"attached"\n')
    out.flush()
    for _ in told:
        gdb.execute("continue", to_string=True)
        out.write(json.dumps(frames()[0]) + "\n")  # noqa: F821
        out.flush()
    gdb.execute("kill", to_string=True)
