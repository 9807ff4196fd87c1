"""A parent with three forked workers, each of which prints one line of JSON of its own stack and waits."""

import json
import os
import sys
import time


def frames():
    found, frame = [], sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        found.append([getattr(code, "co_qualname", code.co_name), code.co_filename, frame.f_lineno])
        frame = frame.f_back
    return found


def serve(number):
    handle(number)


def handle(number):
    time.sleep(number * 0.1)
    os.write(1, (json.dumps({"pid": os.getpid(), "frames": frames()}) + "\n").encode()), sys.stdin.read()


workers = []
for number in range(3):
    worker = os.fork()
    if not worker:
        serve(number)
        os._exit(0)
    workers.append(worker)
for worker in workers:
    os.waitpid(worker, 0)
