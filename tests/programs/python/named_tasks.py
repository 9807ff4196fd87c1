"""Three tasks that take turns, two with names: `python named_tasks.py SECONDS [MORE]`. MORE tasks with names come and
go meanwhile."""

import asyncio
import sys
import time


def spin():
    return sum(range(3000))


async def work():
    while True:
        spin()
        await asyncio.sleep(0)


async def once():
    spin()


async def main():
    tasks = [asyncio.create_task(work(), name="fetch prices"), asyncio.create_task(work(), name="thumbnails")]
    tasks.append(asyncio.create_task(work()))
    tasks[-1].get_name()
    number = 0
    while time.process_time() < float(sys.argv[1]):
        if len(sys.argv) > 2:
            number += 1
            await asyncio.create_task(once(), name=f"request {number}")
        await asyncio.sleep(0)
    for task in tasks:
        task.cancel()


asyncio.run(main())
