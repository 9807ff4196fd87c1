"""Threads that wait in all kinds of stacks. Prints what the interpreter itself says of them, and waits too.

    python stacks.py [NAME ...]      the kinds of stacks, all by default

One line of JSON: {"pid", "threads": {thread id: [[name, file, line], ...], innermost first}, "kinds": {id: kind}}.
"""

import asyncio
import functools
import json
import re
import sys
import threading

import module_that_waits

GATE = threading.Lock()
KINDS = {}


def kind(function):
    KINDS[function.__name__] = function
    return function


def wait():
    GATE.acquire()


def wait_and_return(value):
    wait()
    return value


@kind
def recursion(depth=30):
    if depth:
        return recursion(depth - 1) + 1
    return wait()


@kind
def deep(depth=480):
    (deep if depth > 1 else wait)(*([depth - 1] if depth > 1 else []))


def numbers(count):
    yield from inner_numbers(count)


def inner_numbers(count):
    for number in range(count):
        if number == 3:
            wait()
        yield number


@kind
def generators():
    return sum(2 * number for number in numbers(5))


@kind
def comprehension():
    return [[wait_and_return(column) for column in range(2)] for row in range(1)]


@kind
def json_hook():
    return json.loads('{"a": {"b": 1}}', object_hook=lambda found: wait_and_return(found))


@kind
def json_default():
    return json.dumps({"a": [object()]}, default=lambda value: wait_and_return(1))


@kind
def regular_expression():
    return re.sub("b+", lambda match: wait_and_return("x"), "abbc")


@kind
def sorting():
    return sorted([3, 1, 2], key=lambda number: wait_and_return(number))


class Shop:
    def __init__(self, open_now=True):
        self.name = "shop"
        if open_now:
            self.prices()

    def prices(self):
        return self.total

    @property
    def total(self):
        return self.of_class()

    @classmethod
    def of_class(cls):
        return cls.of_nobody()

    @staticmethod
    def of_nobody():
        return functools.reduce(lambda left, right: wait_and_return(left), [1, 2])

    def __getitem__(self, key):
        return wait_and_return(key)

    def __lt__(self, other):
        return wait_and_return(True)

    def __del__(self):
        wait()


@kind
def classes():
    return Shop()


@kind
def operators():
    return max(Shop(False), Shop(False))


@kind
def subscript():
    return Shop(False)[1]


@kind
def destructor():
    shop = Shop(False)
    del shop


@kind
def executed():
    exec(compile("def made():\n  x = 1\n  wait()\n\n\nmade()", "<made>", "exec"), {"wait": wait})


@kind
def unicode_names():
    def größe_名前():
        wait()

    größe_名前()


@kind
def far_lines():
    lines = ["values = {'a': [2,", *[""] * 300, "3],", "'c': wait(),", *[""] * 150, "'d': 1}"]
    exec(compile("\n".join(lines), "<far>", "exec"), {"wait": wait})


@kind
def exception_handling():
    try:
        raise ValueError
    except ValueError:
        try:
            wait()
        finally:
            pass


@kind
def with_statement():
    class Context:
        def __enter__(self):
            return self

        def __exit__(self, *exception):
            wait()

    with Context():
        pass


@kind
def event_loop():
    async def leaf():
        wait()

    async def middle():
        await leaf()

    async def outer():
        await asyncio.gather(middle())

    loop = asyncio.new_event_loop()
    loop.run_until_complete(outer())


@kind
def async_generator():
    async def produce():
        yield 1
        wait()

    async def consume():
        async for _ in produce():
            pass

    loop = asyncio.new_event_loop()
    loop.run_until_complete(consume())


@kind
def importing():
    import module_that_waits_inside  # noqa: F401


@kind
def partial_call():
    functools.partial(map, wait_and_return)([1]).__next__()


def frames_of(frame):
    found = []
    while frame is not None:
        code = frame.f_code
        found.append([getattr(code, "co_qualname", code.co_name), code.co_filename, frame.f_lineno])
        frame = frame.f_back
    return found


def waiting(thread):
    frame = sys._current_frames().get(thread.ident)
    return frame is not None and frame.f_code is wait.__code__


def report(threads):
    frames = {str(ident): frames_of(frame) for ident, frame in sys._current_frames().items()}
    frames[str(threading.get_ident())] = frames[str(threading.get_ident())][1:]
    kinds = {str(thread.ident): thread.name for thread in threads}
    print(json.dumps({"pid": __import__("os").getpid(), "threads": frames, "kinds": kinds}), flush=True)


def main():
    sys.setrecursionlimit(5000)
    GATE.acquire()
    module_that_waits.wait = wait
    threads = []
    for name in sys.argv[1:] or KINDS:
        threads.append(threading.Thread(target=KINDS[name], name=name, daemon=True))
        threads[-1].start()
        while not waiting(threads[-1]):
            threading.Event().wait(0.001)
    block(threads)


def block(threads):
    report(threads), sys.stdin.readline()


main()
