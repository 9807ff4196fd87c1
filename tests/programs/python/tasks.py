"""Tasks that await tasks. The innermost prints a line and waits, blocking the loop.

python tasks.py direct|gather|group
"""

import asyncio
import sys


async def innermost():
    await asyncio.sleep(0)
    print(1, flush=True), sys.stdin.readline()


async def middle(kind):
    task = asyncio.get_running_loop().create_task(innermost(), name="fetch prices")
    await (asyncio.gather(task, asyncio.sleep(0)) if kind == "gather" else task)


async def main(kind):
    await asyncio.sleep(0.01)
    await asyncio.create_task(middle(kind), name="größe")


asyncio.run(main(sys.argv[1]))
