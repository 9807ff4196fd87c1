"""What a day's recording takes to open, a range of it to be told, and how much memory: a recording of some minutes is
replayed until it fills a day.

    icetop record -o RECORDING --window 10 -d 420
    python benchmarks/day.py make RECORDING DAY
    python benchmarks/day.py open DAY [RUNS]

Of the day, the windows that are opened have their own times; of the others nothing is read but the names, and they are
links to those of the recording.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from icetop.profiles.view import EVERYTHING
from icetop.snapshots import profile_pb2 as pprof
from icetop.snapshots.labels import COMMENT, END_TIME
from icetop.snapshots.recording import Part, Recording
from icetop.snapshots.window_names import window_name
from measuring import ICETOP, Terminal, middle, run_and_measure

DAY_S, MINUTES = 86_400, 7
SECOND = 1_000_000_000


def moved(content: bytes, shift_ns: int) -> bytes:
    """A window at another time."""
    file = pprof.Profile.FromString(gzip.decompress(content))
    file.time_nanos += shift_ns
    time = list(file.string_table).index(END_TIME)
    for sample in file.sample:
        label = sample.label[-1]
        assert label.key == time
        label.num += shift_ns
    place = file.comment[0]
    note = json.loads(file.string_table[place].removeprefix(COMMENT))
    note["start_ns"] += shift_ns
    note["buckets"]["gap"][0] += shift_ns
    file.string_table[place] = COMMENT + json.dumps(note, separators=(",", ":"))
    return gzip.compress(file.SerializeToString(), 1, mtime=0)


def replay(part: Part, shift: int, folder: str, looked_at: bool) -> None:
    """Put one window at another time."""
    start, end = part.window.start_ns + shift, part.window.end_ns + shift
    path = Path(folder, window_name(start, end, part.window.busy_cores))
    if looked_at:
        path.write_bytes(moved(Path(part.path).read_bytes(), shift))
    else:
        path.hardlink_to(part.path)


def make(recording: str, folder: str) -> None:
    """Replay a recording until a day is full."""
    found = Recording([recording])
    length = found.end_ns - found.start_ns
    rounds = DAY_S * SECOND // length
    Path(folder).mkdir()
    middle_ns = found.end_ns - rounds * length // 2
    for number in range(rounds):
        shift = length * (number - rounds + 1)
        away = abs(found.start_ns + shift - middle_ns)
        for part in found.parts:
            replay(part, shift, folder, number == rounds - 1 or away < 2 * max(length, 60 * MINUTES * SECOND))


def told(folder: str, *words: str) -> dict[str, object]:
    """The report as JSON."""
    done = subprocess.run([*ICETOP, "report", folder, "--format", "json", *words], stdout=subprocess.PIPE, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def first_picture(folder: str, text: bytes) -> float:
    """Seconds after Enter until the graph is on the screen."""
    terminal = Terminal([*ICETOP, "open", folder])
    try:
        return terminal.wait_for(text)
    finally:
        terminal.end()


def main() -> None:
    """Make a day, or open it."""
    if sys.argv[1] == "make":
        make(sys.argv[2], sys.argv[3])
        return
    folder, runs = sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 5
    found = Recording([folder])
    end = found.start_ns + (found.end_ns - found.start_ns) // 2
    clock = [f"{datetime.fromtimestamp(at // SECOND):%H:%M:%S}" for at in (end - 60 * MINUTES * SECOND, end)]
    span = "..".join(clock)
    report = told(folder, "--range", span, "--top", "1")
    largest = max(told(folder, "--range", "-60..-0")["processes"], key=lambda row: row["percent"])  # type: ignore
    print(f"{len(found.within(EVERYTHING)):,} windows; {span}: {report['samples']:,} samples; {largest['name']} first")
    opened = [first_picture(folder, largest["name"].encode()) for _ in range(runs)]
    print(f"first picture after {middle(opened)} s")
    costs = [run_and_measure([*ICETOP, "report", folder, "--range", span]) for _ in range(runs)]
    print(f"report of {MINUTES} minutes: {middle([cost.wall_s for cost in costs])} s")
    print(f"  CPU {middle([cost.cpu_s for cost in costs])} s, peak {max(cost.peak_mb for cost in costs):.0f} MB")


if __name__ == "__main__":
    main()
