"""Runs inside gdb: stops a process at random moments and writes what gdb sees of its threads, a JSON line a thread.

Called as: gdb -batch -ex 'python order = (PID, STOPS, MOST_STACK_BYTES, OUT)' -x gdb_frames.py -x gdb_stops.py
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
pid, stops, most_stack, out = order  # noqa: F821


def stack_mapping(sp):
    with open(f"/proc/{pid}/maps") as maps:
        for line in maps:
            start, end = (int(word, 16) for word in line.split()[0].split("-"))
            if start <= sp < end:
                return end
    return sp


def places_on_stacks():
    """rsp of all frames, and where the chain of frame pointers leads: Go switches stacks where gdb does not follow."""
    frame = gdb.newest_frame()
    bp = int(frame.read_register("rbp"))
    while frame is not None:
        try:
            yield int(frame.read_register("rsp"))
            frame = frame.older()
        except gdb.error:
            break
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for _ in range(64):
            if stack_mapping(bp) == bp:
                break
            yield bp
            memory.seek(bp)
            bp = int.from_bytes(memory.read(8), "little")


def stacks():
    """The bytes from rsp up, and of each further stack."""
    wanted = []
    for place in places_on_stacks():
        if not any(base <= place < base + most_stack for base in wanted):
            wanted.append(place & ~4095)
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        found, read_to = [], 0
        for base in sorted(wanted):
            base = max(base, read_to)
            read_to = min(stack_mapping(base), base + most_stack)
            memory.seek(base)
            found.append((base, memory.read(read_to - base).hex()))
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
            seen, reason = frames()  # noqa: F821
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
