"""Runs code in another interpreter, which prints a line and waits."""

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

CODE = """
import sys
def inner():
    print(1, flush=True), sys.stdin.readline()
inner()
"""


def outer():
    run = getattr(interpreters, "exec", None) or interpreters.run_string
    run(interpreters.create(), CODE)


outer()
