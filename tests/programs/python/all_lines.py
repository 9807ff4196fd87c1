"""Prints, for each code object of some modules, its table of lines and what the interpreter makes of it.

A line of JSON each: [table in hex, first line, [[offset, line or null], ...]].
"""

import asyncio.base_events
import json
import json.encoder
import subprocess
import sys
import types


def code_objects(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from code_objects(constant)


def lines_of(code):
    if sys.version_info >= (3, 10):  # noqa: UP036
        return [[offset, line] for start, end, line in code.co_lines() for offset in range(start, end, 2)]
    import dis

    starts, line, found = dict(dis.findlinestarts(code)), code.co_firstlineno, []
    for offset in range(0, len(code.co_code), 2):
        line = starts.get(offset, line)
        found.append([offset, line])
    return found


FAR = "\n" * 300
STRANGE = f"""
def far(x):
    y = [1,
{FAR}
         x]
    for i in y:
        try:
            if x: continue
        finally:
            x = (lambda a:
{FAR}
                 a)(
                 i)
    while True:
        with open(x) as f, open(
            y) as g:
            if f:
                break
            return [
                z for z in f
            ]
    assert x, (
        y)
"""

codes = [compile(STRANGE, "<strange>", "exec")]
for module in (asyncio.base_events, json.encoder, subprocess):
    with open(module.__file__) as file:
        codes.append(compile(file.read(), module.__file__, "exec"))
for top in codes:
    for code in code_objects(top):
        table = code.co_linetable if sys.version_info >= (3, 10) else code.co_lnotab
        print(json.dumps([table.hex(), code.co_firstlineno, lines_of(code)]))
