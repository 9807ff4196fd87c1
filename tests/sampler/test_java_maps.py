"""When JVMs are asked, by whom, and what is said of it; a command of the test's own stands in for what asks."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from icetop.sampler.java_maps import FIRST_PAUSE, MOST_AT_ONCE, JavaMaps


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def maps(program: str, clock: Clock, wanted: bool = True) -> JavaMaps:
    return JavaMaps(wanted, (sys.executable, "-c", program), clock)


def asked(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def settle(java: JavaMaps, key: tuple[int, int]) -> list[str]:
    """Until the child that asks has ended: what is said then."""
    for _ in range(1000):
        said = java.ask([])
        if said or java._asked[key].child is None:
            return [str(notice) for notice in said]
        time.sleep(0.02)
    raise AssertionError("it does not end")


def test_only_when_wanted_and_with_growing_pauses(tmp_path: Path) -> None:
    clock = Clock()
    program = f"import sys, time; open(f'{tmp_path}/{{sys.argv[1]}}-{{time.time_ns()}}', 'w')"
    java = maps(program, clock, wanted=False)
    assert java.ask([((7, 1), "java Shop")]) == [] and asked(tmp_path) == []
    java.wanted = True
    expected = 0
    for pause in (FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE):
        java.ask([((7, 1), "java Shop")])
        assert settle(java, (7, 1)) == []
        expected += 1
        clock.now += pause - 0.1
        java.ask([((7, 1), "java Shop")])
        assert len(asked(tmp_path)) == expected, "not before its time"
        clock.now += 0.2
    assert all(name.startswith("7-") for name in asked(tmp_path))
    java.ask([((7, 1), "java Shop")], last=True)
    assert len(asked(tmp_path)) == expected + 1, "the end waits for what it asked"
    java.close()


def test_what_goes_wrong_is_said() -> None:
    clock = Clock()
    java = maps("print('this JVM cannot'); raise SystemExit(1)", clock)
    java.ask([((7, 1), "java Shop")])
    (said,) = settle(java, (7, 1))
    assert "this JVM cannot" in said
    java.close()


def test_one_that_hangs_is_ended(tmp_path: Path) -> None:
    clock = Clock()
    java = maps("import time; time.sleep(1000)", clock)
    java.ask([((pid, 1), "java Shop") for pid in range(20)])
    children = [entry.child for entry in java._asked.values() if entry.child is not None]
    assert len(children) == MOST_AT_ONCE
    clock.now += 100
    said = java.ask([])
    assert len(said) == MOST_AT_ONCE and all("no answer" in str(notice) for notice in said)
    assert all(child.poll() is not None for child in children)
    java.close()
