"""What comparing and going back in time cost: two profiles of 100,000 stack nodes, ten minutes, an hour.

    python benchmarks/comparison.py [trees] [hour] [scrub] [report]

The report is timed beside `go tool pprof -top -diff_base` on the same two files, where Go is installed.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from measuring import ICETOP, ROOT, Terminal, memory_mb, middle, run_and_measure
from screen import SIZE, line

sys.path.insert(0, str(ROOT / ".namespace"))
SECOND = 1_000_000_000
START = 1_790_000_000 * SECOND
TIMES = 7


class History:
    """A live source: so many seconds at once, `rows` counts in each over so many stack nodes; then one a second."""

    live = True

    def __init__(self, nodes: int, seconds: int, rows: int, new_nodes: int = 0) -> None:
        self._nodes, self._seconds, self._rows, self._new = nodes, seconds, rows, new_nodes
        self._stopped = False
        self._choose = random.Random(9)

    def stop(self) -> None:
        """End."""
        self._stopped = True

    def deltas(self) -> Iterator[Any]:
        """Tables, then the seconds; in the second half another third of the stacks is hit."""
        from icetop.profiles.delta import Context, Delta
        from icetop.profiles.locations import Line, Location
        from icetop.profiles.series import Series
        from icetop.profiles.vocabulary import Language

        names = max(self._nodes // 8, 50)
        locations = [Location(Language.NATIVE, f"/b{n % 40}", "b", n, (Line(f"function_{n}"),)) for n in range(names)]
        series = [Series(100 + n, n, 100 + n, f"program{n}") for n in range(12)]
        context = Context("host", "6.18", 16, START, 99)
        self._made, self._names = 0, names
        yield Delta(START, START, locations, self._more(self._nodes), series, context=context)
        for second in range(self._seconds):
            yield self._second(second)
        second = self._seconds
        while not self._stopped:
            time.sleep(1.0)
            yield self._second(second)
            second += 1

    def _more(self, number: int) -> list[tuple[int, int]]:
        from icetop.profiles.stacks import ROOTS

        choose, nodes = self._choose, []
        for _ in range(number):
            parent = ROOTS + int(self._made * choose.random() ** 0.7) - 1 if self._made else 0
            nodes.append((max(parent, 0 if not self._made else ROOTS), choose.randrange(self._names)))
            self._made += 1
        return nodes

    def _second(self, second: int) -> Any:
        from icetop.profiles.delta import Counts, Delta, Vitals
        from icetop.profiles.stacks import ROOTS

        nodes = self._more(self._new)
        first = self._made // 3 if second > self._seconds // 2 else 0
        leaves = [ROOTS + self._choose.randrange(first, self._made) for _ in range(self._rows)]
        counts = Counts(
            array("I", leaves),
            array("I", [leaf % 12 for leaf in leaves]),
            array("I", [1] * self._rows),
            array("q", [SECOND // 99] * self._rows),
        )
        begin = START + second * SECOND
        return Delta(begin, begin + SECOND, nodes=nodes, counts={"cpu": counts}, vitals=Vitals(self._rows / 99))


def profile_of(source: History, seconds: int) -> Any:
    """The first seconds of a source."""
    from icetop.profiles.profile import Profile

    profile = Profile()
    for number, delta in enumerate(source.deltas()):
        profile.fold(delta)
        if number == seconds:
            break
    return profile


def timed(work: Callable[[], object]) -> list[float]:
    """Milliseconds of some runs, after one that does not count."""
    work()
    found = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - begin))
    return found


def trees() -> None:
    """The comparison itself, and other views of the same profile."""
    from icetop.profiles.top_table import top_table
    from icetop.profiles.tree_builder import build_tree
    from icetop.profiles.view import Baseline, Stretch, View
    from icetop.tui.icicle_layout import lay_out

    profile = profile_of(History(100_000, 60, 8_000), 60)
    middle_ns = START + 30 * SECOND
    view = View(stretch=Stretch(middle_ns), baseline=Baseline(Stretch(START, middle_ns)))
    tree = build_tree(profile, view)
    print(
        f"two stretches of 30 s, 240,000 counts each, together {len(tree):,} boxes, {len(profile.frames):,} functions"
    )
    alone = replace(view, baseline=None)
    print(f"  one side alone, the tree       {middle(timed(lambda: build_tree(profile, alone)))} ms")
    print(f"  compared, tree and noise       {middle(timed(lambda: build_tree(profile, view)))} ms")
    print(f"  the list of what changed       {middle(timed(lambda: top_table(tree, view, 'delta')))} ms")
    print(f"  the graph laid out at 200x50   {middle(timed(lambda: lay_out(tree, 0, 200, 0, 50)))} ms")
    for name, other in (
        ("without kernel frames", replace(view, kernel=False)),
        ("leaf first", replace(view, inverted=True)),
        ("absolute", replace(view, measure="absolute")),
        ("recursion collapsed", replace(view, collapsed=True)),
    ):
        print(f"  compared, {name:21}{middle(timed(lambda view=other: build_tree(profile, view)))} ms")


def hour() -> None:
    """Memory of an hour of a busy host: 2,000 new stacks a minute, each second 500 counts."""
    script = (
        f"import sys; sys.path[:0] = [{str(ROOT / 'benchmarks')!r}, {str(ROOT / '.namespace')!r}]\n"
        "import comparison, os, gc\n"
        "from measuring import memory_mb\n"
        "import numpy\n"
        "before = memory_mb(os.getpid())\n"
        "profile = comparison.profile_of(comparison.History(5000, 3600, 500, 33), 3600)\n"
        "gc.collect()\n"
        "line = profile.timeline\n"
        "print(f'  {memory_mb(os.getpid()) - before:.0f} MB for {(line.end_ns - line.start_ns) / 1e9:.0f} s, '\n"
        "      f'{len(profile.stacks):,} nodes, counts {line.bytes / 1e6:.0f} MB, dropped {line.dropped_samples}')\n"
    )
    print("an hour of a busy host, 2,000 new stacks a minute:")
    print(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout, end="")


def scrub() -> None:
    """Keys that go through ten minutes of history, at 200x50: the marks move first, then the picture."""
    print("keys through ten minutes of history, 20,000 nodes, 500 counts a second, 200x50:")
    for color in ("truecolor", "16"):
        terminal = Terminal([sys.executable, __file__, "--serve", color], *SIZE)
        terminal.wait_for(b"of CPU", 60)
        terminal.read(5.0)
        line(f"{color}, [ and ]", terminal, b"[[]")
        terminal.press(b"c")
        terminal.read(2.0)
        line(f"{color}, [ and ], compared", terminal, b"[[]")
        print(f"  {memory_mb(terminal.pid):.0f} MB (Pss)")
        terminal.end()


def serve(color: str) -> None:
    """Be the app over such a history."""
    from icetop.profiles.view import View
    from icetop.tui.app import run_app

    sys.exit(run_app(History(20_000, 600, 500), view=View(), color=color))


def report(folder: Path) -> None:
    """`report --baseline` beside Go's pprof, on two files of about 20 MB of collapsed stacks, as pprof."""
    files = []
    for seed in (1, 2):
        choose = random.Random(seed)
        text, packed = folder / str(seed) / "load.folded", folder / str(seed) / "load.pb.gz"
        text.parent.mkdir()
        with text.open("w") as file:
            for _ in range(63_000):
                depth = 8 + choose.randrange(14)
                ways = (
                    f"module{choose.randrange(30)}::function{choose.randrange(9)}_{level}" for level in range(depth)
                )
                file.write(f"main;{';'.join(ways)} {choose.randrange(1, 9)}\n")
        subprocess.run([*ICETOP, "convert", str(text), str(packed)], check=True)
        files.append(packed)
    print(f"two files of 63,000 stacks, {text.stat().st_size / 1e6:.1f} MB as text, what changed:")
    before, after = map(str, files)
    ours = [run_and_measure([*ICETOP, "report", after, "--baseline", before]) for _ in range(3)]
    tell("icetop report --baseline", ours)
    go = shutil.which("go")
    if go is None:
        print("  Go is not installed: nothing to compare with")
        return
    os.environ["PPROF_TMPDIR"] = str(folder)
    theirs = [run_and_measure([go, "tool", "pprof", "-top", f"-diff_base={before}", after]) for _ in range(3)]
    tell("go tool pprof -diff_base", theirs)


def tell(name: str, costs: list[Any]) -> None:
    """One row of a command's cost."""
    wall, cpu = ([getattr(cost, word) for cost in costs] for word in ("wall_s", "cpu_s"))
    peak = statistics.median(cost.peak_mb for cost in costs)
    assert not any(cost.status for cost in costs), costs
    print(f"  {name:26} wall {middle(wall)} s   CPU {middle(cpu)} s   {peak:.0f} MB")


def main() -> None:
    """What was asked for, or all."""
    asked = sys.argv[1:] or ["trees", "hour", "scrub", "report"]
    for name, rows in (("trees", trees), ("hour", hour), ("scrub", scrub)):
        if name in asked:
            rows()
    if "report" in asked:
        with tempfile.TemporaryDirectory() as folder:
            report(Path(folder))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2])
    else:
        main()
