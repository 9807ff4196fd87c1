"""Twenty minutes of recording under load: disks that fill up, clocks that are set, kill -9 at random moments.

Two parts of five minutes that fit in between other things, and all of it in one.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from icetop.profiles.source import SourceError

from .conftest import Start
from .test_recording import figures_of, windows

pytestmark = [pytest.mark.bpf, pytest.mark.soak]

KEEP, DISK = 600 * 1024, 1 << 20
EACH, WHOLE = 280, 1200
SETTLED = 100
"""Seconds after which a recorder has all the memory that it needs."""

STEPPED_CLOCK = """
import os, sys, time
true, place = time.time_ns, os.environ["CLOCK"]
time.time_ns = lambda: true() + int(open(place).read() or 0)
from icetop.cli.main import run
sys.exit(run(sys.argv[1:]))
"""

SHORT_PROCESSES = (
    "while :; do ls -R /usr/include >/dev/null; grep -rq nothing /etc; sort /etc/services >/dev/null; done"
)


class Recorder:
    """A recorder whose clock and disk are the test's."""

    def __init__(self, start: Start, disk: Path, clock: Path) -> None:
        self.folder, self._clock, self._filler = disk / "recording", clock, disk / "filler"
        self._start, self._disk = start, disk
        self.set_clock(0)

    def begin(self) -> None:
        words = ["record", "-o", self.folder, "--window", "1", "--keep", str(KEEP)]
        command = ["env", f"CLOCK={self._clock}", sys.executable, "-c", STEPPED_CLOCK, *words]
        self.process = self._start(*command, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def set_clock(self, seconds: int) -> None:
        new = self._clock.with_suffix(".new")
        new.write_text(str(seconds * 1_000_000_000))
        new.replace(self._clock)

    def fill_disk(self) -> None:
        with self._filler.open("wb") as file, suppress(OSError):
            while True:
                os.write(file.fileno(), bytes(4096))

    def free_disk(self) -> None:
        self._filler.unlink(missing_ok=True)

    def memory(self) -> int:
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * 4096

    def check(self) -> None:
        """The bound holds, and no window but those that are kept is there."""
        sizes = []
        for path in windows(self.folder):
            try:
                sizes.append(path.stat().st_size)
            except FileNotFoundError:
                continue
        assert sum(sizes) <= KEEP


@pytest.fixture
def recorder(start: Start, shares: Path, tmp_path: Path) -> Iterator[Recorder]:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", disk], check=True)
    start(shares)
    start("sh", "-c", SHORT_PROCESSES, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield Recorder(start, disk, tmp_path / "clock")
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def trouble(recorder: Recorder, rng: random.Random) -> None:
    """What may happen in a second."""
    if rng.random() < 0.03:
        recorder.set_clock(rng.randint(-7200, 7200))
    if rng.random() < 0.03:
        recorder.fill_disk()
    elif rng.random() < 0.2:
        recorder.free_disk()


def read(recorder: Recorder, seen: set[str]) -> None:
    """Look at the windows that were not looked at before."""
    for path in windows(recorder.folder):
        if path.name not in seen:
            try:
                found = figures_of(path)
            except SourceError:
                assert not path.exists(), "a window that is there is whole"
                continue
            assert found.expected == found.samples + found.lost, path
            seen.add(path.name)


def without_a_kill(recorder: Recorder, seconds: float, seen: set[str]) -> None:
    """One life with full disks and clocks that are set: memory stays, and every window reads."""
    rng, memory = random.Random(), list[int]()
    begun = time.monotonic()
    recorder.begin()
    while (since := time.monotonic() - begun) < seconds:
        time.sleep(1)
        trouble(recorder, rng)
        assert recorder.process.poll() is None
        recorder.check()
        if since > SETTLED:
            memory.append(recorder.memory())
        if rng.random() < 0.1:
            read(recorder, seen)
    half = len(memory) // 2
    assert max(memory[half:]) < 1.15 * max(memory[:half]), "memory grows"
    recorder.process.send_signal(signal.SIGTERM)
    recorder.process.wait(60)
    recorder.free_disk()
    read(recorder, seen)
    print(f"{len(seen)} windows read; {min(memory) / 1e6:.1f} to {max(memory) / 1e6:.1f} MB")


def with_kills(recorder: Recorder, seconds: float, seen: set[str]) -> int:
    """Many lives, each killed at a random moment, full disks and set clocks as well; gives their number."""
    rng, lives = random.Random(), 0
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        recorder.begin()
        time.sleep(rng.uniform(0.2, 8))
        trouble(recorder, rng)
        recorder.kill()
        recorder.check()
        read(recorder, seen)
        lives += 1
    print(f"{lives} lives, {len(seen)} windows read")
    return lives


def test_full_disks_and_clocks_that_are_set_cost_no_memory_and_no_finished_window(recorder: Recorder) -> None:
    seen = set[str]()
    without_a_kill(recorder, EACH, seen)
    assert len(seen) > 5


def test_kills_at_random_moments_cost_no_finished_window(recorder: Recorder) -> None:
    seen = set[str]()
    assert with_kills(recorder, EACH, seen) > 20
    assert len(seen) > 50


def test_twenty_minutes_of_all_that(recorder: Recorder) -> None:
    seen = set[str]()
    without_a_kill(recorder, WHOLE / 2, seen)
    assert len(seen) > 20
    assert with_kills(recorder, WHOLE / 2, seen) > 40
    assert len(seen) > 120
