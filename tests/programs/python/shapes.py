"""Threads that wait, again and again for a moment, each in a stack of another shape."""

import asyncio
import functools
import json
import re
import threading
import time


def wait(*_):
    while True:
        time.sleep(0.02)


def recursion(depth):
    if depth:
        return recursion(depth - 1)
    return wait()


def numbers():
    yield 1
    wait()


def generator():
    for _ in (number for number in numbers()):
        pass


def hook(_):
    wait()


def decoding():
    json.loads('[{"a": 1}]', object_hook=hook)


def matching():
    re.sub("a", lambda match: wait(), "banana")


def sorting():
    sorted([3, 2], key=wait)


class Thing:
    def __init__(self):
        self.start()

    def start(self):
        [wait() for _ in range(3)]

    def __lt__(self, other):
        wait()

    @property
    def value(self):
        return wait()

    def __getattr__(self, name):
        return wait()


def making():
    Thing()


def comparing():
    sorted([Thing.__new__(Thing), Thing.__new__(Thing)])


def properties():
    _ = Thing.__new__(Thing).value


def attributes():
    _ = Thing.__new__(Thing).missing


async def coroutine(depth):
    if depth:
        await coroutine(depth - 1)
    wait()


def coroutines():
    asyncio.run(coroutine(5))


def partly():
    functools.partial(recursion, 4)()


def mapping():
    list(map(wait, [1]))


def evaluating():
    eval("wait()")


def cached():
    functools.lru_cache(maxsize=None)(recursion)(3)


def deep():
    recursion(150)


SHAPES = [generator, decoding, matching, sorting, making, comparing, properties, attributes, coroutines]
SHAPES += [partly, mapping, evaluating, cached, deep, lambda: recursion(10)]

for shape in SHAPES:
    threading.Thread(target=shape, daemon=True).start()
print("ready", flush=True)
wait()
