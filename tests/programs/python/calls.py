"""Stacks of known shapes: `python calls.py NAME`, one of PROGRAMS. Runs until it is killed."""

import asyncio
import hashlib
import os
import sys
import threading

DEPTH = 40
DEEPER = 900


def spin(n):
    total = 0
    for i in range(n):
        total += i
    return total


def descend(n):
    return spin(100000) if n == 0 else descend(n - 1)


def recursion():
    while True:
        descend(DEPTH - 1)


def deep():
    sys.setrecursionlimit(5000)
    while True:
        descend(DEEPER - 1)


async def awaited():
    spin(2000)
    await asyncio.sleep(0)
    spin(1000)


async def between():
    await awaited()


async def task():
    while True:
        await between()


def coroutines():
    async def all_tasks():
        await asyncio.gather(*(task() for _ in range(5)))

    asyncio.run(all_tasks())


def work():
    while True:
        spin(1000)


def digest():
    while True:
        hashlib.pbkdf2_hmac("sha256", b"secret", b"salt", 20000)


def threads():
    for _ in range(3):
        threading.Thread(target=work, daemon=True).start()
        threading.Thread(target=digest, daemon=True).start()
    threading.Event().wait()


def churn():
    """Code that is made, runs and is gone, its memory used again: its functions are called `made_N`, in `file_N`."""
    number = 0
    while True:
        number += 1
        space = {"spin": spin}
        name = f"made_{number}"
        exec(compile(f"def {name}():\n  spin(400)\n  return 1\n{name}()", f"file_{number}", "exec"), space)


def fork():
    parent = os.getpid()
    for _ in range(3):
        if not os.fork():
            while os.getppid() == parent:
                descend(DEPTH - 1)
            os._exit(0)
    os.wait()


PROGRAMS = [recursion, deep, coroutines, threads, churn, fork]

if __name__ == "__main__":
    chosen = {program.__name__: program for program in PROGRAMS}[sys.argv[1]]
    print("ready", flush=True)
    chosen()
