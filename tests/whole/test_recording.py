"""`icetop record` into a folder: stopped, killed, refused, and with a full disk."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from shutil import which

import pytest
from icetop.profiles.report import Report, build_report
from icetop.profiles.view import View
from icetop.snapshots.file_source import FileSource

from .conftest import COMMAND, Icetop, Start

pytestmark = pytest.mark.bpf


def windows(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.pb.gz"))


def figures_of(path: Path) -> Report:
    profile = FileSource(str(path)).profile()
    return build_report(profile, View(kind=profile.kinds()[0]))


def await_windows(folder: Path, number: int, recorder: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while len(windows(folder)) < number:
        assert recorder.poll() is None, "the recorder ended"
        assert time.monotonic() < until, f"only {len(windows(folder))} windows after a minute"
        time.sleep(0.05)


def test_recording_until_stopped_and_again_after_a_kill(
    icetop: Icetop, start: Start, shares: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "recording"
    start(shares)
    words = [*COMMAND, "record", "-o", folder, "--window", "1", "--label", "team=shop"]
    recorder = start(*words, stderr=subprocess.PIPE)
    await_windows(folder, 2, recorder)
    refused = icetop("record", "-o", folder)
    assert refused.returncode == 1
    assert f"pid {recorder.pid} records into it" in refused.stderr
    assert "Traceback" not in refused.stderr
    recorder.send_signal(signal.SIGTERM)
    _, said = recorder.communicate(timeout=60)
    assert recorder.returncode == 0, said
    stopped = windows(folder)
    figures = [figures_of(path) for path in stopped]
    assert f"{len(stopped)} windows" in said.decode()
    assert all(found.expected == found.samples + found.lost for found in figures)
    assert all(found.start_ns < later.start_ns for found, later in pairwise(figures))
    assert any(row.frame.name == "burn_sixty" for found in figures for row in found.functions)
    labels = [found for path in stopped for found in FileSource(str(path)).profile().labels]
    assert labels and all(found["team"] == "shop" for found in labels)

    recorder = start(*words, stderr=subprocess.DEVNULL)
    await_windows(folder, len(stopped) + 2, recorder)
    recorder.kill()
    recorder.wait()
    for path in windows(folder):
        figures_of(path)  # what is there is whole
    again = icetop("record", "-o", folder, "-d", "0.5", "--keep", "1KiB")
    assert again.returncode == 0, again.stderr
    assert len(windows(folder)) == 1, "the bound holds for what was there before"


def test_a_full_disk_is_survived(start: Start, shares: Path, mount_namespace: tuple[str, ...], tmp_path: Path) -> None:
    start(shares)
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (
        'mount -t tmpfs -o size=256k none "$1"; mkdir "$1/r"; dd if=/dev/zero of="$1/filler" bs=4k 2>/dev/null; '
        '(while test ! -e "$2"; do sleep 0.1; done; rm "$1/filler") & '
        'shift 2; "$@"; status=$?; ls "$0"/r; exit $status'
    )
    go = tmp_path / "go"
    words = ["sh", "-c", script, disk, disk, go, *COMMAND, "record", "-o", disk / "r", "--window", "1", "-d", "6"]
    recorder = start(*mount_namespace, *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert recorder.stderr is not None
    said = b""
    for line in recorder.stderr:
        said += line
        if b"a window was dropped" in line:
            go.touch()
            break
    listed, rest = recorder.communicate(timeout=60)
    said += rest
    assert recorder.returncode == 0, said
    assert b"No space left on device" in said
    assert b"dropped: No space" in rest, "that it works again is said as well"
    assert listed.count(b".pb.gz") >= 1


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that can be made to stall."""
    image, folder = tmp_path / "image", tmp_path / "disk"
    image.touch()
    os.truncate(image, 32 << 20)
    folder.mkdir()
    made = [["mkfs.ext4", "-q", image], ["mount", "-o", "loop", image, folder]]
    if which("fsfreeze") is None or any(subprocess.run(words, capture_output=True).returncode for words in made):
        pytest.skip("no file system can be mounted from a file here")
    try:
        yield folder
    finally:
        subprocess.run(["fsfreeze", "-u", folder], capture_output=True, check=False)
        subprocess.run(["umount", "-l", folder], check=False)


@pytest.mark.soak
def test_sampling_goes_on_while_a_disk_stalls(start: Start, shares: Path, disk: Path) -> None:
    program = start(shares)
    words = ["record", "-p", program.pid, "-o", disk / "r", "--window", "1"]
    recorder = start(*COMMAND, *words, stderr=subprocess.PIPE)
    await_windows(disk / "r", 2, recorder)
    for seconds in (4, 12):
        subprocess.run(["fsfreeze", "-f", disk], check=True)
        time.sleep(seconds)
        subprocess.run(["fsfreeze", "-u", disk], check=True)
        await_windows(disk / "r", len(windows(disk / "r")) + 3, recorder)
    recorder.send_signal(signal.SIGTERM)
    _, said = recorder.communicate(timeout=60)
    assert recorder.returncode == 0
    assert b"a window was dropped: the disk is stalled" in said
    assert b"windows before this were dropped: the disk is stalled" in said, "that it works again is said as well"
    figures = [figures_of(path) for path in windows(disk / "r")]
    assert all(found.expected == found.samples + found.lost for found in figures)
    assert all(found.duration_ns < 3e9 for found in figures), "no window waited for the disk"
    gaps = [later.start_ns - found.start_ns - found.duration_ns for found, later in pairwise(figures)]
    assert sum(gap > 5e8 for gap in gaps) == 1, "what was dropped was dropped in the long stall"


@pytest.mark.soak
def test_killed_at_random_moments_every_window_is_whole(start: Start, shares: Path, tmp_path: Path) -> None:
    folder, rng = tmp_path / "recording", random.Random(1)
    start(shares)
    for _ in range(25):
        recorder = start(
            *COMMAND, "record", "-o", folder, "--window", "1", "--keep", "200KiB", stderr=subprocess.DEVNULL
        )
        time.sleep(rng.uniform(0.5, 5))
        recorder.kill()
        recorder.wait()
        sizes = [path.stat().st_size for path in windows(folder)] if folder.exists() else []
        assert sum(sizes) <= 200 * 1024
    assert len(windows(folder)) >= 3
    for path in windows(folder):
        figures_of(path)
