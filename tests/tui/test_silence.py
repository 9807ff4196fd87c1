"""A live source that says nothing any more is no live view, and the screen says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from icetop.profiles.delta import Delta
from icetop.tests.tui.moving_source import MovingSource
from icetop.tests.tui.test_app import running


class Stalling:
    """Says what a moving source does, is silent until it is let go on, says one more second, and is silent again."""

    live = True
    heard_every_s = 0.05

    def __init__(self) -> None:
        self._source = MovingSource(backlog=20, limit=20)
        self.goes_on, self.over = threading.Event(), threading.Event()

    def deltas(self) -> Iterator[Delta]:
        last = None
        for delta in self._source.deltas():
            last = delta if not delta.last else last
            if not delta.last:
                yield delta
        self.goes_on.wait(60)
        while last is not None and not self.over.wait(self.heard_every_s):
            yield Delta(last.end_ns, last.end_ns)

    def stop(self) -> None:
        self.goes_on.set()
        self.over.set()


async def test_silence_is_said_and_so_is_that_it_is_over() -> None:
    source = Stalling()
    async with running(source) as person:
        text = await person.sees("silent ")
        assert "live 00:" not in text
        await person.sees("nothing has come from the collector")
        source.goes_on.set()
        await person.sees(lambda text: "live 00:20" in text and "nothing has come" not in text)


async def test_a_source_that_promises_nothing_is_never_silent() -> None:
    source = MovingSource(backlog=5, pace=10**6)
    async with running(source) as person:
        await person.sees("live 00:05")
        assert person.app._silence.seconds is None
