"""What is told of goroutines that wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from icetop.sampler.waiting_goroutines import WaitingGoroutines, told
from icetop.symbols.namer import Namer
from icetop.tests.programs_to_run import Start, builder, starter

LANGUAGES = Path(__file__).parent.parent / "programs" / "languages"


@pytest.fixture
def start() -> Iterator[Start]:
    """Runs a command until the test ends."""
    yield from starter()


def test_a_goroutine_in_words() -> None:
    assert told(
        ("runtime.gopark", "runtime.chanrecv", "runtime.chanrecv1", "main.take", "main.run", "runtime.goexit")
    ) == (
        "[goroutine of main.run]",
        "[in runtime.chanrecv1 < main.take < main.run]",
    )
    poll = (
        "runtime.gopark",
        "runtime.netpollblock",
        "internal/poll.runtime_pollWait",
        "net.(*conn).Read",
        "main.get\x1b",
    )
    assert told(poll) == ("[goroutine of main.get\\e]", "[in runtime.netpollblock < net.(*conn).Read < main.get\\e]")
    assert told(("runtime.gopark", "internal/x.f"))[0] == "[goroutine of internal/x.f]"


@pytest.mark.soak
@pytest.mark.parametrize("flags", [(), ("-ldflags=-s -w",), ("-buildmode=pie",)])
def test_of_a_real_program_each_has_its_functions(flags: tuple[str, ...], tmp_path: Path, start: Start) -> None:
    """Stripped or not, wherever it was loaded."""
    process = start(builder(tmp_path, LANGUAGES)("goroutines", "go", *flags, "goroutines.go"))
    tasks, found = WaitingGoroutines(Namer()), Counter[str]()
    for _ in range(100):  # until main has got as far as it goes
        tasks.begin()
        found = Counter(inner for _, inner in tasks.of(process.pid, 1))
        if found.total() == 8:
            break
    begun = {outer for outer, _ in tasks.of(process.pid, 1)}
    assert sorted(found.values()) == [1, 1, 1, 1, 1, 3]
    assert "[goroutine of main.main]" in begun and "[goroutine of main.waitInSleep]" in begun
    for innermost, function in (
        ("runtime.chanrecv1", "waitInChannel"),
        ("runtime.selectgo", "waitInSelect"),
        ("runtime.netpollblock < net.(*netFD).Read < net.(*conn).Read", "waitInRead"),
        ("runtime.gopark < time.Sleep", "waitInSleep"),
        ("runtime.semacquire1 < sync.(*Mutex).Lock", "waitInLock"),
    ):
        assert sum(inner.startswith(f"[in {innermost} < main.{function}") for inner in found) == 1, found
