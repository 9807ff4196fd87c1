"""CPU seconds and peak memory of a 10 s recording at 99 Hz of one busy core, beside perf, bcc's profile and a floor.

    python benchmarks/recording.py [RUNS]

The floor is the smallest bcc program that counts ticks by pid: what any tool pays that compiles with bcc at start.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from measuring import ICETOP, Cost, built, middle, ratio, run_and_measure, running

SECONDS = 10
FLOOR = """
from bcc import BPF, PerfSWConfig, PerfType
import sys, time
bpf = BPF(text="BPF_HASH(n); int tick(void *c) { u64 k = bpf_get_current_pid_tgid() >> 32; n.increment(k); return 0; }",
          cflags=["-I" + sys.argv[1]])
bpf.attach_perf_event(ev_type=PerfType.SOFTWARE, ev_config=PerfSWConfig.CPU_CLOCK, fn_name="tick", sample_freq=99)
time.sleep(10)
"""


def commands(folder: Path) -> dict[str, list[str]]:
    """What is compared: the first is icetop."""
    tree = folder / "tree"
    tree.mkdir()
    (tree / "include").symlink_to(Path(__file__).resolve().parent.parent / "bpf" / "include")
    floor = ["env", f"BCC_KERNEL_SOURCE={tree}", sys.executable, "-c", FLOOR, str(tree / "include")]
    found = {
        "icetop record": [*ICETOP, "record", "-d", str(SECONDS), "-o", str(folder / "x.pb.gz")],
        "smallest bcc program": floor,
    }
    if shutil.which("perf"):
        out = str(folder / "perf.data")
        found["perf record -g"] = ["perf", "record", "-F99", "-a", "-g", "-o", out, "--", "sleep", str(SECONDS)]
        dwarf = found["perf record -g"].copy()
        dwarf[4:5] = ["--call-graph", "dwarf"]
        found["perf record --call-graph dwarf"] = dwarf
    profile = shutil.which("profile-bpfcc")
    if profile:
        found["bcc profile"] = [profile, "-F99", str(SECONDS)]
    return found


def main() -> None:
    """Run each in turn, so that a machine whose speed drifts drifts for all."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    costs: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory() as name, running(built("shares", Path(name))):
        words = commands(Path(name))
        first = run_and_measure(["env", f"ICETOP_CACHE={name}/none", *words["icetop record"]])
        run_and_measure(words["icetop record"])
        for _ in range(runs):
            for tool, command in words.items():
                costs.setdefault(tool, []).append(run_and_measure(command))
    ours = costs["icetop record"]
    print(f"{SECONDS} s at 99 Hz of one busy core, {runs} runs: median (range); ratio: icetop to it")
    for tool, found in costs.items():
        cpu, memory = [cost.cpu_s for cost in found], [cost.peak_mb for cost in found]
        failed = "" if not any(cost.status for cost in found) else f"  (exit status {found[-1].status})"
        print(f"{tool:32} CPU s {middle(cpu)} {ratio([c.cpu_s for c in ours], cpu)}", end="")
        print(f"   peak MB {middle(memory)} {ratio([c.peak_mb for c in ours], memory)}{failed}")
    print(f"{'icetop record, first start ever':32} CPU s {first.cpu_s:7.3f}   peak MB {first.peak_mb:7.3f}")


if __name__ == "__main__":
    main()
