"""Control groups that are really made, and found by id and by name."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from icetop.targets.cgroup_search import CgroupIndex, CgroupNotFound, resolve_cgroup, walk
from icetop.targets.cgroups import CgroupLayout, Mount, read_layout
from icetop.targets.processes import read_process


@pytest.fixture
def layout() -> CgroupLayout:
    found = read_layout()
    if found is None:
        pytest.skip("no control groups are mounted here")
    return found


@pytest.fixture
def group(layout: CgroupLayout) -> Iterator[Path]:
    """A new control group's folder with one below it, removed afterwards."""
    folder = layout.mount.folder / f"icetop-test-{uuid4().hex[:8]}"
    try:
        (folder / "inner").mkdir(parents=True)
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    yield folder
    for path in (folder / "inner", folder):
        if path.exists():
            path.rmdir()


def test_a_process_in_a_group_of_its_own(layout: CgroupLayout, group: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        (group / "inner/cgroup.procs").write_text(str(child.pid))
        info = read_process(child.pid)
        child.kill()
    assert info is not None
    assert info.cgroup == f"/{group.name}/inner"
    assert layout.folder_id(info.cgroup) == (group / "inner").stat().st_ino


def test_index_by_id(layout: CgroupLayout, group: Path) -> None:
    index = CgroupIndex(layout)
    inner = (group / "inner").stat().st_ino
    assert index.path_of(inner) == f"/{group.name}/inner"
    (group / "inner").rmdir()
    assert index.path_of(inner) == f"/{group.name}/inner"
    assert index.path_of(2**63) == ""


def test_a_group_is_found_however_it_is_written(layout: CgroupLayout, group: Path) -> None:
    path = f"/{group.name}/inner"
    for text in (
        str(group / "inner"),
        f"{group}/inner/",
        path,
        path.lstrip("/"),
        f"{path}/",
        f"4:memory:{path}",
        f"0::{path}",
        f"{group}/../{group.name}/inner",
    ):
        found = resolve_cgroup(text, layout)
        assert (found.path, found.folder, found.id) == (path, group / "inner", (group / "inner").stat().st_ino)


def test_the_folder_of_another_controller(layout: CgroupLayout, group: Path) -> None:
    others = [mount for mount in layout.mounts if mount.folder != layout.mount.folder]
    if not others:
        pytest.skip("there is one hierarchy only")
    assert resolve_cgroup(str(others[0].folder / group.name), layout).path == f"/{group.name}"


def test_a_name_that_is_nearly_right(layout: CgroupLayout, group: Path) -> None:
    for text in (group.name[:-1], group.name[7:], f"/wrong/{group.name}", f"{group.name}x"):
        with pytest.raises(CgroupNotFound, match=f"did you mean /{group.name}") as caught:
            resolve_cgroup(text, layout)
        assert f"/{group.name}" in caught.value.near


@pytest.mark.parametrize(
    "text", ["", "/../../etc", "../..", "/etc", "x" * 100_000, "\x1b[2J", "a\0b", "/a\0b", "0::/../x"]
)
def test_what_is_no_group(layout: CgroupLayout, text: str) -> None:
    try:
        found = resolve_cgroup(text, layout)
    except CgroupNotFound as error:
        assert str(error).isprintable() and len(str(error)) < 800
    else:
        assert found.path == "/" and text == ""


@pytest.fixture
def tree(tmp_path: Path) -> CgroupLayout:
    for name in ("a/b/c", "a/d", "e"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "a/tasks").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path)
    return CgroupLayout(2, "", Mount(2, (), tmp_path, "/"))


def test_walk_goes_level_by_level_and_stops(tree: CgroupLayout) -> None:
    paths = [path for path, _ in walk(tree)]
    assert paths[0] == "/" and set(paths[1:3]) == {"/a", "/e"}
    assert set(paths) == {"/", "/a", "/a/b", "/a/b/c", "/a/d", "/e"}
    assert len(list(walk(tree, 3))) == 3
    assert list(walk(CgroupLayout(2, "", Mount(2, (), Path("/nowhere"), "/")))) == []


def test_the_index_is_bounded_and_walks_at_most_once_a_second(
    tree: CgroupLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr("icetop.targets.cgroup_search.time.monotonic", lambda: clock[0])
    index = CgroupIndex(tree, bound=4)
    folder = tree.mount.folder
    assert index.path_of((folder / "e").stat().st_ino) == "/e"
    for number in range(10):
        (folder / f"new{number}").mkdir()
        assert index.path_of((folder / f"new{number}").stat().st_ino) == ""
    clock[0] += 2
    index.path_of(1)
    assert sum(index.path_of(os.stat(folder / f"new{n}").st_ino) != "" for n in range(10)) <= 4
