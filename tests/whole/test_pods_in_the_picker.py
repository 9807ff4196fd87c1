"""The picker with 300 pods of 12 namespaces, named by the Kubernetes API alone."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from icetop.tests.targets.fake_cluster import certificates, fake_cluster, kubeconfig

from .many_pods import pods_of, running
from .test_by_keyboard import Screen, open_screen  # noqa: F401

pytestmark = [pytest.mark.bpf, pytest.mark.soak]


def test_300_pods_of_12_namespaces(
    open_screen: Callable[..., Screen],  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if os.geteuid():
        pytest.skip("no control groups can be made here: not root")
    pods = pods_of(300, 12)
    monkeypatch.setenv("NODE_NAME", "worker-1")
    with fake_cluster(certificates(tmp_path), pods) as server, running(pods, f"icetop-kubepods-{os.getpid()}", 1):
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "config", server, tmp_path)))
        screen = open_screen((120, 40))
        screen.start()
        screen.sees(lambda text: "live 00:" in text)
        screen.press("p")
        screen.sees(lambda text: re.search(r"ns .* team-00", text) is not None)
        screen.type("team-00 web000")
        # What it uses now, of the workload, the pod and its container: the loop has most of a core.
        busy = screen.sees(lambda text: len(re.findall(r"(?:service|pod|cont) +\d{2,3}(?:\.\d)? ", text)) >= 3)
        assert "web000-6f9bc4d5x7-x7k2p" in busy
        screen.press("C-u")
        screen.type("tier=gold pod")
        screen.sees(lambda text: re.search(r"\b60 of \d+", text) is not None)
        screen.press("C-u")
        screen.type("web000-6 team-00 pod")
        screen.sees(lambda text: re.search(r"\b1 of \d+", text) is not None)
        screen.press("Enter")
        screen.sees(lambda text: "pod team-00/web000-6f9bc4d5x7-x7k2p" in text and "from now on" not in text)
        server.manner = "403"
        server.break_off()
        screen.press("p")
        screen.sees("403")
        screen.press("Escape", "q")
        screen.sees("ended with 0")
