"""Tells the Python stacks of the processes whose numbers come in, as the interpreter's own sampler sees them.

A line of JSON for each: {native thread id: [[function, line], ...]}, leaf first, or null where it cannot tell them.
Python 3.15 and later.
"""

import json
import sys

from profiling.sampling.collector import extract_lineno
from profiling.sampling.sample import dump_stack


def stacks_of(pid):
    stacks = {}
    for interpreter in dump_stack(pid, all_threads=True, gc=False, async_aware=None):
        for thread in interpreter.threads:
            frames = [[frame.funcname, extract_lineno(frame.location)] for frame in thread.frame_info]
            stacks.setdefault(thread.thread_id, []).extend(frames)
    return stacks


for line in sys.stdin:
    try:
        print(json.dumps(stacks_of(int(line))), flush=True)
    except RuntimeError:
        print("null", flush=True)
