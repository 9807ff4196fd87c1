"""What the benchmarks share: running a program on a terminal of its own, and what a run cost."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# An installed icetop finds its modules compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ.setdefault("PYTHONPYCACHEPREFIX", str(Path(tempfile.gettempdir()) / "icetop-benchmarks"))

ROOT = Path(__file__).resolve().parent.parent
ICETOP = [sys.executable, "-m", "icetop"]
PROGRAMS = ROOT / "tests" / "programs"

os.environ.pop(
    "PYTHONDONTWRITEBYTECODE", None
)  # what is installed is compiled: starting is not to compile it each time


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost: CPU seconds and peak resident memory of the process and the children it waited for."""

    cpu_s: float
    peak_mb: float
    wall_s: float
    status: int


def run_and_measure(words: Sequence[str], stop_after: float | None = None) -> Cost:
    """Run a command to its end, or interrupt it after so many seconds."""
    begin = time.monotonic()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    if stop_after is not None:
        time.sleep(stop_after)
        process.send_signal(signal.SIGINT)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, time.monotonic() - begin, process.returncode)


class Terminal:
    """A program on a pseudo-terminal; what it writes is read and kept."""

    def __init__(self, words: Sequence[str], columns: int = 120, rows: int = 40, term: str = "xterm-256color") -> None:
        self.begin = time.monotonic()
        self.pid, self._fd = pty.fork()
        if not self.pid:
            os.environ.update(TERM=term, COLUMNS=str(columns), LINES=str(rows))
            os.execvp(words[0], list(words))
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.output = b""

    def _take(self) -> bytes:
        """What there is to read. Questions for the cursor's place are answered, as any terminal does."""
        found = os.read(self._fd, 65536)
        for _ in range(found.count(b"\x1b[6n")):
            os.write(self._fd, b"\x1b[1;1R")
        return found

    def read(self, seconds: float) -> bytes:
        """What is written within so many seconds, or until the program ends."""
        until, found = time.monotonic() + seconds, b""
        while (left := until - time.monotonic()) > 0:
            if not select.select([self._fd], [], [], left)[0]:
                break
            try:
                found += self._take()
            except OSError:
                break
        self.output += found
        return found

    def read_some(self, seconds: float) -> bytes:
        """What is there to read as soon as anything is; nothing after so many seconds."""
        found = self._take() if select.select([self._fd], [], [], seconds)[0] else b""
        self.output += found
        return found

    def wait_for(self, text: bytes, seconds: float = 15.0) -> float:
        """Seconds from the start until this text has been written; infinity when it never was."""
        until = time.monotonic() + seconds
        while text not in self.output and time.monotonic() < until:
            if select.select([self._fd], [], [], 0.5)[0]:
                try:
                    self.output += self._take()
                except OSError:
                    break
        return time.monotonic() - self.begin if text in self.output else float("inf")

    def press(self, keys: bytes) -> None:
        """Type keys."""
        os.write(self._fd, keys)

    def end(self, keys: bytes = b"q") -> None:
        """Quit the program, by force if it does not listen."""
        for attempt in (lambda: self.press(keys), lambda: os.kill(self.pid, signal.SIGKILL)):
            attempt()
            until = time.monotonic() + 5
            while time.monotonic() < until:
                self.read(0.05)
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    os.close(self._fd)
                    return


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += family(int(child))
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of one process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Proportional share of memory (Pss) in MB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


@contextmanager
def running(*words: str) -> Iterator[int]:
    """A workload that runs meanwhile; gives its pid."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        time.sleep(0.3)
        yield process.pid
    finally:
        process.kill()
        process.wait()


def built(name: str, folder: Path, *flags: str) -> str:
    """A C program of tests/programs, compiled into `folder`."""
    program = folder / name
    flags = flags or ("-O1", "-fno-omit-frame-pointer", "-fno-inline")
    subprocess.run(["gcc", *flags, "-o", program, PROGRAMS / f"{name}.c"], check=True)
    return str(program)


def middle(values: Sequence[float]) -> str:
    """Median, and the range, as text."""
    return f"{statistics.median(values):7.3f}  ({min(values):.3f} to {max(values):.3f})"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """The ratio of the medians."""
    base = statistics.median(theirs)
    return f"{statistics.median(ours) / base:5.2f}x" if base else "    -"
