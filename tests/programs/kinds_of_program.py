"""kinds_of_program.py SECONDS FILE [NAME=COMMAND ...]: starts all of them, ends them after so many seconds, and writes
for each how long its main thread lived, as JSON: {name: [pid, nanoseconds]}."""

import json
import os
import signal
import sys
import time

seconds, file, *words = sys.argv[1:]
began = {}
for word in words:
    name, _, command = word.partition("=")
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", f"exec {command}"], os.environ, setpgroup=0)
    began[pid] = (name, time.monotonic_ns())
time.sleep(float(seconds))
lived = {}
for pid in began:
    os.killpg(pid, signal.SIGKILL)
while began:
    pid, _ = os.wait()
    if pid in began:
        name, at = began.pop(pid)
        lived[name] = [pid, time.monotonic_ns() - at]
with open(file, "w") as found:
    json.dump(lived, found)
