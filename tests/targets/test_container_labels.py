from __future__ import annotations

import pytest
from icetop.targets.container_labels import labels_of_container, workload_of_pod


@pytest.mark.parametrize(
    ("pod", "workload"),
    [
        ("product-6f9bc4d5x-x7k2p", "product"),
        ("shop-web-7d4b9c8f6-zq2xw", "shop-web"),
        ("postgres-0", "postgres"),
        ("node-exporter-x7k2p", "node-exporter"),
        ("backup-27893040-x7k2p", "backup"),
        ("import-x7k2p", "import"),
        ("etcd-master", "etcd-master"),
        ("web", "web"),
        ("", ""),
    ],
)
def test_the_workload_that_a_pods_name_was_made_from(pod: str, workload: str) -> None:
    assert workload_of_pod(pod) == workload


def test_a_compose_service() -> None:
    labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web", "other": "x"}
    assert labels_of_container("/shop_web_1", labels) == {
        "container": "shop_web_1",
        "service": "web",
        "project": "shop",
    }


def test_a_container_of_a_pod_as_each_runtime_describes_it() -> None:
    expected = {"container": "app", "pod": "product-6f9bc4d5x-x7k2p", "namespace": "shop", "service": "product"}
    cri_docker = {
        "io.kubernetes.container.name": "app",
        "io.kubernetes.pod.name": expected["pod"],
        "io.kubernetes.pod.namespace": "shop",
    }
    containerd = {
        "io.kubernetes.cri.container-name": "app",
        "io.kubernetes.cri.sandbox-name": expected["pod"],
        "io.kubernetes.cri.sandbox-namespace": "shop",
    }
    assert labels_of_container("/k8s_app_product", cri_docker) == expected
    assert labels_of_container("", containerd) == expected
    del containerd["io.kubernetes.cri.container-name"]
    containerd["io.kubernetes.cri.container-type"] = "sandbox"
    assert labels_of_container("", containerd)["container"] == "pause"


def test_hostile_names_are_printable_and_short() -> None:
    found = labels_of_container("\x1b[31mred\n" * 1000, {"com.docker.compose.service": 7, "x": None})  # type: ignore[dict-item]
    assert list(found) == ["container"]
    assert found["container"].isprintable()
    assert len(found["container"]) <= 120
