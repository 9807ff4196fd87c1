"""Reading real processes, and folders that look like them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from icetop.targets.processes import (
    COMMAND_LINE_BYTES,
    as_proc_counts,
    read_process,
    read_start_ns,
    split_command_line,
    split_stat,
)

STAT = "7 ({comm}) S 1 7 7 0 -1 0 0 0 0 0 1 2 3 4 20 0 1 0 {start} 4096 10 0\n"


def fake(
    proc: Path, pid: int = 7, comm: str = "worker", cmdline: bytes = b"", flags: int = 0, start: int = 500
) -> None:
    folder = proc / str(pid)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stat").write_text(STAT.format(comm=comm, start=start))
    (folder / "cmdline").write_bytes(cmdline)
    (folder / "cgroup").write_text("4:memory:/shop\n0::/\n")


def test_this_process() -> None:
    info = read_process(os.getpid())
    assert info is not None
    assert info.pid == os.getpid()
    assert info.exe == os.path.realpath(sys.executable)
    assert not info.kernel_thread
    assert info.start_ns == read_start_ns(os.getpid())
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - info.start_ns / 1e9
    assert 0 < age < 3600


@pytest.mark.skipif(not Path("/proc/2/stat").exists(), reason="no kernel threads are visible here")
def test_a_kernel_thread() -> None:
    info = read_process(2)
    assert info is not None
    assert info.kernel_thread and info.exe == "" and info.name == info.comm and info.title == ""


def test_a_child_by_its_script(tmp_path: Path) -> None:
    script = tmp_path / "long job.py"
    script.write_text("import time; print(flush=True); time.sleep(60)")
    with subprocess.Popen([sys.executable, script, "--token", "hunter2"], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline()
        info = read_process(child.pid)
        child.kill()
    assert info is not None
    assert (info.name, info.title) == (Path(sys.executable).name, "long job.py")
    assert read_process(child.pid) is None


def test_a_zombie_is_read_or_none() -> None:
    with subprocess.Popen(["true"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        info = read_process(child.pid)
        assert info is not None and info.name == "true" and info.exe == ""


def test_processes_that_die_while_they_are_read_are_none_or_whole() -> None:
    stop = threading.Event()
    current = [os.getpid()]

    def churn() -> None:
        while not stop.is_set():
            current[0] = os.posix_spawn("/bin/true", ["true"], {})
            os.waitpid(current[0], 0)

    thread = threading.Thread(target=churn)
    thread.start()
    found = [read_process(current[0]) for _ in range(1500)]
    stop.set()
    thread.join()
    assert None in found
    assert all(info is None or info.comm for info in found)


def test_no_such_process_and_no_such_number() -> None:
    assert read_process(2**22 + 1) is None
    assert read_process(-1) is None
    assert read_start_ns(2**22 + 1) is None


@pytest.mark.parametrize("comm", ["worker", "a) R 1 (b", "()", "))((", "x y\tz", "[red]"])
def test_comm_with_parentheses(tmp_path: Path, comm: str) -> None:
    fake(tmp_path, comm=comm)
    info = read_process(7, tmp_path)
    assert info is not None
    assert (info.comm, info.start_ns) == (comm, 5_000_000_000)


def test_the_start_is_in_steps_that_the_kernels_own_number_can_be_put_in(tmp_path: Path) -> None:
    fake(tmp_path, start=123)
    assert read_start_ns(7, tmp_path) == 1_230_000_000 == as_proc_counts(1_234_567_890)


def test_a_huge_command_line_is_bounded(tmp_path: Path) -> None:
    fake(tmp_path, cmdline=b"java\0-cp\0" + b"x" * (4 << 20) + b"\0Main\0")
    info = read_process(7, tmp_path)
    assert info is not None and info.name == "java" and info.title == ""


def test_split_command_line_leaves_out_what_was_cut() -> None:
    assert split_command_line(b"a\0b\0") == ["a", "b"]
    assert split_command_line(b"a\0\0") == ["a", ""]
    assert split_command_line(b"") == []
    assert split_command_line(b"\xff\0") == ["�"]
    assert split_command_line((b"a\0" + b"s" * COMMAND_LINE_BYTES)[:COMMAND_LINE_BYTES]) == ["a"]


@pytest.mark.parametrize("missing", ["stat", "cmdline", "cgroup"])
def test_a_process_that_goes_halfway_is_none(tmp_path: Path, missing: str) -> None:
    fake(tmp_path)
    (tmp_path / "7" / missing).unlink()
    assert read_process(7, tmp_path) is None


@pytest.mark.parametrize("text", [b"", b"7", b"7 (x)", b"7 (x) S", b"garbage", b"\xff\xfe"])
def test_a_broken_stat_is_none(tmp_path: Path, text: bytes) -> None:
    fake(tmp_path)
    (tmp_path / "7/stat").write_bytes(text)
    assert read_process(7, tmp_path) is None


def test_stat_that_is_none_raises() -> None:
    with pytest.raises(ValueError, match="not a line"):
        split_stat(b"no parentheses")


def test_a_stopped_process_is_read() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        child.send_signal(signal.SIGSTOP)
        assert read_process(child.pid) is not None
        child.kill()


def test_reading_processes_imports_nothing_heavy() -> None:
    code = (
        "import sys; from icetop.targets import processes, cgroups, cgroup_search, vitals, container_ids, namespaces;"
        "print([m for m in ('numpy', 'psutil', 'asyncio', 'textual', 'docker', 'kubernetes') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
