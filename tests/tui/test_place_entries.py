"""Containers and pods in the picker."""

from __future__ import annotations

from dataclasses import replace

from icetop.profiles.target import Target
from icetop.tui.picker import entries_of, target_of
from icetop.tui.process_reader import LiveProcess

MB = 1 << 20


def process(pid: int, cpu: float | None, **place: str) -> LiveProcess:
    return LiveProcess(pid, f"p{pid}", "", cpu, MB, place)


def pod(pid: int, cpu: float, name: str, container: str = "app", namespace: str = "shop") -> LiveProcess:
    return process(pid, cpu, container=container, pod=name, namespace=namespace, service=name.split("-")[0])


PROCESSES = [
    pod(1, 5, "web-1"),
    pod(2, 20, "web-2"),
    pod(3, 1, "web-2", "sidecar"),
    pod(4, 90, "db-0", namespace="data"),
    process(5, 50, container="front", service="front", project="site"),
    process(6, 99.5),
]


def test_a_tree_of_pods_then_other_containers_then_processes() -> None:
    entries = entries_of(PROCESSES)
    assert [(entry.left.split()[0], entry.name, entry.more) for entry in entries[1:13]] == [
        ("ns", "data", ""),
        ("service", "  db", "data"),
        ("pod", "    db-0", "data"),
        ("cont", "      app", "data/db-0"),
        ("ns", "shop", ""),
        ("service", "  web", "shop"),
        ("pod", "    web-2", "shop"),
        ("cont", "      app", "shop/web-2"),
        ("cont", "      sidecar", "shop/web-2"),
        ("pod", "    web-1", "shop"),
        ("cont", "      app", "shop/web-1"),
        ("cont", "front", "site/front"),
    ]
    assert [entry.key for entry in entries[13:]] == [6, 4, 5, 2, 1, 3]


def test_what_they_use_is_the_sum_of_their_processes() -> None:
    by_name = {entry.name.strip(): entry for entry in entries_of(PROCESSES)}
    assert by_name["shop"].left.split() == ["ns", "26.0", "3.15", "MB"]
    assert by_name["front"].left.split() == ["cont", "50.0", "1.05", "MB"]


def test_pods_and_containers_are_found_by_their_labels() -> None:
    labelled = [replace(process, marks="app=web tier=front") for process in PROCESSES[:1]]
    entries = entries_of([*labelled, *PROCESSES[1:]])
    assert [entry.name.strip() for entry in entries if entry.matches(["tier=front"])] == ["web-1", "app"]


def test_what_is_chosen_is_the_target() -> None:
    entries = entries_of(PROCESSES)
    chosen = [entries[place].key for place in (1, 6, 9, 12, 13)]
    assert target_of(chosen) == Target(
        pids=frozenset((6,)),
        containers=frozenset(("shop/web-2/sidecar", "front")),
        pods=frozenset(()),
        namespaces=frozenset(("data",)),
        services=frozenset(("shop/web",)),
    )


def test_each_entry_of_the_tree_chooses_its_own_processes_alone() -> None:
    from icetop.profiles.series import Series

    for entry, pids in zip(
        entries_of(PROCESSES)[5:12], ({1, 2, 3}, {1, 2, 3}, {2, 3}, {2}, {3}, {1}, {1}), strict=True
    ):
        target = target_of([entry.key])
        assert {one.pid for one in PROCESSES if target.matches(Series(one.pid, 0, 0, ""), one.place)} == pids
