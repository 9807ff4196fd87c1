"""What the screen costs: bytes a refresh and a key, key to paint while live data comes in (of 128 cores, too, and in a
picker of 5,000 processes), opening a large file, and CPU and memory of the app alone at 10, 500 and 5,000 stacks a
second.

    python benchmarks/screen.py [truecolor|16|busy|costs|files ...]

The floor is a bare Textual app that shows the key pressed, on the same machine in the same run.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from pathlib import Path

from measuring import ICETOP, ROOT, Terminal, cpu_seconds, memory_mb

SECOND = 1_000_000_000
KEYS = 60
PROCESSES = 5_000
BACKLOG = 40
"""Seconds of data that are there at once, so that the window of the live view is full as it mostly is."""

SIZE = (200, 50)
ECHO = """
from textual.app import App
from textual.widgets import Static
class Echo(App):
    def compose(self):
        yield Static("ready", id="text")
    def on_key(self, event):
        if event.key == "q": self.exit()
        self.query_one("#text").update(f"{event.key} " * 5 + str(self.count))
        self.count += 1
    count = 0
Echo().run()
"""


SECONDS_MADE = BACKLOG
"""Seconds of counts made ahead and yielded over and over: making them is no cost of the app."""


class Wide:
    """A live source of so many stack nodes, so many of its stacks hit each second."""

    live = True

    def __init__(self, nodes: int, rows: int = 0) -> None:
        import threading

        self._nodes = nodes
        self._rows = rows or max(nodes // 20, 20)
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End."""
        self._stopped.set()

    def deltas(self) -> Iterator[object]:
        """Tables, then a second of counts each second."""
        from icetop.profiles.delta import Context, Counts, Delta, Vitals
        from icetop.profiles.locations import Line, Location
        from icetop.profiles.series import Series
        from icetop.profiles.stacks import ROOTS
        from icetop.profiles.vocabulary import Language

        choose = random.Random(5)
        names = max(self._nodes // 8, 50)
        locations = [Location(Language.NATIVE, f"/b{n % 40}", "b", n, (Line(f"function_{n}"),)) for n in range(names)]
        nodes = [(0, choose.randrange(names))]
        while len(nodes) < self._nodes:
            parent = ROOTS + int(len(nodes) * choose.random() ** 0.7)
            nodes.append((min(parent, ROOTS + len(nodes) - 1), choose.randrange(names)))
        series = [Series(100 + n, n, 100 + n, f"program{n}") for n in range(12)]
        start = time.time_ns() // SECOND * SECOND - BACKLOG * SECOND
        context = Context("host", "6.18", 128, start, 99)
        yield Delta(start, start, locations=locations, nodes=nodes, series=series, context=context)
        begin, seconds = start, [Counts() for _ in range(SECONDS_MADE)]
        for counts in seconds:
            for _ in range(self._rows):
                leaf = ROOTS + choose.randrange(self._nodes)
                counts.add(leaf, leaf % 12, 1 + leaf % 3, (1 + leaf % 3) * (SECOND // 99))
        for counts in cycle(seconds):
            if self._stopped.is_set():
                return
            yield Delta(
                start, start + SECOND, counts={"cpu": counts}, expected=sum(counts.samples), vitals=Vitals(100.0)
            )
            start += SECOND
            if start > begin + BACKLOG * SECOND:
                self._stopped.wait(1.0)


def serve(nodes: int, rows: int) -> None:
    """Be the app over such a source, on a machine that has very many processes."""
    sys.path.insert(0, str(ROOT / ".namespace"))
    from icetop.profiles.view import View
    from icetop.tui.app import run_app
    from icetop.tui.process_reader import LiveProcess, ProcessReader

    processes = [LiveProcess(n, f"name{n}", f"title of {n}", n / 100, n * 1000) for n in range(1, PROCESSES + 1)]
    ProcessReader._read_all = lambda self, first: self._tell(processes)  # type: ignore[method-assign]

    sys.exit(run_app(Wide(nodes, rows), view=View(), color=sys.argv[3]))  # type: ignore[arg-type]


def keys_of(terminal: Terminal, keys: bytes) -> tuple[list[float], list[float], list[int]]:
    """For each key, typed at moments that have nothing to do with the data: ms to first and last byte, and bytes."""
    first, last, sizes = [], [], []
    for number in range(KEYS):
        terminal.read(0.05 + 0.013 * (number % 17))
        begin = time.monotonic()
        terminal.press(keys[number % len(keys) :][:1])
        size, seen = 0, 0.0
        while time.monotonic() - begin < 0.5:
            got = len(terminal.read_some(0.06))
            if got:
                seen = seen or time.monotonic()
                last_at, size = time.monotonic(), size + got
            elif seen:
                break
        if seen:
            first.append(1000 * (seen - begin))
            last.append(1000 * (last_at - begin))
            sizes.append(size)
    return first, last, sizes


def line(name: str, terminal: Terminal, keys: bytes) -> float:
    """Measure and print one row; gives the 95th percentile of the first byte."""
    first, last, sizes = keys_of(terminal, keys)
    if len(first) < 10:
        print(f"{name:34} only {len(first)} of {KEYS} keys were answered")
        return float("nan")
    p95 = statistics.quantiles(first, n=20)[-1]
    print(
        f"{name:34} first byte {statistics.median(first):6.1f} ms (p95 {p95:6.1f})   "
        f"last byte {statistics.median(last):6.1f} ms   {statistics.median(sizes):6.0f} bytes a key"
    )
    return p95


def refreshes(terminal: Terminal, seconds: float) -> float:
    """Bytes a second without keys: the app refreshes once a second."""
    begin, written = time.monotonic(), 0
    while time.monotonic() - begin < seconds:
        written += len(terminal.read(0.5))
    return written / (time.monotonic() - begin)


def folded(path: Path) -> None:
    """A folded file of 63,000 stacks and about 20 MB."""
    choose = random.Random(3)
    with path.open("w") as file:
        for number in range(63_000):
            depth = 8 + choose.randrange(14)
            frames = (f"module{choose.randrange(30)}::function{choose.randrange(9)}_{level}" for level in range(depth))
            file.write(f"main;{';'.join(frames)} {1 + number % 7}\n")


def main(wanted: list[str]) -> None:
    """All rows, or those of some parts."""
    echo = Terminal([sys.executable, "-c", ECHO], *SIZE)
    print(f"bare Textual app: ready after {echo.wait_for(b'ready'):.2f} s")
    floor = line("bare Textual app, idle", echo, b"abc")
    echo.end()
    for part in wanted or PARTS:
        PARTS[part](floor)


def live(color: str, floor: float) -> None:
    """Bytes a refresh, and keys, on trees of three sizes."""
    for nodes in (1_000, 20_000, 100_000):
        terminal = Terminal([sys.executable, __file__, "--serve", str(nodes), color, "0"], *SIZE)
        terminal.wait_for(b"of CPU", 40)
        terminal.read(4.0)
        terminal.press(b"jj")
        print(f"{color} {nodes} nodes: {refreshes(terminal, 6.0) / 1000:.1f} kB a refresh at 200x50")
        p95 = line(f"{color}, {nodes} nodes live", terminal, b"kj")
        print(f"{'':34} p95 to the bare app: {p95 / floor:.1f}x")
        terminal.end()


def busy_machine(floor: float) -> None:
    """Keys while 128 cores are busy, and in a picker of thousands of processes."""
    terminal = Terminal([sys.executable, __file__, "--serve", "20000", "truecolor", str(128 * 99)], *SIZE)
    terminal.wait_for(b"of CPU", 40)
    terminal.read(4.0)
    terminal.press(b"jj")
    p95 = line("128 busy cores, live", terminal, b"kj")
    print(f"{'':34} p95 to the bare app: {p95 / floor:.1f}x")
    terminal.press(b"p")
    terminal.read(3.0)
    p95 = line("picker, 5,000 processes", terminal, b"na\x15")
    print(f"{'':34} p95 to the bare app: {p95 / floor:.1f}x")
    terminal.press(b"\x1b")
    terminal.read(1.0)
    terminal.end()


def costs(floor: float) -> None:
    """CPU and memory of the app alone: what comes in comes from within."""
    for rows, nodes in ((10, 200), (500, 20_000), (5_000, 100_000)):
        terminal = Terminal([sys.executable, __file__, "--serve", str(nodes), "16", str(rows)], *SIZE)
        terminal.wait_for(b"of CPU", 40)
        terminal.read(5.0)
        before, begin = cpu_seconds(terminal.pid), time.monotonic()
        written = refreshes(terminal, 20.0)
        used = 100 * (cpu_seconds(terminal.pid) - before) / (time.monotonic() - begin)
        print(
            f"{rows:5} stacks a second, {nodes} nodes: {used:.1f} % of a core, {memory_mb(terminal.pid):.0f} MB (Pss), "
            f"{written / 1000:.1f} kB a second"
        )
        terminal.end()


def files(floor: float) -> None:
    """A large file, as text and packed."""
    with tempfile.TemporaryDirectory() as name:
        path, packed = Path(name) / "large.folded", Path(name) / "large.pb.gz"
        folded(path)
        subprocess.run([*ICETOP, "convert", str(path), str(packed)], check=True)
        for file in (path, packed):
            opened(file)


def opened(path: Path) -> None:
    """Open a file: until the first picture, until the last, and what it took."""
    terminal = Terminal([*ICETOP, "open", str(path), "--color", "16"], *SIZE)
    shown = terminal.wait_for(b"Total", 60)
    last = time.monotonic()
    while time.monotonic() - last < 3.0:
        last = time.monotonic() if terminal.read_some(0.2) else last
    print(
        f"{path.name}, {path.stat().st_size / 1e6:.1f} MB: first picture after {shown:.2f} s, "
        f"all of it after {min(last - terminal.begin, 60):.2f} s, {cpu_seconds(terminal.pid):.2f} s of CPU, "
        f"{memory_mb(terminal.pid):.0f} MB (Pss)"
    )
    line("keys in it", terminal, b"jk")
    terminal.end()


PARTS: dict[str, Callable[[float], None]] = {
    "truecolor": partial(live, "truecolor"),
    "16": partial(live, "16"),
    "busy": busy_machine,
    "costs": costs,
    "files": files,
}

if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(int(sys.argv[2]), int(sys.argv[4]))
    else:
        main(sys.argv[1:])
