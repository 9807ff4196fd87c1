"""Makes the README's pictures: runs icetop in tmux on the demonstration, presses keys, and draws what stands there.

    python docs/pictures.py [FOLDER]

The live view is put into the README as text as well. Needs tmux, root, and what `tests/programs/demo/run.sh` needs.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from terminal_svg import picture

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 90.0
HISTORY = 25.0
"""Seconds of history before the first picture."""

DEMO = ROOT / "tests" / "programs" / "demo" / "run.sh"
INSIDE = "inside"
"""The word after the folder by which the demonstration calls this script back."""

FULL = {"TERM": "tmux-256color", "COLORTERM": "truecolor"}
SHOP = ("--cgroup", "/shop.slice", "--kind", "cpu,offcpu")


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

    def press_until(self, key: str, text: str) -> None:
        """Press a key again and again until the screen shows a text."""
        self.press(key)
        while text not in self.run("capture-pane", "-p"):
            self.press(key)

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


def compared(folder: Path) -> None:
    """The sample recording, its second half against its first: in full colour, in 16 colours, in red and blue."""
    words = ("open", str(ROOT / "snapshots" / "sample.pb.gz"), "--range", "-9..", "--baseline", "2..11")
    for name, columns, more, environ in (
        ("compared", 120, (), FULL),
        ("compared-sixteen", 110, ("--color", "16"), {"TERM": "xterm"}),
        ("compared-blue", 120, ("--color-blind",), FULL),
    ):
        with icetop(columns, 34, *words, *more, **environ) as screen:
            screen.wait_for(lambda text: "What changed" in text)
            screen.press("Escape")
            screen.press_until("v", "by service")
            screen.press("j", "j")
            screen.draw(folder / f"{name}.svg")


def in_the_shop(folder: Path) -> None:
    """Pictures of the demonstration while it runs."""
    with icetop(120, 36, *SHOP, **FULL) as screen:
        screen.wait_for(lambda text: "live" in text and "of CPU" in text)
        time.sleep(HISTORY)
        screen.press("Escape")
        screen.press_until("v", "by command")
        screen.press("j", "j", "j")
        screen.draw(folder / "live.svg")
        put_into_readme(screen.run("capture-pane", "-p"))
        screen.press("Enter")
        screen.wait_for(lambda text: "all ›" in text)
        screen.press("j", "j")
        screen.draw(folder / "zoom.svg")
        screen.press("Escape", "g", "2")
        screen.wait_for(lambda text: "of waiting" in text)
        screen.press("j", "j", "j", "j")
        screen.draw(folder / "waits.svg")
        screen.press("1", "p")
        screen.wait_for(lambda text: "server.py" in text)
        time.sleep(4)
        screen.press("p", "o", "s", "t")
        screen.draw(folder / "picker.svg")
        screen.press("Escape")
    with icetop(80, 24, *SHOP, **FULL) as screen:
        screen.wait_for(lambda text: "live 00:1" in text and "all" in text)
        screen.press("Escape", "Tab", "j", "j")
        screen.wait_for(lambda text: "Flat%" in text)
        screen.draw(folder / "table.svg")
    with icetop(100, 30, *SHOP, "--color", "16", TERM="xterm") as screen:
        screen.wait_for(lambda text: "live 00:1" in text and "all" in text)
        screen.press("Escape")
        screen.press_until("v", "by command")
        screen.press("j", "j", "j")
        screen.draw(folder / "sixteen.svg")


def put_into_readme(screen: str) -> None:
    """Put the live view as text into the README, in the place of the one before: its first block."""
    readme = ROOT / "README.md"
    before, _, after = readme.read_text().split("```\n", 2)
    lines = "".join(f"{line.rstrip()}\n" for line in screen.rstrip().splitlines())
    readme.write_text("```\n".join((before, lines, after)))


def main() -> None:
    """All pictures; with the word `compared` after the folder only those that need no sampling."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures"
    if shutil.which("tmux") is None:
        raise SystemExit("tmux is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    if INSIDE in sys.argv[2:]:
        in_the_shop(folder)
        return
    compared(folder)
    if "compared" not in sys.argv[2:]:
        words = [DEMO, sys.executable, __file__, str(folder.resolve()), INSIDE]
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
