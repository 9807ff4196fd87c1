"""Where control groups belong: by path, by what files tell at once, by what engines tell later."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from icetop.targets import informant
from icetop.targets.container_engines import engine_addresses
from icetop.targets.places import Places
from icetop.tests.targets.fake_engine import fake_engine

ID, OTHER = "0123456789abcdef" * 4, "f" * 64
UID = "8d3c1b0e-5a2f-4c6d-9e7f-0a1b2c3d4e5f"
WEB = {"Id": ID, "Names": ["/web"], "Labels": {"com.docker.compose.service": "front"}}


def places(*addresses: str, state: dict[str, dict[str, str]] | None = None) -> Places:
    return Places(state=lambda container: (state or {}).get(container, {}), addresses=lambda: list(addresses))


@pytest.mark.parametrize(
    ("path", "labels"),
    [
        ("/system.slice/nginx.service", {"service": "nginx.service"}),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/notes.service", {"service": "notes.service"}),
        ("/user.slice/user-1000.slice/session-3.scope", {}),
        (f"/docker/{ID}", {"container": ID[:12]}),
        (f"/docker-{ID}.scope/nginx.service", {"container": ID[:12], "service": "nginx.service"}),
        (f"/kubepods/burstable/pod{UID}/{ID}", {"container": ID[:12], "pod": UID}),
        (f"/kubepods/burstable/pod{UID}", {"pod": UID}),
        (f"/containerd.service/kubepods-pod{UID}.slice:cri-containerd:{ID}", {"container": ID[:12], "pod": UID}),
        ("/", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_by_the_path_alone(path: str, labels: dict[str, str]) -> None:
    assert places().labels(path) == labels


def test_names_of_files_come_at_once_and_stay() -> None:
    state = {ID: {"container": "app", "pod": "web-0", "namespace": "shop", "service": "web"}}
    known = places(state=state)
    path = f"/kubepods/burstable/pod{UID}/{ID}"
    assert known.labels(path) == state[ID]
    state.clear()
    assert known.labels(f"{path}/inner")["container"] == "app"


def test_names_of_an_engine_come_late_and_are_news_once(tmp_path: Path) -> None:
    path, heard = f"/docker/{ID}", threading.Event()
    with fake_engine(tmp_path / "s", [WEB]) as address:
        known = Places(heard.set, lambda _: {}, lambda: [address])
        assert known.labels(path) == {"container": ID[:12]}
        assert heard.wait(30)
        known.wait(30)
        assert known.news() == {path: {"container": "web", "service": "front"}}
        assert known.news() == {}
        assert known.labels(path)["container"] == "web"
        known.close()
        assert known.complaints == {}
    after = Places(state=lambda _: {}, addresses=list)
    after.remember(known)
    assert after.labels(path)["container"] == "web"


def test_the_end_waits_for_who_was_asked_and_for_nobody_else(tmp_path: Path) -> None:
    with fake_engine(tmp_path / "s", [WEB]) as address:
        known = places(address)
        known.wait_for_the_asked(1e6)
        assert known.labels("/system.slice/nginx.service")
        known.wait_for_the_asked(1e6)
        assert known.labels(f"/docker/{ID}") == {"container": ID[:12]}
        known.wait_for_the_asked(60)
        assert known.news()[f"/docker/{ID}"]["container"] == "web"
        known.close()


def test_containers_that_begin_or_are_renamed_are_told(tmp_path: Path) -> None:
    events = [
        {"Type": "container", "Action": "create", "Actor": {"ID": OTHER, "Attributes": {"name": "short"}}},
        {
            "Type": "container",
            "Action": "rename",
            "Actor": {"ID": ID, "Attributes": {"name": "new", "oldName": "/web"}},
        },
        {"Actor": None},
    ]
    with fake_engine(tmp_path / "s", [WEB], events) as address:
        known = places(address)
        paths = [f"/docker/{ID}", f"/docker/{OTHER}"]
        for path in paths:
            known.labels(path)
        until = time.monotonic() + 30
        while [known.labels(path)["container"] for path in paths] != ["new", "short"] and time.monotonic() < until:
            known.news()
            time.sleep(0.01)
        assert [known.labels(path)["container"] for path in paths] == ["new", "short"]
        known.close()


@pytest.mark.parametrize(
    ("manner", "why"),
    [
        ("garbage", "it does not speak Docker's API"),
        ("error", "it does not speak Docker's API"),
        ("cut", "it does not speak Docker's API"),
        ("silent", "no answer within 1 s"),
    ],
)
def test_a_bad_engine_is_one_line_and_no_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manner: str, why: str
) -> None:
    monkeypatch.setattr(informant, "SECONDS", 1)
    with fake_engine(tmp_path / "s", [WEB], manner=manner) as address:
        known = places(address)
        assert known.labels(f"/docker/{ID}") == {"container": ID[:12]}  # does not wait
        known.wait(30)
        assert [line.split(" (")[0] for line in known.complaints.values()] == [why]
        known.close()


def test_a_dead_engine_is_said(tmp_path: Path) -> None:
    with fake_engine(tmp_path / "s", []) as address:
        pass
    known = places(address, f"unix://{tmp_path}/none")
    known.labels(f"/docker/{ID}")
    known.wait(30)
    assert known.complaints == {address: "nobody answers there", f"unix://{tmp_path}/none": "there is no such socket"}
    known.close()


def test_no_engine_is_asked_without_a_container_or_a_need(tmp_path: Path) -> None:
    def refuse() -> list[str]:
        raise AssertionError("asked")

    known = Places(state=lambda _: {"container": "x"}, addresses=refuse)
    known.labels("/system.slice/nginx.service")
    known.labels(f"/docker/{ID}")


def test_where_engines_are_looked_for(tmp_path: Path) -> None:
    assert engine_addresses({"DOCKER_HOST": "tcp://x"}, tmp_path) == ["tcp://x"]
    assert engine_addresses({}, tmp_path) == []
    (tmp_path / "run/podman").mkdir(parents=True)
    (tmp_path / "proc/1").mkdir(parents=True)
    (tmp_path / "proc/1/root").symlink_to("../..")
    socket = tmp_path / "run/podman/podman.sock"
    socket.touch()
    assert engine_addresses({"XDG_RUNTIME_DIR": str(tmp_path / "run")}, tmp_path) == [f"unix://{socket}"]
