"""What the live app costs while it runs: CPU of all its processes, memory and bytes written.

    python benchmarks/living.py [SECONDS]

The floor is a bare Textual app that repaints nothing; the peer is py-spy top, which looks at one process.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from measuring import ICETOP, Terminal, built, cpu_seconds, family, memory_mb, running
from starting import BARE, PYTHON_TARGET

SETTLE = 5.0


def cost_of(words: list[str], seconds: float, end: bytes = b"q") -> dict[str, float]:
    """Percent of a core, Pss in MB and bytes a second, once it has settled."""
    terminal = Terminal(words)
    try:
        terminal.read(SETTLE)
        pids = family(terminal.pid)
        before, begin = sum(map(cpu_seconds, pids)), time.monotonic()
        written = 0
        while time.monotonic() - begin < seconds:
            written += len(terminal.read(1.0))
        elapsed = time.monotonic() - begin
        return {
            "% of a core": 100 * (sum(map(cpu_seconds, pids)) - before) / elapsed,
            "Pss MB": sum(map(memory_mb, pids)),
            "bytes/s": written / elapsed,
            "processes": len(pids),
        }
    finally:
        terminal.end(end)


def main() -> None:
    """One after the other, on a machine with one busy core."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with tempfile.TemporaryDirectory() as name, running(built("shares", Path(name))):
        rows = {"icetop (whole host)": cost_of([*ICETOP], seconds)}
        rows["bare Textual app"] = cost_of([sys.executable, "-c", BARE], seconds / 4, b"\x11")
        if shutil.which("py-spy"):
            with running(sys.executable, "-c", PYTHON_TARGET) as python:
                rows["py-spy top (one process)"] = cost_of(["py-spy", "top", "-p", str(python)], seconds / 4, b"\x03")
    print(f"over {seconds:.0f} s at 99 Hz, 120x40, one busy core; ratio: icetop to it")
    ours = rows["icetop (whole host)"]
    for tool, row in rows.items():
        print(
            f"{tool:26}", "   ".join(f"{v:9.2f} {k} ({ours[k] / v:.2f}x)" if v else f"{v} {k}" for k, v in row.items())
        )


if __name__ == "__main__":
    main()
