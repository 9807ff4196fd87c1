"""Work in C code that Python calls, for ever."""

import json
import random
import re
import zlib


def fib(number: int) -> int:
    return number if number < 2 else fib(number - 1) + fib(number - 2)


print("running", flush=True)
while True:
    fib(12)
    json.loads(json.dumps([random.random() for _ in range(300)]))
    re.findall("(a|b)*c", "ab" * 100 + "c")
    zlib.compress(bytes(20000))
    sorted(range(2000), key=lambda number: -number)
