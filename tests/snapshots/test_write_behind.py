"""Writing behind: a stalled disk holds up nobody, what it cannot take is refused, and every failure is told once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from icetop.snapshots import folder_sink, write_behind
from icetop.snapshots.folder_sink import FolderSink
from icetop.snapshots.write_behind import MOST_WAITING, WriteBehind

from .test_folder_sink import files, window


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_behind, "PATIENCE", 0.01)


def test_writes_go_on_while_the_disk_stalls_and_are_done_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink, goes_on, order = FolderSink(str(tmp_path)), threading.Event(), list[str]()
    write_whole = folder_sink.write_whole

    def stalled(path: str, content: bytes) -> None:
        goes_on.wait()
        order.append(path)
        write_whole(path, content)

    monkeypatch.setattr(folder_sink, "write_whole", stalled)
    for second in range(MOST_WAITING):
        sink.write(window(second))
    with pytest.raises(OSError, match="the disk is stalled"):
        sink.write(window(MOST_WAITING))
    assert not files(tmp_path)
    goes_on.set()
    sink.settle()
    assert len(files(tmp_path)) == MOST_WAITING
    assert order == sorted(order)
    assert sink.late_failures() == []
    sink.close()


def test_a_failure_is_told_once_however_late_it_is() -> None:
    writer, goes_on = WriteBehind(), threading.Event()

    def fail() -> None:
        goes_on.wait()
        raise OSError(5, "Input/output error")

    writer.put(fail)
    assert writer.late_failures() == []
    goes_on.set()
    writer.settle()
    assert [error.errno for error in writer.late_failures()] == [5]
    assert writer.late_failures() == []


def test_a_failure_that_comes_soon_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_behind, "PATIENCE", 60)
    writer = WriteBehind()

    def fail() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        writer.put(fail)
    writer.settle()
    assert writer.late_failures() == []


def test_what_a_disk_never_takes_has_failed_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_behind, "LAST_PATIENCE", 0.01)
    writer, never = WriteBehind(), threading.Event()
    writer.put(lambda: never.wait(60) and None)
    writer.settle()
    assert [str(error) for error in writer.late_failures()] == ["[Errno 11] the disk is stalled"]
    never.set()
