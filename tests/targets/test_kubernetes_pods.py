"""The real Kubernetes client against a server that answers as the API does."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from icetop.targets import informant
from icetop.targets.cluster_access import ClusterAccess, find_access, node_names
from icetop.targets.cluster_names import ClusterNames
from icetop.targets.kubernetes_pods import KubernetesPods
from icetop.targets.places import Places
from icetop.tests.targets.fake_cluster import (
    GONE,
    RECORDED,
    FakeCluster,
    certificates,
    fake_cluster,
    kubeconfig,
    service_account,
)

pytest.importorskip("kubernetes")

PODS: list[dict[str, Any]] = RECORDED["items"]
PRODUCT = PODS[0]
UID = PRODUCT["metadata"]["uid"]
PATH = f"/kubepods/burstable/pod{UID}/{'a1' * 32}"
NAMED = {"container": "app", "pod": "product-6f9bc4d5x7-x7k2p", "namespace": "shop", "service": "product"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(informant, "SHORTEST_REST", 0.05)
    monkeypatch.setenv("NODE_NAME", "worker-1")


def places_of(access: ClusterAccess, changed: Callable[[], object] = lambda: None) -> Places:
    return Places(changed, lambda _: {}, list, lambda tell, fail: KubernetesPods(access, tell, fail))


def access_to(server: FakeCluster, folder: Path, tmp_path: Path) -> ClusterAccess:
    return ClusterAccess(kubeconfigs=(kubeconfig(tmp_path / "config", server, folder),))


@pytest.fixture
def cluster(folder: Path) -> Iterator[FakeCluster]:
    with fake_cluster(folder) as server:
        yield server


def until(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 30
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def renamed(**metadata: Any) -> dict[str, Any]:
    pod = deepcopy(PRODUCT)
    pod["metadata"] |= metadata
    return pod


def test_this_node_s_pods_are_named_and_no_others(cluster: FakeCluster, folder: Path, tmp_path: Path) -> None:
    heard = threading.Event()
    places = places_of(access_to(cluster, folder, tmp_path), heard.set)
    assert places.labels(PATH) == {"container": ("a1" * 32)[:12], "pod": UID}  # does not wait
    places.wait(30)
    assert heard.is_set()
    assert places.news() == {PATH: NAMED}
    expected = {
        f"/kubepods/pod{PODS[1]['metadata']['uid']}/{'b1' * 32}": ("postgres", "postgres-0", "shop", "postgres"),
        f"/kubepods/pod{PODS[1]['metadata']['uid']}/{'b2' * 32}": ("postgres", "postgres-0", "shop", "postgres"),
        f"/x.slice/cri-containerd-{'c1' * 32}.scope": ("kube-proxy", "kube-proxy-zq2xw", "kube-system", "kube-proxy"),
        f"/kubepods/pod{PODS[3]['metadata']['uid']}/{'d1' * 32}": ("backup", "backup-29391960-x7k2p", "shop", "backup"),
        f"/kubepods/pod{PODS[4]['metadata']['uid']}/{'d2' * 32}": ("migrate", "migrate-x7k2p", "shop", "migrate"),
        f"/kubepods/podf26c5ee9ab5bb64cd2ddbea7e4d2bd7e/{'e1' * 32}": ("etcd", "etcd-worker-1", "kube-system", "etcd"),
        f"/kubepods/pod{PODS[6]['metadata']['uid']}/{'f1' * 32}": ("shell", "shell", "default", "shell"),
    }
    keys = ("container", "pod", "namespace", "service")
    assert {path: tuple(places.labels(path).get(key) for key in keys) for path in expected} == expected
    # A pod's own group, and its pause container, which the API does not tell of, belong to the pod.
    pause = places.labels(f"/kubepods/pod{UID}/{'99' * 32}")
    assert pause == NAMED | {"container": ("99" * 32)[:12]}
    assert "pod" not in places.labels(f"/docker/{'f2' * 32}")  # another node's
    assert places.marks(PATH) == "deployment=product app=product tier=backend"
    assert {query.get("fieldSelector") for query in cluster.requests} == {"spec.nodeName=worker-1"}
    assert places.complaints == {}
    places.close()


def test_a_child_asks_and_ends_with_whom_it_tells(
    cluster: FakeCluster, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "config", cluster, folder)))
    places = Places(state=lambda _: {}, addresses=list)
    places.labels(PATH)
    places.wait(60)
    assert places.news() == {PATH: NAMED}
    cluster.tell("MODIFIED", renamed(name="product-new"))
    assert until(lambda: bool(places.news() or True) and places.labels(PATH)["pod"] == "product-new")
    (child,) = places._cluster or ()
    assert isinstance(child, ClusterNames)
    places.close()
    assert child._child is not None
    assert child._child.wait(30) == -9
    assert places.complaints == {}


def test_pods_appear_change_vanish_and_keep_their_names(cluster: FakeCluster, folder: Path, tmp_path: Path) -> None:
    cluster.pods.pop(UID)
    places = places_of(access_to(cluster, folder, tmp_path))
    places.labels(PATH)
    places.wait(30)
    assert until(lambda: any("watch" in query for query in cluster.requests))

    def becomes(**labels: str) -> bool:
        return until(lambda: bool(places.news() or True) and places.labels(PATH) == NAMED | labels)

    starting = renamed()
    starting["status"]["containerStatuses"] = [{"name": "app", "state": {"waiting": {}}, "lastState": {}}]
    cluster.tell("ADDED", starting)
    assert becomes(container=("a1" * 32)[:12])
    cluster.tell("MODIFIED", PRODUCT)
    assert becomes()
    cluster.tell("MODIFIED", renamed(name="product-new"))
    assert becomes(pod="product-new")
    cluster.tell("DELETED", renamed(name="product-new"))
    cluster.break_off()
    assert until(lambda: sum("watch" in query for query in cluster.requests) > 1)  # cut off: goes on
    # From the version that was told last: nothing is lost between two watches.
    assert int(cluster.requests[-1]["resourceVersion"]) >= 184233 + 3
    cluster.tell_raw({"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {"resourceVersion": "184999"}}})
    lists = sum("watch" not in query for query in cluster.requests)
    cluster.pods[UID] = renamed(name="product-after-410")
    cluster.tell_raw({"type": "ERROR", "object": GONE})
    assert becomes(pod="product-after-410")
    assert sum("watch" not in query for query in cluster.requests) == lists + 1
    assert places.complaints == {}
    places.close()


@pytest.mark.parametrize(
    ("manner", "why"),
    [
        ("401", "it does not know who asks (401): the token or certificate is not valid any more"),
        ("403", "who asks may not list pods (403): give the service account get, list and watch on pods"),
        ("silent", "no answer within 0.5 s"),
        ("slow", "no answer within 0.5 s"),
        ("cut", "it does not speak the API (ProtocolError)"),
        ("garbage", "what it answers is no JSON"),
    ],
)
def test_a_bad_api_is_one_line_and_no_pause(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    manner: str,
    why: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(informant, "SECONDS", 0.5)
    monkeypatch.setattr("icetop.targets.kubernetes_pods.WHOLE_ANSWER_S", 0.5)
    with fake_cluster(folder, manner=manner) as server:
        access = access_to(server, folder, tmp_path)
        places = places_of(access)
        assert places.labels(PATH) == {"container": ("a1" * 32)[:12], "pod": UID}
        places.wait(30)
        assert places.complaints == {access.address: why}
        server.manner = "good"
        assert until(lambda: places.complaints == {})  # asked again, and well again
        assert until(lambda: bool(places.news() or True) and places.labels(PATH) == NAMED)
        places.close()
    assert capfd.readouterr() == ("", "")  # the client is silent: the screen is on that terminal


def test_a_dead_api_and_an_unknown_authority_are_said(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = certificates(tmp_path / "other")
    with fake_cluster(folder) as server:
        places = places_of(access_to(server, other, tmp_path))
        places.wait(30)
        assert list(places.complaints.values()) == ["its certificate is not signed by whom the configuration trusts"]
        places.close()
    places = places_of(access_to(server, folder, tmp_path))
    places.wait(30)
    assert list(places.complaints.values()) == ["nobody answers there"]
    places.close()


def test_the_service_account_of_the_pod_and_the_node_that_the_api_tells(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: FakeCluster
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(cluster.server_port))
    told: dict[str, dict[str, str]] = {}
    complaints: dict[str, str] = {}
    pods = KubernetesPods(
        ClusterAccess(service_account(folder)), told.__setitem__, complaints.__setitem__, lambda: iter(["shell"])
    )
    pods.start()
    assert pods.answered.wait(30)
    pods.stop()
    assert complaints == {"the Kubernetes API": ""}
    assert told["a1" * 32]["pod"] == NAMED["pod"]
    assert [query.get("fieldSelector") for query in cluster.requests[:3]] == [
        "spec.nodeName=shell", None, "spec.nodeName=worker-1"
    ]  # fmt: skip


def test_a_node_without_pods_is_said(folder: Path, tmp_path: Path, cluster: FakeCluster) -> None:
    complaints: dict[str, str] = {}
    access = access_to(cluster, folder, tmp_path)
    pods = KubernetesPods(access, lambda *_: None, complaints.__setitem__, lambda: iter(["web-3", "web-3.example"]))
    pods.start()
    assert pods.answered.wait(30)
    pods.stop()
    assert list(complaints.values()) == ["it knows no pods of a node web-3 or web-3.example: set NODE_NAME"]


def test_a_thousand_pods_come_in_pages(folder: Path, tmp_path: Path) -> None:
    pods = []
    for number in range(600):
        pod = deepcopy(PODS[6])
        uid = f"{number:08x}-0000-4000-8000-000000000000"
        pod["metadata"] |= {"name": f"web-{number}", "uid": uid}
        pod["status"]["containerStatuses"][0]["containerID"] = f"cri-o://{number:064x}"
        pods.append(pod)
    with fake_cluster(folder, pods) as server:
        places = places_of(access_to(server, folder, tmp_path))
        places.wait(30)
        assert len({places.labels(f"/pod/{number:064x}").get("pod") for number in range(600)}) == 600
        assert len([query for query in server.requests if "continue" in query]) == 2
        places.close()


def test_where_the_api_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_access({}, tmp_path) is None
    kubelet = tmp_path / "etc/kubernetes/kubelet.conf"
    kubelet.parent.mkdir(parents=True)
    kubelet.touch()
    assert find_access({"HOME": str(tmp_path)}, tmp_path) == ClusterAccess(kubeconfigs=(kubelet,))
    own = tmp_path / ".kube/config"
    own.parent.mkdir()
    own.touch()
    assert find_access({"HOME": str(tmp_path)}, tmp_path) == ClusterAccess(kubeconfigs=(own,))
    assert find_access({"KUBECONFIG": f"{own}:{tmp_path}/none:{kubelet}"}, tmp_path) == ClusterAccess(
        kubeconfigs=(own, kubelet)
    )
    account = tmp_path / "var/run/secrets/kubernetes.io/serviceaccount"
    account.mkdir(parents=True)
    (account / "token").touch()
    in_pod = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "HOME": str(tmp_path)}
    assert find_access(in_pod, tmp_path) == ClusterAccess(account)
    if os.getuid() == 0:
        os.chown(own, 77, 77)
    monkeypatch.setattr("os.geteuid", lambda: 1234)
    assert find_access({"KUBECONFIG": str(own)}, tmp_path) is None  # somebody else's: it may name programs to run


def test_names_that_a_node_may_have(tmp_path: Path) -> None:
    assert list(node_names({"NODE_NAME": "worker-1"}, tmp_path)) == ["worker-1"]
    (tmp_path / "1/root/etc").mkdir(parents=True)
    (tmp_path / "1/root/etc/hostname").write_text("IP-10-0-0-7.Example.com\n")
    assert list(node_names({}, tmp_path))[:2] == ["ip-10-0-0-7.example.com", "ip-10-0-0-7"]
