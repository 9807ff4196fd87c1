"""Tasks that wait: some in a sleep, one of another task, one of a generator, one of a client. Prints a line.

python waiting_tasks.py
"""

import asyncio

WAITING = 5


async def inner(seconds):
    await asyncio.sleep(seconds)


async def outer(seconds):
    await inner(seconds)


async def numbers():
    yield 1
    await asyncio.sleep(1000)


async def consume():
    async for _ in numbers():
        pass


async def pause():
    while True:
        await asyncio.sleep(0.01)


async def main():
    tasks = [asyncio.create_task(outer(1000), name=f"sleeper {number}") for number in range(WAITING)]
    tasks.append(asyncio.create_task(consume(), name="consumer"))
    tasks.append(asyncio.create_task(pause(), name="pause"))
    await asyncio.sleep(0.1)
    print("ready", flush=True)
    await asyncio.gather(*tasks)


asyncio.run(main())
