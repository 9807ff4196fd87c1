"""The live app on real samples in tmux, by keyboard alone, at the sizes that people have."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which

import pytest
from icetop.profiles.delta import Vitals
from icetop.profiles.time_notes import TimeNote
from icetop.profiles.timeline import SECOND
from icetop.snapshots.file_source import FileSource
from icetop.snapshots.folded import encode_folded
from icetop.snapshots.folder_sink import FolderSink
from icetop.snapshots.notes_file import add_note

from ..profile_maker import ProfileMaker
from .conftest import Start

PATIENCE = 60.0
"""Seconds to wait for what has to come; a machine that does much else takes its time."""


class Screen:
    """icetop in a tmux server of its own: keys in, text out."""

    def __init__(self, folder: Path, size: tuple[int, int]) -> None:
        self._folder = folder
        self._socket = str(folder / "tmux")
        self.size = size

    def start(self, *words: object) -> None:
        """Start icetop in the folder."""
        home = self._folder / "home"
        environ = ["-u", "NO_COLOR", f"XDG_CONFIG_HOME={home}", f"XDG_STATE_HOME={home}", f"XDG_DATA_HOME={home}"]
        command = shlex.join(["env", *environ, sys.executable, "-m", "icetop", *map(str, words)])
        size = ["-x", str(self.size[0]), "-y", str(self.size[1])]
        shell = f"{command}; echo ended with $?; cat"
        self.tmux("-f", "/dev/null", "new-session", "-d", *size, "-c", str(self._folder), shell)

    def tmux(self, *words: str) -> str:
        """One tmux command; gives what it prints."""
        done = subprocess.run(["tmux", "-S", self._socket, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def press(self, *keys: str) -> None:
        """Press keys (tmux's names)."""
        self.tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type text as it is."""
        self.tmux("send-keys", "-l", text)

    def sees(self, wanted: str | Callable[[str], bool], patience: float = PATIENCE) -> str:
        """Wait until the screen shows it; gives the screen."""
        end = time.monotonic() + patience
        while True:
            text = self.tmux("capture-pane", "-p")
            if wanted in text if isinstance(wanted, str) else wanted(text):
                return text
            assert time.monotonic() < end, f"{wanted!r} is not on the screen of {self.size}:\n{text}"
            time.sleep(0.1)

    def close(self) -> None:
        """End the server and all that runs in it."""
        subprocess.run(["tmux", "-S", self._socket, "kill-server"], capture_output=True, check=False)


@pytest.fixture
def open_screen(tmp_path: Path) -> Iterator[Callable[[tuple[int, int]], Screen]]:
    """Gives screens of a size."""
    if which("tmux") is None:
        pytest.skip("tmux is not installed")
    screens: list[Screen] = []

    def make(size: tuple[int, int]) -> Screen:
        folder = tmp_path / f"{len(screens)}"
        folder.mkdir()
        screens.append(Screen(folder, size))
        return screens[-1]

    yield make
    for screen in screens:
        screen.close()


def share_found(text: str, words: str) -> float:
    """The share of all samples that a search matches, in percent; 0 where the screen does not say it."""
    share = re.search(rf"/{words}/ +(\d+\.\d) %", text)
    return float(share.group(1)) if share else 0.0


@pytest.mark.bpf
@pytest.mark.parametrize("size", [(200, 50), (120, 40), (80, 24)])
def test_all_that_an_on_call_engineer_does(
    size: tuple[int, int], open_screen: Callable[..., Screen], shares: Path, start: Start
) -> None:
    program = start(shares)
    screen = open_screen(size)
    screen.start()
    screen.sees(lambda text: "live 00:" in text and "all" in text)

    screen.press("p")
    screen.type(f"{program.pid} shares")
    screen.sees(lambda text: re.search(rf"{program.pid} +[-\d].* shares", text) is not None)
    screen.press("Down", "Up", "Enter")
    screen.sees(lambda text: f"target  pid {program.pid}  shares" in text and "from now on" not in text)
    screen.sees(lambda text: "burn_sixty" in text and "burn_all" in text)

    screen.press("j", "j", "j", "Enter")
    screen.sees(lambda text: "all › shares ›" in text)
    screen.press("Escape")
    screen.sees(lambda text: "all › shares ›" not in text)

    screen.press("/")
    screen.type("burn_si")
    screen.press("Enter")
    screen.sees(lambda text: 50 < share_found(text, "burn_si") < 70)
    screen.sees(lambda text: "burn_sixty  native" in text)

    screen.press("Space")
    screen.sees("paused")
    screen.press("Space")
    screen.sees(lambda text: "paused" not in text and re.search(r"live \d\d:\d\d", text) is not None)

    screen.press("Tab")
    screen.sees(lambda text: "Flat%" in text and "burn_sixty" in text)

    screen.press("s")
    screen.sees("saved ")
    saved = list((screen._folder).glob("icetop-*.pb.gz"))
    assert len(saved) == 1
    screen.press("q")
    screen.sees("ended with 0")

    again = open_screen(size)
    again.start("open", saved[0])
    again.sees(lambda text: re.search(r"saved \d\d:\d\d", text) is not None and "shares" in text)
    again.press("p")
    again.type("shares")
    again.press("Down", "Up", "Enter")
    again.sees(f"target  pid {program.pid}  shares")
    again.press("q")
    again.sees("ended with 0")


@pytest.mark.bpf
def test_the_rate_changes_while_running_and_the_verdict_is_copied(
    open_screen: Callable[..., Screen], shares: Path, start: Start
) -> None:
    start(shares)
    screen = open_screen((160, 40))
    screen.start("--color", "16")
    screen.sees(lambda text: "99 Hz" in text and "of CPU" in text)
    screen.press("+")
    screen.sees("sampling at 199 Hz from now on")
    screen.sees(lambda text: "· 199 Hz ·" in text)
    screen.press("-", "-")
    screen.sees(lambda text: "· 49 Hz ·" in text)
    screen.press("y")
    screen.sees("on the clipboard")
    copied = screen.tmux("show-buffer")
    assert copied.count("\n") == 3 and copied.startswith(f"**{os.uname().nodename}**") and "samples" in copied
    screen.press("Escape")
    screen.sees(lambda text: "on the clipboard" not in text)

    app = int(screen.tmux("display-message", "-p", "#{pane_pid}"))
    agents = processes_below(app, "agent")
    screen.close()
    end = time.monotonic() + PATIENCE
    while any(Path(f"/proc/{pid}").exists() for pid in (app, *agents)):
        assert time.monotonic() < end, "what lost its terminal goes on"
        time.sleep(0.1)
    (saved,) = (screen._folder / "home" / "icetop" / "hangups").iterdir()
    screen.start()
    screen.sees(lambda text: "the terminal went away" in text and saved.name in text)
    screen.press("q")
    screen.sees("ended with 0")


def processes_below(pid: int, word: str) -> list[int]:
    """The processes that a process started, and those that they did, whose command line has a word."""
    found = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            found += processes_below(child, word)
            if word.encode() in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                found.append(child)
    return found


@pytest.mark.bpf
def test_suspending_and_resizing_while_live(open_screen: Callable[..., Screen], shares: Path, start: Start) -> None:
    start(shares)
    screen = open_screen((120, 40))
    screen.tmux("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", "env", "PS1=ready> ", "sh")
    screen.type(f"{sys.executable} -m icetop --color none --ascii\n")
    screen.sees(lambda text: "live 00:" in text and "of CPU" in text)
    for width, height in ((80, 24), (20, 5), (200, 50), (120, 40)):
        screen.tmux("resize-window", "-x", str(width), "-y", str(height))
        screen.sees(lambda text, height=height: len(text.splitlines()) == height and "icetop" in text)
    screen.press("C-z")
    screen.sees(lambda text: "ready>" in text and "of CPU" not in text)
    screen.type("fg\n")
    screen.sees(lambda text: "of CPU" in text and "space pause" in text)
    (agent,) = processes_below(int(screen.tmux("display-message", "-p", "#{pane_pid}")), "agent")
    os.kill(agent, signal.SIGKILL)
    screen.sees(lambda text: "the collector ended: killed by signal 9" in text and "of CPU" in text)
    screen.press("q")
    screen.sees(lambda text: "of CPU" not in text and text.rstrip().endswith("ready>"))
    screen.type("stty -a\n")
    screen.sees(lambda text: " icanon" in text and " echo " in text)


BEGIN_NS = 1_795_442_520 * SECOND
"""14:02:00 UTC."""


def recording_of_a_rollout(folder: Path) -> Path:
    """Ten minutes in windows of 10 s. At 14:07:00 a version was deployed that scans the table."""
    sink = FolderSink(str(folder))
    for window in range(60):
        maker = ProfileMaker()
        maker.now = BEGIN_NS + window * 10 * SECOND
        for _ in range(10):
            maker.sample("main;serve", 30)
            maker.sample("main;serve;scan_table" if window >= 30 else "main;serve;use_index", 60)
            maker.tick(vitals=Vitals(1.5))
        sink.write(maker.profile)
    sink.settle()
    sink.close()
    add_note(str(folder), TimeNote(BEGIN_NS + 300 * SECOND, BEGIN_NS + 300 * SECOND, "deployed v2.31"))
    return folder


@pytest.mark.soak
@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
def test_a_post_mortem(
    size: tuple[int, int], open_screen: Callable[..., Screen], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    folder = recording_of_a_rollout(tmp_path / "recording")
    screen = open_screen(size)
    screen.start("open", folder)
    screen.sees("scan_table")

    screen.press("@")
    screen.type("14:05:30..14:08:30")
    screen.press("Enter")
    screen.sees(lambda text: "14:05:30 to 14:08:30" in text and "use_index" in text and "scan_table" in text)

    screen.press("c")
    screen.sees(lambda text: "14:07:00 to 14:08:30" in text and "−use_index" in text and "+scan_table" in text)

    screen.press("b")
    screen.sees("saved ")
    screen.press("q")
    screen.sees("ended with 0")
    (bundle,) = screen._folder.glob("icetop-*.icetop.zip")
    profile = FileSource(str(bundle)).profile()
    assert [note.text for note in profile.notes] == ["deployed v2.31"]
    found = encode_folded(profile, "cpu").decode()
    assert "scan_table" in found and "use_index" in found
