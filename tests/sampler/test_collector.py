"""The collector on this kernel: every tick accounted for, whatever is full, dying or starting anew."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from icetop.profiles.delta import Delta
from icetop.profiles.profile import Profile
from icetop.profiles.target import Target
from icetop.profiles.tree_builder import build_call_tree
from icetop.profiles.view import View
from icetop.sampler import collector, tables
from icetop.sampler.options import CollectOptions
from icetop.sampler.session import Session

pytestmark = pytest.mark.bpf

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts programs and ends them after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*words: object) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([str(word) for word in words]))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def collect(options: CollectOptions, seconds: float, stall: float = 0.0) -> tuple[Profile, list[Delta]]:
    """What a session finds. With `stall` it stands still after each delta, and cannot read what the kernel sends."""
    session, profile, deltas = Session(options, lambda stage: None, end_with_target=True), Profile(), []
    try:
        for delta in session.deltas(seconds):
            profile.fold(delta)
            deltas.append(delta)
            time.sleep(stall)
    finally:
        session.close()
    return profile, deltas


def taken(profile: Profile) -> int:
    return sum(sum(counts.samples) for bucket in profile.timeline.buckets() for counts in bucket.counts.values())


def expected_and_lost(profile: Profile) -> tuple[int, int]:
    buckets = list(profile.timeline.buckets())
    return sum(bucket.expected for bucket in buckets), sum(sum(bucket.lost.values()) for bucket in buckets)


def function_names(profile: Profile) -> set[str]:
    tree = build_call_tree(profile, View())
    return {tree.name(box) for box in range(len(tree))}


def test_each_delta_accounts_for_each_of_its_ticks(shares: Path, start: Start) -> None:
    """Not only the sum: the kernel's counters and counts are read without a gap."""
    for _ in range(4):
        start(shares, 60)
    _, deltas = collect(CollectOptions(frequency_hz=999), 2.5)
    for delta in deltas:
        assert delta.expected == sum(delta.counts["cpu"].samples if delta.counts else ()) + sum(delta.lost.values())
    assert sum(delta.expected for delta in deltas) > 999


ROOMY = 1 << 24
"""Bytes of a ring that holds all stacks of two CPUs for ten seconds: at any load it is read before it is full."""


@pytest.mark.parametrize(
    ("sizes", "reason"),
    [
        ({"stacks": 4096}, "ring_full"),
        ({"counts": 2, "stacks": ROOMY}, "counts_full"),
        ({"sent": 1, "spaces": 1, "stacks": ROOMY}, None),
    ],
)
def test_tiny_maps_lose_only_what_they_say(sizes: dict[str, int], reason: str | None, start: Start) -> None:
    """A row without a stack, or a tick without a row or a reason, fails."""
    code = "import random\ndef f(n):\n    return n and f(n - 1)\nwhile True:\n    f(random.randrange(50))"
    target = Target(pids=frozenset(start(sys.executable, "-c", code).pid for _ in range(4)))
    profile, _ = collect(CollectOptions(target, frequency_hz=999, map_sizes=sizes), 2.5, stall=0.3)
    expected, lost = expected_and_lost(profile)
    assert expected == taken(profile) + lost
    assert taken(profile) > 0
    reasons = {reason for bucket in profile.timeline.buckets() for reason in bucket.lost}
    assert reasons <= ({reason} if reason else set())
    assert lost > 0 if reason else lost == 0
    tree = build_call_tree(profile, View())
    assert tree.samples == taken(profile)


def test_tables_that_are_full_start_anew_and_nothing_is_lost(
    shares: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MOST_NODES", 12)
    process = start(shares, 60)
    profile, deltas = collect(CollectOptions(Target(pids=frozenset({process.pid})), 999), 4.5)
    assert sum(delta.reset for delta in deltas) >= 2
    expected, lost = expected_and_lost(profile)
    assert (expected, lost) == (taken(profile), 0)
    assert {"burn_sixty", "burn_thirty", "burn_ten"} <= function_names(profile)


def test_only_the_target_is_sampled_and_its_threads_are(start: Start) -> None:
    code = (
        "import threading\ndef spin():\n    while True: pass\nfor _ in range(2): threading.Thread(target=spin).start()"
    )
    wanted, other = start(sys.executable, "-c", code), start(sys.executable, "-c", code)
    time.sleep(0.3)
    profile, _ = collect(CollectOptions(Target(pids=frozenset({wanted.pid})), 499), 1.5)
    assert {series.pid for series in profile.series} == {wanted.pid}
    assert len({series.tid for series in profile.series}) >= 2
    assert other.poll() is None


def test_the_end_of_a_target_is_said_by_who_goes_on(start: Start) -> None:
    """Its number may come again: what gets it is not sampled."""
    process, other = start("sleep", 60), start("sleep", 60)
    target = Target(pids=frozenset({process.pid, other.pid}))
    session, said = Session(CollectOptions(target), lambda stage: None, end_with_target=False), []
    try:
        for delta in session.deltas(30):
            said += [str(notice) for notice in delta.notices if "ended" in notice.what]
            process.kill()
            process.wait()
            if said:
                break
        assert said == [f"process {process.pid} has ended"]
        assert session._collector.kernel.target.pids() == {other.pid}
    finally:
        session.close()


def test_a_comm_is_a_target(shares: Path, start: Start) -> None:
    start(shares, 60)
    start(sys.executable, "-c", "while True: pass")
    profile, _ = collect(CollectOptions(Target(comms=frozenset({"shares"})), 499), 1.5)
    assert {series.comm for series in profile.series} == {"shares"}
    assert taken(profile) > 0


def test_a_process_is_known_by_its_start_as_proc_tells_it(shares: Path, start: Start) -> None:
    process = start(shares, 60)
    profile, _ = collect(CollectOptions(Target(pids=frozenset({process.pid})), 499), 0.5)
    ticks = int(Path(f"/proc/{process.pid}/stat").read_text().rsplit(") ", 1)[1].split()[19])
    tick_ns = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    assert {series.start_ns // tick_ns for series in profile.series} == {ticks}
    assert profile.labels[0]["process"] == "shares"


def test_children_of_a_command_and_their_children_are_targets(shares: Path) -> None:
    command = ("sh", "-c", f"sh -c '{shares} 1' & {shares} 1; wait; exit 5")
    session = Session(CollectOptions(Target(command=command), 499), lambda stage: None, end_with_target=True)
    profile = Profile()
    try:
        for delta in session.deltas():
            profile.fold(delta)
    finally:
        session.close()
    assert session.exit_status == 5
    assert len({series.pid for series in profile.series if series.comm == "shares"}) == 2


def test_without_kernel_frames_there_are_none(start: Start) -> None:
    start("sh", "-c", "while :; do cat /proc/self/maps > /dev/null; done")
    profile, _ = collect(CollectOptions(frequency_hz=499, kernel=False), 1.0)
    assert taken(profile) > 0
    assert "kernel" not in {location.language.value for location in profile.locations}


def test_code_mapped_while_sampled_gets_its_names(tmp_path: Path, start: Start) -> None:
    """dlopen after the first sample: an address in no known mapping makes the mappings be read again."""
    source = "unsigned long late_burner(void) { volatile unsigned long i = 0; while (i < 3000000000ul) i++; return i; }"
    (tmp_path / "late.c").write_text(source)
    library = tmp_path / "late.so"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-fno-omit-frame-pointer", "-o", library, tmp_path / "late.c"], check=True
    )
    code = (
        "import ctypes, time\nend = time.monotonic() + 1\nwhile time.monotonic() < end: pass\n"
        f"while True: ctypes.CDLL({str(library)!r}).late_burner()"
    )
    process = start(sys.executable, "-c", code)
    profile, _ = collect(CollectOptions(Target(pids=frozenset({process.pid})), 499), 3.0)
    assert "late_burner" in function_names(profile)


def test_the_first_deltas_come_soon_and_the_last_one_says_so(shares: Path, start: Start) -> None:
    start(shares, 60)
    tries = [collect(CollectOptions(frequency_hz=99), 1.2)[1]]
    # On a machine that holds the collector up for half a second, drains fall together: in one try, or in the next.
    while max(map(len, tries)) < 2 + len(collector.FIRST_DRAINS) and len(tries) < 12:
        tries.append(collect(CollectOptions(frequency_hz=99), 1.2)[1])
    for deltas in tries:
        assert deltas[0].context is not None and deltas[0].stage == "waiting for samples"
        assert [delta.last for delta in deltas] == [False] * (len(deltas) - 1) + [True]
    assert max(map(len, tries)) >= 2 + len(collector.FIRST_DRAINS)


def test_nothing_stays_attached_when_the_collector_is_killed(shares: Path, start: Start) -> None:
    start(shares, 60)
    code = (
        "from icetop.sampler.session import Session\nfrom icetop.sampler.options import CollectOptions\n"
        "for delta in Session(CollectOptions(), lambda s: None, end_with_target=False).deltas(): print('.', flush=True)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    its_own = programs_of(process.pid)
    assert len(its_own) > 3 and its_own <= loaded_programs()
    process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 10
    while its_own & loaded_programs() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not its_own & loaded_programs()


def programs_of(pid: int) -> set[int]:
    """The ids of the eBPF programs that a process holds."""
    texts = [info.read_text() for info in Path(f"/proc/{pid}/fdinfo").iterdir()]
    return {int(number) for text in texts for number in re.findall(r"^prog_id:\s*(\d+)", text, re.MULTILINE)}


def loaded_programs() -> set[int]:
    """The ids of all eBPF programs that the kernel holds, asked with BPF_PROG_GET_NEXT_ID."""
    import struct

    from icetop.sampler.loader.system_call import bpf

    found, program = set[int](), 0
    while True:
        attributes = bytearray(struct.pack("=III", program, 0, 0))
        try:
            bpf(11, attributes)
        except OSError:
            return found
        program = struct.unpack_from("=I", attributes, 4)[0]
        found.add(program)


def test_orders_change_target_and_rate_between_two_epochs(shares: Path, start: Start) -> None:
    """After the context says so, samples are of the new target and at the new rate; none is of both."""
    one, two = start(shares, 60), start(shares, 60)
    session = Session(CollectOptions(Target(pids=frozenset({one.pid})), 199), lambda s: None, end_with_target=False)
    profile, targets, seen = Profile(), [], list[set[int]]()
    try:
        for place, delta in enumerate(session.deltas(4.5)):
            profile.fold(delta)
            targets.append(profile.context.target)
            seen.append({profile.series[index].pid for index in delta.counts["cpu"].series})
            if place == 3:
                session.retarget(Target(pids=frozenset({two.pid})))
                session.set_rate(999)
    finally:
        session.close()
    assert set().union(*(pids for pids, t in zip(seen, targets, strict=True) if t == f"pid {one.pid}")) == {one.pid}
    assert set().union(*(pids for pids, t in zip(seen, targets, strict=True) if t == f"pid {two.pid}")) == {two.pid}
    assert profile.context.frequency_hz == 999
    last = next(bucket for bucket in reversed(list(profile.timeline.buckets())) if bucket.counts).counts["cpu"]
    assert sum(last.values) == sum(last.samples) * (1_000_000_000 // 999)


def test_an_order_that_cannot_be_carried_out_is_said_and_changes_nothing(shares: Path, start: Start) -> None:
    process = start(shares, 60)
    session = Session(CollectOptions(Target(pids=frozenset({process.pid})), 199), lambda s: None, end_with_target=False)
    notices = []
    try:
        for place, delta in enumerate(session.deltas(2.5)):
            notices += delta.notices
            if place == 1:
                session.retarget(Target(cgroups=frozenset({"/no/such/group"})))
    finally:
        session.close()
    assert any("no control group" in notice.why for notice in notices)
    assert delta.expected > 0
