"""What can go wrong when sampling: one clear line each, the exit status of the contract, never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from .conftest import COMMAND, Icetop, Start

Report = Callable[..., dict[str, Any]]
PATIENCE = 60
"""Seconds for what ends at once on a machine that has time."""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can take rights away")


def one_line(done: subprocess.CompletedProcess[str], status: int, *words: str) -> None:
    """The error is one or two lines that say this."""
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert 1 <= len(lines) <= 2, done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.bpf
def test_a_pid_that_no_process_has(icetop: Icetop) -> None:
    one_line(icetop("record", "-p", 4194304, "-d", 1, "-o", "x.pb.gz"), 1, "no process 4194304")


@pytest.mark.bpf
def test_a_process_that_dies_while_it_is_recorded(icetop: Icetop, report: Report, shares: Path) -> None:
    process = psutil.Popen([str(shares)])

    def kill_once_it_has_run() -> None:
        while process.cpu_times().user < 2.0:
            time.sleep(0.02)
        process.kill()

    killer = threading.Thread(target=kill_once_it_has_run)
    killer.start()
    done = icetop("record", "-p", process.pid, "-d", 30, "-o", "x.pb.gz")
    killer.join()
    process.wait()
    assert done.returncode == 0
    assert report("x.pb.gz")["samples"] > 30


@as_root
@pytest.mark.bpf
def test_without_rights(icetop: Icetop, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
    words = [*drop, *COMMAND, "record", "-d", "1", "-o", "/tmp/never.pb.gz"]
    env = {**os.environ, "ICETOP_CACHE": str(tmp_path / "cache"), "HOME": "/nonexistent"}
    done = subprocess.run(words, capture_output=True, text=True, env=env, cwd="/", check=False)
    if "Permission denied" in done.stderr and "icetop" not in done.stderr:
        pytest.skip("the interpreter is not readable by other users")
    one_line(done, 1, "permitted", "sudo")


@as_root
@pytest.mark.bpf
def test_with_the_three_capabilities_alone_it_works_and_says_what_is_lacking(
    tmp_path: Path, shares: Path, report: Report
) -> None:
    """CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE: kernel functions have no names then, and that is said."""
    three = "+bpf,+perfmon,+sys_ptrace"
    everything = f"-all,{three}"
    drop = ["setpriv", f"--inh-caps={everything}", f"--bounding-set={everything}", f"--ambient-caps={three}"]
    env = {**os.environ, "ICETOP_CACHE": str(tmp_path / "cache")}
    words = [*drop, "--reuid=0", *COMMAND, "record", "-F", "499", "-o", tmp_path / "x.pb.gz", "--", shares, "1"]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    found = report(tmp_path / "x.pb.gz")
    assert found["functions"][0]["name"] == "burn_sixty"
    if Path("/proc/sys/kernel/kptr_restrict").read_text().strip() != "0":
        assert "CAP_SYSLOG" in done.stderr


@pytest.mark.bpf
def test_without_bcc_and_nothing_kept(icetop: Icetop, tmp_path: Path) -> None:
    without = str(Path(__file__).parent.parent / "sampler" / "without_bcc")
    env = {"PYTHONPATH": without, "ICETOP_CACHE": str(tmp_path / "cache")}
    one_line(icetop("record", "-d", 1, "-o", "x.pb.gz", env=env), 1, "bcc is not installed", "python3-bpfcc")


@as_root
@pytest.mark.bpf
def test_a_kernel_without_btf(tmp_path: Path, mount_namespace: tuple[str, ...]) -> None:
    hidden = f"mount -t tmpfs none /sys/kernel/btf && cd {tmp_path} && exec {' '.join(COMMAND)} record -d 1 -o x.pb.gz"
    env = {**os.environ, "ICETOP_CACHE": str(tmp_path / "cache")}
    words = [*mount_namespace, "sh", "-c", hidden]
    done = subprocess.run(words, capture_output=True, text=True, env=env, check=False)
    one_line(done, 1, "BTF", "CONFIG_DEBUG_INFO_BTF")


@as_root
@pytest.mark.bpf
def test_without_tracefs_debugfs_bpffs_sys_resource_and_the_list_of_modules(
    tmp_path: Path, shares: Path, report: Report, mount_namespace: tuple[str, ...]
) -> None:
    """What its peers stop for is not needed."""
    hide = [path for path in ("/sys/kernel/tracing", "/sys/kernel/debug", "/sys/fs/bpf") if os.path.isdir(path)]
    script = "".join(f"mount -t tmpfs none {path}; " for path in hide)
    script += "[ -e /proc/modules ] && mount --bind /dev/null /proc/modules; "
    script += f"exec setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource {' '.join(COMMAND)} "
    script += f"record -F 499 -o {tmp_path}/x.pb.gz -- {shares} 1"
    env = {**os.environ, "ICETOP_CACHE": str(tmp_path / "cache")}
    done = subprocess.run([*mount_namespace, "sh", "-c", script], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    found = report(tmp_path / "x.pb.gz")
    assert found["samples"] > 100 and found["functions"][0]["name"] == "burn_sixty"


@pytest.mark.bpf
def test_maps_that_are_full_are_said_and_lose_nothing_silently(
    icetop: Icetop, report: Report, shares: Path, start: Start
) -> None:
    for _ in range(3):
        start(shares)
    words = ["record", "-F", 999, "-d", 2, "-o", "x.pb.gz", "--map-size", "counts=2", "--map-size", "stacks=4096"]
    assert icetop(*words).returncode == 0
    found = report("x.pb.gz")
    assert found["lost"] > 0 and found["samples"] > 0
    assert found["expected"] == found["samples"] + found["lost"]
    assert set(found["lost_by"]) <= {"counts_full", "ring_full"}


@pytest.mark.bpf
def test_names_with_control_characters_and_markup_are_data(
    icetop: Icetop, report: Report, shares: Path, tmp_path: Path, start: Start
) -> None:
    hostile = tmp_path / "[b]\x1b[31mx\n"
    hostile.symlink_to(shares)
    start(hostile, 60)
    done = icetop("record", "-F", 199, "-d", 1, "-o", "x.pb.gz")
    assert done.returncode == 0
    text = icetop("report", "x.pb.gz").stdout
    assert "\x1b" not in text
    names = {process["name"] for process in report("x.pb.gz")["processes"]}
    assert any("[b]" in name for name in names)


@pytest.mark.parametrize("hz", [0, 1000, -5, "fast"])
def test_a_rate_that_cannot_be_is_a_wrong_call(icetop: Icetop, hz: object) -> None:
    one_line(icetop("record", "-F", hz, "-o", "x.pb.gz"), 2)


@pytest.mark.bpf
def test_a_folder_that_is_not_there_is_said_before_anything_is_recorded(icetop: Icetop) -> None:
    begin = time.monotonic()
    one_line(icetop("record", "-d", 60, "-o", "no/such/folder/x.pb.gz"), 1, "no such folder")
    assert time.monotonic() - begin < 30


def test_on_a_system_that_is_not_linux_it_says_what_works(tmp_path: Path) -> None:
    code = (
        "import sys\nsys.platform = 'darwin'\nsys.argv[1:] = ['record', '-d', '1']\n"
        "from icetop.__main__ import main\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    one_line(done, 1, "needs Linux", "icetop open")


@pytest.mark.bpf
def test_an_agent_ends_when_its_reader_is_gone(tmp_path: Path) -> None:
    agent = subprocess.Popen([*COMMAND, "agent"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert agent.stdin is not None and agent.stdout is not None
    assert agent.stdout.read(6) == b"icetop"
    agent.stdin.close()
    agent.stdout.read()
    assert agent.wait(20) == 0


@pytest.mark.bpf
def test_an_agent_that_is_killed_is_said_and_what_was_seen_stays(shares: Path, start: Start) -> None:
    from icetop.profiles.profile import Profile
    from icetop.profiles.source import SourceError
    from icetop.sampler.agent_source import local_agent
    from icetop.sampler.options import CollectOptions

    start(shares)
    source, profile = local_agent(CollectOptions(frequency_hz=499)), Profile()
    with pytest.raises(SourceError) as caught:
        for delta in source.deltas():
            profile.fold(delta)
            if sum(bucket.expected for bucket in profile.timeline.buckets()) > 100:
                kill_children_that_run("agent")
    assert "the collector ended" in str(caught.value) and "signal 9" in str(caught.value)
    assert profile.series


KILLED_APP = """
import os, signal
from pathlib import Path
from icetop.profiles.target import Target
from icetop.sampler.agent_source import local_agent
from icetop.sampler.options import CollectOptions

def below(pid):
    children = [int(word) for path in Path(f"/proc/{pid}/task").glob("*/children") for word in path.read_text().split()]
    return children + [found for child in children for found in below(child)]

deltas = local_agent(CollectOptions(Target(command=("sleep", "1000")))).deltas()
for delta in deltas:
    if len(below(os.getpid())) == 2 and delta.vitals is not None:
        break
agent, command = below(os.getpid())
group = Path(f"/proc/{agent}/autogroup")
nice = group.read_text().split()[-1:] if group.exists() else []
print(os.getsid(0), agent, os.getsid(agent), command, os.getsid(command), *nice, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.bpf
def test_of_a_killed_app_nothing_is_left_and_its_collector_has_a_session_of_its_own() -> None:
    done = subprocess.run([sys.executable, "-c", KILLED_APP], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    session, agent, its_session, command, commands_session, *nice = done.stdout.split()
    assert its_session == agent, "a terminal's signals reach it"
    assert commands_session == command, "the command has its priority"
    assert session not in (agent, command)
    assert nice in ([], ["-20"])
    end = time.monotonic() + PATIENCE
    while any(Path(f"/proc/{pid}").exists() for pid in (agent, command)):
        assert time.monotonic() < end, "it goes on without its reader"
        time.sleep(0.05)


def kill_children_that_run(word: str) -> None:
    """Kill the children of this process whose command line has a word."""
    for children in Path("/proc/self/task").glob("*/children"):
        for pid in children.read_text().split():
            if word.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                os.kill(int(pid), signal.SIGKILL)
