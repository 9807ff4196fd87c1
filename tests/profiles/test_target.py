from __future__ import annotations

import pytest
from icetop.profiles.selection import select
from icetop.profiles.series import Series
from icetop.profiles.target import Target
from icetop.profiles.view import View
from icetop.tests.profile_maker import ProfileMaker

WEB = Series(10, 1, 11, "worker", "/system.slice/web.service/main")
LABELS = {"process": "gunicorn", "container": "web", "pod": "web-1", "namespace": "shop", "service": "web.service"}


@pytest.mark.parametrize(
    ("target", "matches"),
    [
        (Target(), True),
        (Target(pids=frozenset((10,))), True),
        (Target(pids=frozenset((11,))), False),
        (Target(comms=frozenset(("worker",))), True),
        (Target(comms=frozenset(("gunicorn",))), True),
        (Target(comms=frozenset(("work",))), False),
        (Target(cgroups=frozenset(("/system.slice/web.service",))), True),
        (Target(cgroups=frozenset(("/system.slice/web.service/",))), True),
        (Target(cgroups=frozenset(("/system.slice/web",))), False),
        (Target(cgroups=frozenset(("/",))), True),
        (Target(containers=frozenset(("web",))), True),
        (Target(pods=frozenset(("web-1",))), True),
        (Target(pods=frozenset(("shop/web-1",))), True),
        (Target(pods=frozenset(("other/web-1",))), False),
        (Target(namespaces=frozenset(("shop",))), True),
        (Target(services=frozenset(("web.service",))), True),
        (Target(services=frozenset(("web",))), True),
        (Target(services=frozenset(("shop/web.service",))), True),
        (Target(services=frozenset(("other/web.service",))), False),
        (Target(containers=frozenset(("shop/web",))), True),
        (Target(containers=frozenset(("other/web",))), False),
        (Target(containers=frozenset(("0123456789ab",))), False),
        (Target(pids=frozenset((99,)), namespaces=frozenset(("shop",))), True),
        (Target(pids=frozenset((99,)), namespaces=frozenset(("other",))), False),
        (Target(command=("sleep", "1")), True),
    ],
)
def test_what_a_target_chooses(target: Target, matches: bool) -> None:
    assert target.matches(WEB, LABELS) is matches


def test_a_container_by_its_id() -> None:
    inside = Series(10, 1, 11, "worker", f"/docker/{'0123456789abcdef' * 4}")
    assert Target(containers=frozenset(("0123456789ab",))).matches(inside, {})
    assert not Target(containers=frozenset(("0123",))).matches(inside, {})
    assert not Target(containers=frozenset(("docker",))).matches(inside, {})


def test_empty_conditions_do_not_match_empty_labels() -> None:
    bare = Series(0, 0, 0, "")
    assert not Target(pods=frozenset(("x",))).matches(bare, {})
    assert not Target(containers=frozenset(("",))).matches(bare, {})


def test_how_a_target_reads() -> None:
    assert str(Target()) == "host"
    assert str(Target(command=("sleep", "1"))) == "sleep 1"
    assert str(Target(pids=frozenset((3, 1)), comms=frozenset(("b", "a")))) == "pid 1,3 or comm a,b"


def test_rows_are_summed_by_stack_and_series_and_chosen_by_target() -> None:
    maker = ProfileMaker()
    maker.sample("a", 1).sample("a", 2, WEB, **LABELS).tick()
    maker.sample("a", 4).sample("a", 8, WEB).sample("b", 16, WEB).tick()
    assert sorted(select(maker.profile, View()).samples.tolist()) == [5, 10, 16]
    chosen = select(maker.profile, View(target=Target(pods=frozenset(("web-1",)))))
    assert sorted(chosen.samples.tolist()) == [10, 16]
    assert len(select(maker.profile, View(target=Target(pids=frozenset((12345,)))))) == 0
