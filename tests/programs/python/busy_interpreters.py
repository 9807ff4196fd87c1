"""Code that runs in another interpreter of the same process, called from the first one and called back by nothing.

python busy_interpreters.py SECONDS
"""

import sys
import threading

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

CODE = """
import time
def inner():
    return sum(range(2000))
def middle():
    until = time.process_time() + SECONDS
    while time.process_time() < until:
        inner()
middle()
"""


def outer():
    run = getattr(interpreters, "exec", None) or interpreters.run_string
    run(interpreters.create(), CODE.replace("SECONDS", sys.argv[1]))


def beside():
    outer()


thread = threading.Thread(target=beside)
thread.start()
outer()
thread.join()
