"""What names of containers and pods cost: time until they are there, memory, and the filter in the kernel.

    python benchmarks/containers.py [names] [filter]

`names`: a collector is started, and timed from its command's start to the first message that names what runs. Docker's
where DOCKER_HOST (or the usual socket) has containers that use a CPU; Kubernetes' from a server on this machine that
answers as the API does. `filter`: nanoseconds a tick with so many chosen control groups, by the kernel's own account.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from measuring import ICETOP, ROOT, memory_mb

sys.path.insert(0, str(ROOT / ".namespace"))

from icetop.sampler.wire import read_messages, unpack_delta
from icetop.targets.cgroups import read_layout
from icetop.tests.targets.fake_cluster import certificates, fake_cluster, kubeconfig
from icetop.tests.whole.many_pods import BURN, pods_of, running

ON_THE_NODE = 110
"""Pods of a node, as many as a kubelet takes."""

RUNS = 5
STATS = Path("/proc/sys/kernel/bpf_stats_enabled")


def named_after(environ: dict[str, str], label: str, runs: int = RUNS) -> None:
    """Print the seconds from Enter to the first message with this label, and what then is in memory."""
    waits, memory, beside = [], 0.0, 0.0
    for _ in range(runs):
        begin = time.monotonic()
        pipe = subprocess.PIPE
        with subprocess.Popen([*ICETOP, "agent"], env=environ, stdin=pipe, stdout=pipe, stderr=pipe) as agent:
            assert agent.stdout is not None and agent.stdin is not None
            for message in read_messages(agent.stdout):
                delta = unpack_delta(message["delta"])
                if any(label in labels for labels in delta.labels.values()):
                    break
                if time.monotonic() - begin > 30:
                    raise SystemExit("nothing was named within 30 s")
            waits.append(time.monotonic() - begin)
            time.sleep(1)
            memory = memory_mb(agent.pid)
            beside = sum(memory_mb(child) for child in children_of(agent.pid))
            agent.terminate()
            agent.communicate()
    waits.sort()
    print(
        f"  named after {waits[len(waits) // 2]:.2f} s ({waits[0]:.2f} to {waits[-1]:.2f}); collector {memory:.0f} MB, "
        f"process that asks {beside:.0f} MB (Pss)"
    )


def children_of(pid: int) -> list[int]:
    """The children of a process."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            text += " " + (task / "children").read_text()
    return sorted({int(word) for word in text.split()})


def names() -> None:
    """All ways to names, beside none."""
    environ = {key: text for key, text in os.environ.items() if key not in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST")}
    print("nothing to be named, a process's name:")
    named_after({**environ, "DOCKER_HOST": "unix:///nonexistent"}, "process")
    if "DOCKER_HOST" in environ:
        print("Docker:")
        named_after(environ, "container")
    with tempfile.TemporaryDirectory() as name:
        folder = certificates(Path(name))
        for number in (100, 1000):
            own = pods_of(min(number, ON_THE_NODE), 12)
            others = pods_of(number, 12, "worker-2")[len(own) :]
            with fake_cluster(folder, own + others) as server, running(own, f"icetop-bench-{os.getpid()}", 2):
                print(f"Kubernetes, {number} pods of which {len(own)} on this node:")
                config = kubeconfig(folder / "config", server, folder)
                more = {"KUBECONFIG": str(config), "NODE_NAME": "worker-1", "DOCKER_HOST": "unix:///nonexistent"}
                named_after({**environ, **more}, "namespace")


@contextmanager
def groups(number: int) -> Iterator[list[str]]:
    """So many empty control groups, and their paths."""
    layout = read_layout()
    assert layout is not None
    folder = layout.mount.folder / f"icetop-bench-{os.getpid()}"
    made = [folder / f"{place}" for place in range(number)]
    try:
        for group in made:
            group.mkdir(parents=True, exist_ok=True)
        yield [layout.path_from_folder(group) for group in made]
    finally:
        for group in (*made, folder):
            with suppress(OSError):
                group.rmdir()


def filter_cost() -> None:
    """A loop runs in none of the chosen groups: each of its ticks is looked at and left out."""
    before = STATS.read_text()
    STATS.write_text("1")
    try:
        for number in (0, 1, 100, 1000):
            with groups(number) as paths, subprocess.Popen(BURN) as loop, tempfile.TemporaryDirectory() as folder:
                chosen = ["--cgroup", ",".join(paths)] if paths else ["--comm", "nobody"]
                words = [*ICETOP, "record", "-F", "999", "-d", "8", "-o", f"{folder}/x.pb.gz", *chosen]
                with subprocess.Popen(words, stderr=subprocess.DEVNULL) as recorder:
                    time.sleep(7)
                    runs, nanoseconds = busiest_program(recorder.pid)
                loop.kill()
                print(f"{number:5} groups: {nanoseconds / max(runs, 1):6.0f} ns a tick, of {runs} ticks")
    finally:
        STATS.write_text(before)


def busiest_program(pid: int) -> tuple[int, int]:
    """How often the process's eBPF program that ran most did, and the nanoseconds that took."""
    found = [(0, 0)]
    for entry in Path(f"/proc/{pid}/fdinfo").iterdir():
        with suppress(OSError):
            lines: dict[str, Any] = dict(line.split(":", 1) for line in entry.read_text().splitlines() if ":" in line)
            if "run_cnt" in lines:
                found.append((int(lines["run_cnt"]), int(lines["run_time_ns"])))
    return max(found)


def main() -> None:
    """What was asked for, or all."""
    asked = sys.argv[1:] or ["names", "filter"]
    if "names" in asked:
        names()
    if "filter" in asked:
        filter_cost()


if __name__ == "__main__":
    main()
