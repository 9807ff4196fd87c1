"""Stacks of processes that change while they run, and of programs whose code is made or linked in unusual ways.

All of them run beside each other and are recorded once.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from .conftest import COMMAND
from .test_complete import is_entry

pytestmark = pytest.mark.bpf

SOURCES = Path(__file__).parent.parent / "programs"
LIFE = SOURCES / "stacks" / "life.c"
RUBY = 'def f(n) n<2 ? n : f(n-1)+f(n-2) end; loop { a=(0..3000).map{|i| "x#{i*7919%1000}"}; a.sort!; f(15) }'
PERL = (
    'sub f { my $n = shift; $n < 2 ? $n : f($n-1) + f($n-2) } for (;;) { my @a = sort map { "x" . $_ } 1..500; f(12) }'
)
JAVA = """
import java.util.*;
public class Spin {
  static long fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
  public static void main(String[] a) {
    long s = 0;
    for (int turns = 0;; turns++) {
      if (turns == 500) System.out.println("compiled");
      List<String> l = new ArrayList<>();
      for (int i = 0; i < 3000; i++) l.add("x" + (i * 7919 % 1000));
      Collections.sort(l);
      s += fib(18) + l.size();
    }
  }
}
"""


@dataclass
class Seen:
    """The samples of one process: how its stacks ended, which functions they have, whether they begin at an entry."""

    ends: Counter[str] = field(default_factory=Counter)
    functions: Counter[str] = field(default_factory=Counter)
    rooted: Counter[bool] = field(default_factory=Counter)
    threads: set[int] = field(default_factory=set)


def compiled(folder: Path, name: str, *words: str) -> str:
    if shutil.which(words[0]) is None:
        return ""
    done = subprocess.run([*words, "-o", str(folder / name)], cwd=folder, capture_output=True, text=True, check=False)
    return str(folder / name) if done.returncode == 0 else ""


def commands(folder: Path) -> dict[str, list[str]]:
    """What to run, by name; what this machine cannot build or run is left out."""
    life = compiled(folder, "life", "gcc", "-O2", "-pthread", str(LIFE), "-ldl")
    for name, frame in (("one", 16), ("two", 600)):
        compiled(
            folder, f"{name}.so", "gcc", "-O2", "-shared", "-fPIC", f"-DPLUGIN={name}", f"-DFRAME={frame}", str(LIFE)
        )
    shutil.copy(life, folder / "replaced")
    shutil.copy(life, folder / "deleted")
    compiled(folder, "bare", "gcc", "-O2", "-s", "-pthread", str(LIFE), "-ldl")
    musl = str(SOURCES / "unwinding" / "musl.c")
    found = {
        "libraries": [life, "libraries", "./one.so", "./two.so"],
        "exec": [life, "exec", life, "exec", life, "exec", life, "exec", life],
        "fork": [life, "fork"],
        "churn": [life, "churn"],
        "threads": [life, "threads"],
        "deleted": [str(folder / "deleted")],
        "replaced": [str(folder / "replaced")],
        "namespace": [
            "unshare",
            "-m",
            "sh",
            "-c",
            f"mount -t tmpfs x /mnt && cp {life} /mnt/hidden && exec /mnt/hidden",
        ],
        "stripped": [str(folder / "bare")],
        "musl": [compiled(folder, "musl", "musl-gcc", "-O2", musl)],
        "static musl": [compiled(folder, "static_musl", "musl-gcc", "-O2", "-static", musl)],
        "ruby": [shutil.which("ruby") or "", "-e", RUBY],
        "perl": [shutil.which("perl") or "", "-e", PERL],
    }
    (folder / "Spin.java").write_text(JAVA)
    if shutil.which("javac") and not subprocess.run(["javac", "Spin.java"], cwd=folder, check=False).returncode:
        found["java"] = ["java", "-cp", str(folder), "Spin"]
        found["java with frame pointers"] = ["java", "-XX:+PreserveFramePointer", "-cp", str(folder), "Spin"]
    return {name: words for name, words in found.items() if words[0]}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Seen]:
    """What a recording of all programs says of one of them; skips the test where it could not be run."""
    folder = tmp_path_factory.mktemp("life")
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    found: dict[str, Seen] = {}
    words, silent = commands(folder), subprocess.DEVNULL
    machines = [name for name in words if "java" in name]
    processes: dict[str, subprocess.Popen[bytes]] = {}
    children: list[str] = []
    try:
        # Machines that compile their code go first: beside twenty others their compilers would get most of their time.
        for name in machines:
            processes[name] = subprocess.Popen(words[name], cwd=folder, stdout=subprocess.PIPE, stderr=silent)
        for name in machines:
            printed = processes[name].stdout
            assert printed is not None and printed.readline() == b"compiled\n"
        for name in words.keys() - set(machines):
            processes[name] = subprocess.Popen(words[name], cwd=folder, stdout=silent, stderr=silent)
        time.sleep(1.0)
        (folder / "deleted").unlink()
        (folder / "replaced").rename(folder / "moved")
        shutil.copy(folder / "bare", folder / "replaced")
        recording = str(folder / "x.pb.gz")
        children = Path(f"/proc/{processes['fork'].pid}/task/{processes['fork'].pid}/children").read_text().split()
        recorder = subprocess.Popen(
            [*COMMAND, "record", "-F", "199", "-d", "60", "-o", recording], stderr=subprocess.PIPE
        )
        assert recorder.stderr is not None
        recorder.stderr.readline()  # It tells its priority when it has begun, which takes longer where it compiles.
        wait_for_cpu_time([process.pid for process in processes.values()])
        recorder.send_signal(signal.SIGINT)
        said = recorder.communicate()[1]
        assert recorder.returncode == 0, said
    finally:
        for child in children:
            subprocess.run(["kill", "-9", child], check=False, capture_output=True)
        for process in processes.values():
            process.kill()
            process.wait()
    report = read(recording)
    for name, process in processes.items():
        found[name] = seen_of(report, {process.pid, *(map(int, children) if name == "fork" else ())})

    def look(name: str) -> Seen:
        if name not in found:
            pytest.skip(f"{name} could not be built or run here")
        assert found[name].ends.total() >= 10, found[name]
        return found[name]

    return look


def wait_for_cpu_time(pids: list[int], each: float = 0.2) -> None:
    """Five seconds, and more on a busy machine: until every process has had `each` seconds of a CPU."""
    began = {pid: cpu_seconds(pid) for pid in pids}
    deadline = time.monotonic() + 50
    time.sleep(5)
    while any(cpu_seconds(pid) - since < each for pid, since in began.items()) and time.monotonic() < deadline:
        time.sleep(0.1)


def cpu_seconds(pid: int) -> float:
    """What a process and its children have had, in seconds."""
    process = psutil.Process(pid)
    return sum(sum(one.cpu_times()[:4]) for one in (process, *process.children(recursive=True)))


def read(recording: str) -> dict[str, Any]:
    import json

    words = [sys.executable, "-m", "icetop", "report", recording, "--stacks", "--format", "json"]
    found: dict[str, Any] = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return found


def seen_of(report: dict[str, Any], pids: set[int]) -> Seen:
    found = Seen()
    for stack in report["stacks"]:
        # A machine that is too busy to finish them says so; they tell nothing of how processes live.
        if stack["pid"] in pids and stack["end"] != "rate_limited":
            frames = [report["frames"][index] for index in stack["frames"]]
            found.ends[stack["end"]] += stack["samples"]
            # musl keeps the name of its clone to itself.
            rooted = bool(frames) and (is_entry(frames[0]) or "musl/libc.so" in frames[0]["binary"])
            found.rooted[rooted] += stack["samples"]
            found.threads.add(stack["tid"])
            for name in {frame["name"] for frame in frames}:
                found.functions[name] += stack["samples"]
    return found


WHOLE = [
    *("exec", "fork", "churn", "threads", "deleted", "replaced", "namespace", "stripped"),
    *("musl", "static musl", "ruby", "perl", "java with frame pointers"),
]


@pytest.mark.parametrize("name", WHOLE)
def test_stacks_are_whole(name: str, seen: Callable[[str], Seen]) -> None:
    """All but 5 % (a busy machine, and programs that begin anew), and 8 samples."""
    found = seen(name)
    assert found.ends["complete"] >= 0.95 * found.ends.total() - 8, found
    assert found.rooted[True] >= 0.95 * found.ends.total() - 8, found


@pytest.mark.parametrize("name", ["exec", "fork", "churn", "threads", "deleted", "replaced", "namespace"])
def test_their_functions_have_names(name: str, seen: Callable[[str], Seen]) -> None:
    found = seen(name)
    rest = 0.5 if name == "churn" else 0.1
    assert found.functions["burn"] >= (1 - rest) * found.ends.total() - 5, found


def test_libraries_that_take_each_other_s_place(seen: Callable[[str], Seen]) -> None:
    """Two that are never there at once, at one address: each has its own functions, and wrong rows make no stacks."""
    found = seen("libraries")
    assert found.ends["complete"] >= 0.9 * found.ends.total() - 8, found
    for name in ("inner_one", "inner_two"):
        assert 0.2 * found.ends.total() - 5 <= found.functions[name] <= 0.8 * found.ends.total() + 5, found


def test_each_of_hundreds_of_threads(seen: Callable[[str], Seen]) -> None:
    assert len(seen("threads").threads) > 50


def test_a_function_without_a_symbol_is_one_function(seen: Callable[[str], Seen]) -> None:
    """All samples of the loop hang together under the start of its function."""
    found = seen("stripped")
    names = {name: samples for name, samples in found.functions.items() if name.startswith("[bare+0x")}
    assert max(names.values()) >= 0.9 * found.ends.total() - 5, found
    assert len(names) <= 5, found


def test_java_s_code_without_frame_pointers_says_so(seen: Callable[[str], Seen]) -> None:
    found = seen("java")
    assert found.ends["complete"] + found.ends["jit_no_frame_pointer"] >= 0.97 * found.ends.total() - 5, found
    assert found.ends["jit_no_frame_pointer"] >= 0.3 * found.ends.total(), found
