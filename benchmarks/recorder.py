"""What a recorder costs while it runs: CPU of a core and memory, of the whole host and of one busy process.

    python benchmarks/recorder.py [SECONDS]

Its start is not counted: the first 15 s are taken off.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import ICETOP, built, running

WARM_UP = 15
TICKS = os.sysconf("SC_CLK_TCK")


def used(pid: int) -> tuple[float, float]:
    """CPU seconds and resident MB of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return (int(fields[11]) + int(fields[12])) / TICKS, resident / 1e6


def cost(folder: str, *target: str, seconds: float) -> str:
    """Run a recorder and say what it cost a second."""
    words = [*ICETOP, "record", "-o", folder, "--window", "10", *target]
    recorder = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    time.sleep(WARM_UP)
    before, _ = used(recorder.pid)
    time.sleep(seconds)
    after, memory = used(recorder.pid)
    recorder.send_signal(signal.SIGTERM)
    recorder.wait()
    sizes = [path.stat().st_size for path in Path(folder).glob("*.pb.gz")]
    each = sum(sizes) / len(sizes) / 1024
    return f"{100 * (after - before) / seconds:5.2f} % of a core, {memory:5.1f} MB, {each:.0f} KiB a window"


def main() -> None:
    """Measure one after the other."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with tempfile.TemporaryDirectory() as name, running(built("shares", Path(name))) as busy:
        print(f"one busy process: {cost(f'{name}/one', '-p', str(busy), seconds=seconds)}")
        print(f"the whole host:   {cost(f'{name}/host', seconds=seconds)}")
    print(f"load meanwhile {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
