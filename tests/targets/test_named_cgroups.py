"""Control groups by the names of containers: those there are now, and nothing by a wrong name."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from icetop.profiles.target import Target
from icetop.targets.cgroups import CgroupLayout, read_layout
from icetop.targets.named_cgroups import NamedCgroups, NothingNamed
from icetop.targets.places import Places


class Folders:
    """Control groups like containers' that are really made, and what a runtime's files would say of them."""

    def __init__(self, layout: CgroupLayout) -> None:
        self.root = layout.mount.folder / f"icetop-test-{secrets.token_hex(4)}"
        self.state: dict[str, dict[str, str]] = {}
        self.root.mkdir()

    def begin(self, name: str, pod: str = "") -> Path:
        container = secrets.token_hex(32)
        self.state[container] = {"container": name, **({"pod": pod, "namespace": "shop"} if pod else {})}
        folder = self.root / container
        (folder / "inner").mkdir(parents=True)
        return folder

    def end(self, folder: Path) -> None:
        (folder / "inner").rmdir()
        folder.rmdir()

    def close(self) -> None:
        for folder in list(self.root.iterdir()):
            if folder.is_dir():
                self.end(folder)
        self.root.rmdir()


@pytest.fixture
def folders() -> Iterator[Folders]:
    layout = read_layout()
    if layout is None:
        pytest.skip("no control groups are mounted here")
    try:
        made = Folders(layout)
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    yield made
    made.close()


@pytest.fixture
def named(folders: Folders) -> NamedCgroups:
    return NamedCgroups(Places(state=lambda container: folders.state.get(container, {}), addresses=list))


def test_the_outermost_group_of_each_container_of_a_name_as_they_come_and_go(
    folders: Folders, named: NamedCgroups
) -> None:
    target = Target(containers=frozenset(("icetop-test-web",)))
    first = folders.begin("icetop-test-web")
    folders.begin("icetop-test-other")
    assert set(named.require(target)) == {first.stat().st_ino}
    folders.end(first)
    assert named.find(target) == {}
    again, twin = folders.begin("icetop-test-web"), folders.begin("icetop-test-web")
    assert set(named.find(target)) == {again.stat().st_ino, twin.stat().st_ino}


def test_by_pod_by_namespace_and_by_id(folders: Folders, named: NamedCgroups) -> None:
    folder = folders.begin("app", "icetop-test-pod")
    found = {folder.stat().st_ino}
    assert set(named.find(Target(pods=frozenset(("shop/icetop-test-pod",))))) == found
    assert set(named.find(Target(pods=frozenset(("icetop-test-pod",))))) == found
    assert named.find(Target(pods=frozenset(("other/icetop-test-pod",)))) == {}
    assert found <= set(named.find(Target(namespaces=frozenset(("shop",)))))
    assert set(named.find(Target(containers=frozenset((folder.name[:12],))))) == found
    assert named.find(Target()) == {}


def test_a_wrong_name_says_what_there_is(folders: Folders, named: NamedCgroups) -> None:
    folders.begin("icetop-test-web", "icetop-test-pod")
    with pytest.raises(NothingNamed, match="no container icetop-test-wep") as error:
        named.require(Target(containers=frozenset(("icetop-test-wep", "icetop-test-web"))))
    assert "icetop-test-web" in error.value.why
    with pytest.raises(NothingNamed) as error:
        named.require(Target(pods=frozenset(("icetop-test-pot",))))
    assert "shop/icetop-test-pod" in error.value.why
    with pytest.raises(NothingNamed, match="no service") as error:
        named.require(Target(services=frozenset(("\x1b[31m",))))
    assert str(error.value).isprintable()
