"""Runs inside gdb: stops a process at random moments and writes what gdb sees of its threads, a JSON line a thread.

Called as: gdb -batch -ex 'python pid, stops, out = ...' -x gdb_stops.py
"""

import json
import os
import random
import signal
import threading
import time

import gdb

REGISTERS = [
    "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp",
    "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
]  # fmt: skip
MOST_STACK = 4 << 20
MOST_FRAMES = 400
pid, stops, out = pid, stops, out  # noqa: F821

for setting in (
    "pagination off",
    "confirm off",
    "backtrace past-main on",
    "backtrace past-entry on",
    "debuginfod enabled off",
    "auto-load off",
    "language c",
):
    gdb.execute(f"set {setting}")


def frames():
    """(pc, name, kind) of the frames that have registers of their own: no inlined ones, none of tail calls."""
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


def stack_mapping(sp):
    with open(f"/proc/{pid}/maps") as maps:
        for line in maps:
            start, end = (int(word, 16) for word in line.split()[0].split("-"))
            if start <= sp < end:
                return end
    return sp


def stacks():
    """The bytes from rsp up to the end of what is mapped there; and of the main stack, when that is another."""
    wanted = [int(gdb.newest_frame().read_register("rsp")) & ~4095]
    frame = gdb.newest_frame()
    while frame is not None:
        try:
            here = int(frame.read_register("rsp"))
            if not any(base <= here < base + MOST_STACK for base in wanted):
                wanted.append(here & ~4095)
            frame = frame.older()
        except gdb.error:
            break
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        found = []
        for base in wanted:
            end = min(stack_mapping(base), base + MOST_STACK)
            memory.seek(base)
            found.append((base, memory.read(end - base).hex()))
    return found


def interrupt():
    time.sleep(0.001 + random.random() * 0.02)
    os.kill(pid, signal.SIGINT)


gdb.execute(f"attach {pid}", to_string=True)
gdb.execute("handle all nostop noprint pass", to_string=True)
gdb.execute("handle SIGINT stop nopass", to_string=True)
with open(out, "w") as file:
    for _ in range(stops):
        thread = threading.Thread(target=interrupt)
        thread.start()
        gdb.execute("continue", to_string=True)
        thread.join()
        for thread in gdb.selected_inferior().threads():
            thread.switch()
            gdb.newest_frame().select()
            values = [int(gdb.selected_frame().read_register(name)) & (1 << 64) - 1 for name in REGISTERS]
            seen, reason = frames()
            line = {
                "tid": thread.ptid[1],
                "pc": gdb.selected_frame().pc(),
                "registers": values,
                "frames": seen,
                "stop": reason,
                "stacks": stacks(),
            }
            file.write(json.dumps(line) + "\n")
gdb.execute("detach", to_string=True)
