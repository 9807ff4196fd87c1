"""Makes the README's pictures: runs icetop in tmux on real programs, presses keys, and draws what stands there.

    python docs/pictures.py [FOLDER]

Needs tmux, gcc and the rights to sample (root).
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from terminal_svg import picture

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 30.0
HISTORY = 25.0
"""Seconds of history before the first picture."""

BUSY_PYTHON = """
import json, time
def parse(text): return json.loads(text)
def render(rows): return "".join(f"<li>{row['name']}</li>" for row in rows)
def serve():
    text = json.dumps([{"name": "n%d" % n, "price": n / 7} for n in range(2000)])
    while True:
        for _ in range(30): render(parse(text))
        time.sleep(0.05)
serve()
"""


@dataclass
class Tmux:
    """icetop in a tmux server of its own."""

    socket: str
    columns: int
    rows: int

    def start(self, environ: dict[str, str], *words: str) -> None:
        """Start icetop."""
        settings = [f"{name}={value}" for name, value in environ.items()]
        command = shlex.join(["env", "-u", "NO_COLOR", "-u", "COLORTERM", *settings, *words])
        size = ["-x", str(self.columns), "-y", str(self.rows)]
        self.run("-f", "/dev/null", "new-session", "-d", *size, command)

    def run(self, *words: str) -> str:
        """One tmux command; gives what it prints."""
        return subprocess.run(["tmux", "-L", self.socket, *words], check=True, capture_output=True, text=True).stdout

    def press(self, *keys: str) -> None:
        """Press keys (tmux's names)."""
        for key in keys:
            self.run("send-keys", key)
            time.sleep(0.15)

    def wait_for(self, seen: Callable[[str], bool]) -> None:
        """Wait until the screen shows it."""
        end = time.monotonic() + PATIENCE
        while not seen(self.run("capture-pane", "-p")):
            if time.monotonic() > end:
                raise SystemExit(f"not seen:\n{self.run('capture-pane', '-p')}")
            time.sleep(0.2)

    def draw(self, path: Path) -> None:
        """Write what stands there as an SVG."""
        time.sleep(0.5)
        path.write_text(picture(self.run("capture-pane", "-e", "-N", "-p"), self.columns))
        print(path)


@contextmanager
def icetop(columns: int, rows: int, *words: str, **environ: str) -> Iterator[Tmux]:
    """icetop on a screen of this size, ended at the end."""
    terminal = Tmux(f"icetop-pictures-{os.getpid()}-{columns}", columns, rows)
    try:
        terminal.start(environ, str(ROOT / ".venv" / "bin" / "icetop"), *words)
        yield terminal
        terminal.press("q")
    finally:
        subprocess.run(["tmux", "-L", terminal.socket, "kill-server"], capture_output=True, check=False)


@contextmanager
def workload(folder: Path) -> Iterator[None]:
    """Programs that are worth looking at: C with three busy functions, Python, a compressor."""
    program = folder / "shares"
    flags = ["-O1", "-g", "-fno-omit-frame-pointer", "-fno-inline"]
    subprocess.run(["gcc", *flags, "-o", program, ROOT / "tests" / "programs" / "shares.c"], check=True)
    script = folder / "shop.py"
    script.write_text(BUSY_PYTHON)
    pipe = "while true; do head -c 30000000 /dev/zero | gzip -1 >/dev/null; sleep 0.3; done"
    commands = [[str(program)], [sys.executable, str(script)], ["sh", "-c", pipe]]
    started = [subprocess.Popen(command, start_new_session=True) for command in commands]
    try:
        yield
    finally:
        for process in started:
            os.killpg(process.pid, 9)
            process.wait()


def compared(folder: Path) -> None:
    """The sample recording, its second half against its first: in full colour, in 16 colours, in red and blue."""
    words = ("open", str(ROOT / "snapshots" / "sample.pb.gz"), "--range", "-20..", "--baseline", "0..20")
    for name, columns, more, environ in (
        ("compared", 120, (), {"TERM": "tmux-256color", "COLORTERM": "truecolor"}),
        ("compared-sixteen", 110, ("--color", "16"), {"TERM": "xterm"}),
        ("compared-blue", 120, ("--color-blind",), {"TERM": "tmux-256color", "COLORTERM": "truecolor"}),
    ):
        with icetop(columns, 34, *words, *more, **environ) as screen:
            screen.wait_for(lambda text: "What changed" in text)
            screen.press("Escape", "j", "j")
            screen.draw(folder / f"{name}.svg")


def main() -> None:
    """All pictures; with the word `compared` after the folder only those that need no sampling."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures"
    if shutil.which("tmux") is None:
        raise SystemExit("tmux is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    compared(folder)
    if "compared" in sys.argv[2:]:
        return
    with tempfile.TemporaryDirectory() as name, workload(Path(name)):
        with icetop(120, 36, TERM="tmux-256color", COLORTERM="truecolor") as screen:
            screen.wait_for(lambda text: "live" in text and "shares" in text)
            time.sleep(HISTORY)
            screen.press("Escape", "j", "j", "j")
            screen.draw(folder / "live.svg")
            screen.press("k", "Enter")
            screen.wait_for(lambda text: "all ›" in text)
            screen.draw(folder / "zoom.svg")
            screen.press("Escape", "p")
            screen.wait_for(lambda text: "shop.py" in text)
            time.sleep(4)
            screen.press("s", "h")
            screen.draw(folder / "picker.svg")
        with icetop(80, 24, TERM="tmux-256color", COLORTERM="truecolor") as screen:
            screen.wait_for(lambda text: "live 00:1" in text and "shares" in text)
            screen.press("Escape", "Tab")
            screen.wait_for(lambda text: "Flat%" in text)
            screen.draw(folder / "table.svg")
        with icetop(100, 30, "--color", "16", TERM="xterm") as screen:
            screen.wait_for(lambda text: "live 00:1" in text and "shares" in text)
            screen.press("Escape", "j", "j", "j")
            screen.draw(folder / "sixteen.svg")


if __name__ == "__main__":
    main()
