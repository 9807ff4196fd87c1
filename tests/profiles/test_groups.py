"""The first level of the graph by where processes belong."""

from __future__ import annotations

import pytest
from icetop.profiles.groups import group_series
from icetop.profiles.series import Series
from icetop.profiles.view import FirstLevel
from icetop.tests.profile_maker import ProfileMaker


@pytest.mark.parametrize(
    ("level", "groups"),
    [
        ("container", [("app", "shop/web-1"), ("app", "shop/web-2"), ("front", "site"), ("no container", "")]),
        ("pod", [("web-1", "shop"), ("web-2", "shop"), ("no pod", "")]),
        ("service", [("web", "shop"), ("front", "site"), ("no service", "")]),
    ],
)
def test_by_where_processes_belong(level: FirstLevel, groups: list[tuple[str, str]]) -> None:
    maker = ProfileMaker()
    for pid, pod in enumerate(("web-1", "web-1", "web-2"), 1):
        labels = {"container": "app", "pod": pod, "namespace": "shop", "service": "web"}
        maker.sample("a", 1, Series(pid, 1, pid, "w"), **labels)
    maker.sample("a", 1, Series(7, 1, 7, "f"), container="front", service="front", project="site")
    maker.sample("a", 1, Series(8, 1, 8, "f")).tick()
    found, of_series = group_series(maker.profile, level)
    assert [(group.name, group.title) for group in found] == groups
    assert of_series.tolist()[:2] == [0, 0]


def test_a_group_knows_its_container_and_pod_unless_it_is_in_several() -> None:
    maker = ProfileMaker()
    for pid, pod, container in ((1, "web-1", "app"), (2, "web-1", "log"), (3, "web-2", "app")):
        maker.sample("a", 1, Series(pid, 1, pid, "w"), process="w", container=container, pod=pod, namespace="shop")
    maker.sample("a", 1, Series(4, 1, 4, "f"), process="f", container="front")
    maker.sample("a", 1, Series(5, 1, 5, "g"), process="g").tick()
    places = {
        level: [(group.container, group.pod) for group in group_series(maker.profile, level)[0]]
        for level in ("process", "pod", "command")
    }
    assert places == {
        "process": [
            ("shop/web-1/app", "shop/web-1"), ("shop/web-1/log", "shop/web-1"), ("shop/web-2/app", "shop/web-2"),
            ("front", "front"), ("", ""),
        ],
        "pod": [("", "shop/web-1"), ("shop/web-2/app", "shop/web-2"), ("", "")],
        "command": [("", ""), ("front", "front"), ("", "")],
    }  # fmt: skip
