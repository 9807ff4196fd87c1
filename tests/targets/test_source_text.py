"""Source files as processes see them, and files that only pretend to be source."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from icetop.targets import source_text
from icetop.targets.source_text import source_lines, whose_root


def test_the_lines_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_bytes(b"one\ntwo\xff\x1b[31m\nthree\n" + b"x" * 1000)
    assert source_lines(str(file), 0, 2, 3) == ["two\ufffd\x1b[31m", "three"]
    assert source_lines(str(file), os.getpid(), 3, 9) == ["three", "x" * source_text.LONGEST]
    assert source_lines(str(file), 0, 9, 12) == []


def test_files_are_read_through_the_root_of_a_process_that_still_runs() -> None:
    gone = 1 << 30
    assert whose_root([os.getpid(), gone], False) == whose_root([gone, os.getpid()], True) == os.getpid()
    assert whose_root([gone], False) == whose_root([], True) == 0, "those of this machine"
    assert whose_root([gone], True) == gone, "a container's are gone with it"


def test_what_is_no_source_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"x" * 100)
    monkeypatch.setattr(source_text, "MOST_BYTES", 99)
    for path, why in (
        (tmp_path / "pipe", "not a plain file"),
        (tmp_path, "directory|plain file"),
        (tmp_path / "large", "too large"),
        (tmp_path / "none", "No such file"),
        (Path("relative.py"), "folder is not known"),
    ):
        with pytest.raises(OSError, match=why):
            source_lines(str(path), 0, 1, 2)


def test_a_container_shows_its_own_files_and_no_others(tmp_path: Path, mount_namespace: tuple[str, ...]) -> None:
    """A process whose root is another folder: its file is read, a link that leads out of it is not."""
    root = tmp_path / "root"
    (root / "app").mkdir(parents=True)
    (root / "app" / "shop.py").write_text("inside\n")
    (root / "app" / "out.py").symlink_to("/etc/hostname")
    sleep = tmp_path / "sleep.py"
    sleep.write_text(f"import os, time\nos.chroot({str(root)!r})\nprint('there', flush=True)\ntime.sleep(60)\n")
    process = subprocess.Popen(["/usr/bin/python3", str(sleep)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline()
        assert source_lines("/app/shop.py", process.pid, 1, 2) == ["inside"]
        with pytest.raises(OSError, match="symbolic link"):
            source_lines("/app/out.py", process.pid, 1, 2)
    finally:
        process.kill()
        process.communicate()
