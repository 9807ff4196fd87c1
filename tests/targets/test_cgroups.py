"""Control groups of v1, hybrid and v2 machines, seen from the host and from containers."""

from __future__ import annotations

from pathlib import Path

import pytest
from icetop.targets.cgroups import CgroupLayout, choose_layout, parse_memberships, parse_mounts, read_layout

V1 = """\
31 23 0:28 / {base} rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / {base}/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / {base}/memory rw,relatime - cgroup cgroup rw,memory
40 31 0:37 / {base}/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
"""
HYBRID = V1 + "41 31 0:38 / {base}/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
V2 = "30 23 0:26 / {base} rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
V1_CONTAINER = "35 31 0:32 /docker/abc {base}/memory ro,nosuid - cgroup cgroup rw,memory\n"


def layout_of(mountinfo: str, base: Path) -> CgroupLayout:
    layout = choose_layout(parse_mounts(mountinfo.format(base=base)))
    assert layout is not None
    return layout


@pytest.mark.parametrize(
    ("mountinfo", "version", "controller", "folder"),
    [(V1, 1, "memory", "memory"), (HYBRID, 1, "memory", "memory"), (V2, 2, "", "")],
)
def test_which_hierarchy(mountinfo: str, version: int, controller: str, folder: str, tmp_path: Path) -> None:
    layout = layout_of(mountinfo, tmp_path)
    assert (layout.version, layout.controller, layout.mount.folder) == (version, controller, tmp_path / folder)


def test_without_memory_the_next_controller_is_taken(tmp_path: Path) -> None:
    lines = [line for line in HYBRID.splitlines() if "memory" not in line]
    layout = layout_of("\n".join(lines), tmp_path)
    assert (layout.version, layout.controller) == (1, "cpu")
    assert layout.mount.folder == tmp_path / "cpu,cpuacct"


def test_v2_with_only_systemds_v1_tree(tmp_path: Path) -> None:
    lines = [line for line in HYBRID.splitlines() if "memory" not in line and "cpu" not in line]
    layout = layout_of("\n".join(lines), tmp_path)
    assert (layout.version, layout.mount.folder) == (2, tmp_path / "unified")


def test_no_cgroups_at_all(tmp_path: Path) -> None:
    assert choose_layout(parse_mounts("22 1 8:1 / / rw - ext4 /dev/sda1 rw\ngarbage\n\n - - -\n")) is None
    assert read_layout(tmp_path) is None


def test_mount_points_with_spaces() -> None:
    mounts = parse_mounts("30 23 0:26 / /mnt/my\\040groups rw - cgroup2 cgroup2 rw\n")
    assert mounts[0].folder == Path("/mnt/my groups")


def test_memberships() -> None:
    text = "12:cpu,cpuacct:/a\n4:memory:/b:c\n1:name=systemd:/system.slice/x.service\n0::/d (deleted)\nnonsense\n::\n"
    assert parse_memberships(text) == {
        "cpu": "/a",
        "cpuacct": "/a",
        "memory": "/b:c",
        "name=systemd": "/system.slice/x.service",
        "": "/d",
    }


def test_the_path_in_each_layout(tmp_path: Path) -> None:
    memberships = parse_memberships("4:memory:/docker/abc\n0::/\n")
    assert layout_of(HYBRID, tmp_path).path_of(memberships) == "/docker/abc"
    assert layout_of(V2, tmp_path).path_of(memberships) == "/"
    assert layout_of(V1, tmp_path).path_of({}) == ""


def test_folder_of_a_path(tmp_path: Path) -> None:
    layout = layout_of(HYBRID, tmp_path)
    assert layout.folder("/docker/abc") == tmp_path / "memory/docker/abc"
    assert layout.folder("/") == tmp_path / "memory"
    assert layout.folder("/../x") is None
    assert layout.folder("/a/../../etc") is None
    assert layout.folder("relative") is None
    assert layout.folder("") is None
    assert layout.path_from_folder(tmp_path / "memory/docker") == "/docker"


def test_the_folders_inode_is_its_id(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    layout = layout_of(V2, tmp_path)
    assert layout.folder_id("/shop") == (tmp_path / "shop").stat().st_ino
    with pytest.raises(FileNotFoundError):
        layout.folder_id("/gone")
    with pytest.raises(FileNotFoundError):
        layout.folder_id("/../outside")


def test_a_v1_container_sees_only_its_own_part(tmp_path: Path) -> None:
    layout = layout_of(V1_CONTAINER, tmp_path)
    assert layout.path_of({"memory": "/docker/abc"}) == "/docker/abc"
    assert layout.folder("/docker/abc/worker") == tmp_path / "memory/worker"
    assert layout.folder("/docker/other") is None
    assert layout.path_from_folder(tmp_path / "memory/worker") == "/docker/abc/worker"


def host_mount(tmp_path: Path) -> CgroupLayout:
    """A pod with a cgroup namespace of its own and the host's hierarchy mounted at host/."""
    pod = tmp_path / "host/kubepods/burstable/pod1/icetop"
    pod.mkdir(parents=True)
    (tmp_path / "host/kubepods/burstable/pod2/web").mkdir(parents=True)
    (tmp_path / "own").symlink_to(pod)
    own, host = V2.format(base=tmp_path / "own"), V2.format(base=tmp_path / "host").replace(" / ", " /../../../.. ", 1)
    layout = choose_layout(parse_mounts(own + host))
    assert layout is not None
    return layout


def test_a_private_cgroup_namespace_with_the_hosts_hierarchy_mounted(tmp_path: Path) -> None:
    layout = host_mount(tmp_path)
    assert layout.mount.folder == tmp_path / "host"
    assert layout.path_of({"": "/"}) == "/kubepods/burstable/pod1/icetop"
    assert layout.path_of({"": "/../../pod2/web"}) == "/kubepods/burstable/pod2/web"
    assert layout.path_of({"": "/../../../../system.slice"}) == "/system.slice"
    assert layout.folder("/../../pod2/web") == tmp_path / "host/kubepods/burstable/pod2/web"
    web = tmp_path / "host/kubepods/burstable/pod2/web"
    assert layout.folder_id("/kubepods/burstable/pod2/web") == web.stat().st_ino
    assert layout.path_from_folder(web) == "/kubepods/burstable/pod2/web"


def test_a_private_cgroup_namespace_alone(tmp_path: Path) -> None:
    layout = layout_of(V2, tmp_path)
    assert layout.path_of({"": "/../../pod2/web"}) == "/../../pod2/web"
    assert layout.folder("/../../pod2/web") is None
