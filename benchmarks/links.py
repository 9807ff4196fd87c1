"""What a slow link makes of the live app: how long until a key shows, and whether anything piles up.

    python benchmarks/links.py [SECONDS]

A pseudo terminal is read no faster than the link carries; what is typed, and what the terminal answers, takes the
delay of the way back. A key has shown when its effect stands on the emulated screen.
"""

from __future__ import annotations

import os
import sys
import time

from measuring import ICETOP, ROOT, memory_mb

sys.path.insert(0, str(ROOT / ".namespace"))

from icetop.tests.tui.pseudo_terminal import on_a_terminal
from icetop.tests.tui.slow_link import SlowLink

LINKS = (("4 KB/s, 300 ms", 4_000, 0.3), ("20 KB/s, 100 ms", 20_000, 0.1), ("1 MB/s, 20 ms", 1_000_000, 0.02))
KEYS = ((b"w", "last 5 min"), (b"w", "all of it"), (b"w", "last 5 s"), (b"w", "last 30 s"))


def on_link(name: str, rate: int, delay: float, seconds: float) -> None:
    """One row: the first picture, keys over all the time, and memory at the beginning and at the end."""
    environ = {**os.environ, "TERM": "xterm-256color"}
    begin = time.monotonic()
    with on_a_terminal([*ICETOP], environ) as (terminal, pid):
        link = SlowLink(terminal, rate, delay)
        link.sees("of CPU")
        shown = time.monotonic() - begin
        link.wait(5)
        before, sent, waits = memory_mb(pid), len(terminal.output), []
        while time.monotonic() < begin + shown + 5 + seconds:
            key, effect = KEYS[len(waits) % len(KEYS)]
            typed = time.monotonic()
            link.type(key)
            link.sees(effect)
            waits.append(time.monotonic() - typed)
            link.wait(1.3)
        after, sent = memory_mb(pid), len(terminal.output) - sent
    waits.sort()
    print(
        f"{name:16} first picture {shown:4.1f} s   key to effect: median {waits[len(waits) // 2]:.2f} s, "
        f"95 % {waits[int(len(waits) * 0.95)]:.2f} s, longest {waits[-1]:.2f} s of {len(waits)}   "
        f"{sent / seconds / 1000:.1f} kB/s   memory {before:.0f} -> {after:.0f} MB (Pss)"
    )


def main() -> None:
    """All links; the slowest for so many seconds (60), the others for a third of them."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    for place, (name, rate, delay) in enumerate(LINKS):
        on_link(name, rate, delay, seconds / (3 if place else 1))


if __name__ == "__main__":
    main()
