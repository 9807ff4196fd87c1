"""When pictures are taken: at once for a key, and while one is held down when it is let go of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from icetop.tui import refresher
from icetop.tui.refresher import QUICK, REPEATING, SETTLED, Refresher


class Clock:
    """Time that goes by only when told to; what is to be called later is called then."""

    def __init__(self) -> None:
        self.now = 100.0
        self.calls: list[tuple[float, Callable[[], None]]] = []

    def monotonic(self) -> float:
        return self.now

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        self.calls.append((self.now + seconds, call))

    def wait(self, seconds: float) -> None:
        self.now += seconds
        due = [call for when, call in self.calls if when <= self.now]
        self.calls = [(when, call) for when, call in self.calls if when > self.now]
        for call in due:
            call()


def started(clock: Clock, taken: list[float], seconds: float) -> Refresher:
    """One whose pictures take so long."""

    async def take() -> float:
        taken.append(clock.now)
        clock.now += seconds
        return seconds

    def start(work: Coroutine[Any, Any, None]) -> None:
        asyncio.run(work)

    return Refresher(take, start, clock.later, eager=False)


@pytest.mark.parametrize(("seconds", "while_held"), [(QUICK / 2, 5), (QUICK * 3, 1)])
def test_a_key_that_is_held_down_waits_for_no_picture_that_takes_long(
    monkeypatch: pytest.MonkeyPatch, seconds: float, while_held: int
) -> None:
    clock, taken = Clock(), []
    monkeypatch.setattr(refresher, "time", clock)
    one = started(clock, taken, seconds)
    for _ in range(5):
        one.at_once()
        clock.wait(SETTLED / 2)
    assert len(taken) == while_held
    clock.wait(SETTLED)
    assert len(taken) == max(while_held, 2), "what was chosen last is shown once the key is let go of"
    clock.wait(2 * REPEATING)
    one.at_once()
    assert len(taken) == max(while_held, 2) + 1, "a single key is answered at once"
