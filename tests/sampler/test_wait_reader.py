"""What hangs below a wait changes with what is seen at each reading."""

from __future__ import annotations

from array import array
from types import SimpleNamespace
from typing import Any

from icetop.profiles.locations import Line, Location
from icetop.profiles.vocabulary import Language, StackEnd
from icetop.sampler.raw_stacks import RawStack
from icetop.sampler.tables import Tables
from icetop.sampler.wait_reader import WaitReader
from icetop.sampler.wait_side import RawWait, WaitReading
from icetop.sampler.waiting_tasks import MOST_LOOPS, WaitingTasks
from icetop.symbols.cpython.suspended_tasks import SuspendedTask

STACK, SPACE, PID = 7, 3, 1
KERNEL = ("__schedule", "schedule", "ep_poll", "do_epoll_wait")


def test_the_tasks_of_event_loops_are_looked_at_anew_at_each_reading() -> None:
    looks: list[int] = []
    reader, names = reading_loops(looks)
    told = []
    for second in range(2):
        names[0] = f"second {second}"
        reader.count(WaitReading([wait_of(tid) for tid in range(MOST_LOOPS)]), {STACK: 0}, lambda wait: 0)
        told.append(news(reader))
    assert looks == [*range(MOST_LOOPS), *range(MOST_LOOPS)]
    assert "[task second 0]" in told[0] and "[task second 1]" not in told[0]
    assert "[task second 1]" in told[1]


def wait_of(tid: int) -> RawWait:
    return RawWait(STACK, 0, 0, PID, tid, "python", nanoseconds=50_000_000, times=1, run_queue=False)


def reading_loops(looks: list[int]) -> tuple[WaitReader, list[str]]:
    """A reader that knows one stack, of an event loop that waits; its one task has the name in the list."""
    tables, names = Tables(), [""]
    loop, _ = tables.location(Location(Language.PYTHON, "loop.py", "", 0, (Line("asyncio.base_events.run_once"),)))

    def look(tid: int) -> list[SuspendedTask]:
        looks.append(tid)
        return [SuspendedTask(names[0], (Line("shop.fetch"),))]

    processes: Any = SimpleNamespace(suspended_tasks=lambda space: SimpleNamespace(look=look))
    stacks: Any = SimpleNamespace(user_locations=lambda raw: [loop])
    namer: Any = SimpleNamespace(
        locate_kernel=lambda place: SimpleNamespace(lines=(Line(KERNEL[(place + 1) // 16]),)),
    )
    reader = WaitReader(tables, namer, stacks, WaitingTasks(processes))
    kernel = array("Q", [16 * place for place in range(len(KERNEL))])
    reader.learn(STACK, RawStack(STACK, SPACE, 0, PID, StackEnd.COMPLETE, kernel, array("Q"), python=array("Q", [1])))
    return reader, names


def news(reader: WaitReader) -> list[str]:
    return [line.function for location in reader._tables.new_locations for line in location.lines]
