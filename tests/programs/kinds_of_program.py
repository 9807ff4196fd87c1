"""kinds_of_program.py SECONDS FILE [NAME=COMMAND ...]: starts all of them, ends them after so many seconds, and writes
for each how long its main thread lived, as JSON: {name: [pid, at least so many ns, at most so many]}."""

import json
import os
import signal
import sys
import time

seconds, file, *words = sys.argv[1:]
began = {}
for word in words:
    name, _, command = word.partition("=")
    before = time.monotonic_ns()
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", f"exec {command}"], os.environ, setpgroup=0)
    began[pid] = (name, before, time.monotonic_ns())
time.sleep(float(seconds))
lived, killed = {}, {}
for pid in began:
    killed[pid] = time.monotonic_ns()
    os.killpg(pid, signal.SIGKILL)
while began:
    pid, _ = os.wait()
    if pid in began:
        name, before, after = began.pop(pid)
        lived[name] = [pid, killed[pid] - after, time.monotonic_ns() - before]
with open(file, "w") as found:
    json.dump(lived, found)
