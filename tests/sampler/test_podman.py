"""Containers of a real Podman, named by its socket.

ICETOP_TEST_PODMAN names the folder where its packages (podman, conmon, and libraries that lack here) were unpacked;
runc and busybox are looked for as in `test_containers`.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copy, which

import pytest

from .test_containers import BURN, engine_path, icetop, recorded

pytestmark = [pytest.mark.bpf, pytest.mark.soak]

Podman = Callable[..., str]


@pytest.fixture
def podman(tmp_path: Path) -> Iterator[Podman]:
    """Runs podman commands on storage of the test's own, at whose socket `tmp_path/s` a service answers."""
    folder = os.environ.get("ICETOP_TEST_PODMAN", "")
    path = f"{folder}/usr/bin{os.pathsep}{engine_path()}"
    found = {tool: which(tool, path=path) for tool in ("podman", "conmon", "runc", "busybox")}
    if None in found.values() or os.geteuid():
        pytest.skip(f"no Podman can be run here: {[tool for tool, place in found.items() if place is None]}")
    (tmp_path / "rootfs/bin").mkdir(parents=True)
    copy(str(found["busybox"]), tmp_path / "rootfs/bin/busybox")
    (tmp_path / "rootfs/bin/sh").symlink_to("busybox")
    (tmp_path / "containers.conf").write_text(
        f'[engine]\nconmon_path=["{found["conmon"]}"]\ncgroup_manager="cgroupfs"\nevents_logger="file"\nruntime="runc"\n'
        f'[engine.runtimes]\nrunc=["{found["runc"]}"]\n[containers]\nnetns="none"\npids_limit=0\n'
        'apparmor_profile="unconfined"\ndefault_ulimits=["nofile=1024:1024","nproc=1024:1024"]\n'
    )
    (tmp_path / "storage.conf").write_text(
        f'[storage]\ndriver="vfs"\ngraphroot="{tmp_path}/storage"\nrunroot="{tmp_path}/run"\n'
    )
    environment = {
        **os.environ,
        "PATH": path,
        "LD_LIBRARY_PATH": f"{folder}/usr/lib/x86_64-linux-gnu",
        "CONTAINERS_CONF": str(tmp_path / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(tmp_path / "storage.conf"),
    }

    def run(*words: str) -> str:
        done = subprocess.run(["podman", *words], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    words = ["podman", "system", "service", "--time", "0", f"unix://{tmp_path}/s"]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(words, env=environment, stdout=log, stderr=log) as service,
    ):
        try:
            until = time.monotonic() + 60
            while not (tmp_path / "s").exists():
                assert service.poll() is None and time.monotonic() < until, (tmp_path / "log").read_text()
                time.sleep(0.1)
            yield run
            run("rm", "-f", "-a")
        finally:
            service.terminate()


def test_its_socket_names_containers_and_each_can_be_chosen(podman: Podman, tmp_path: Path) -> None:
    for name in ("icetop-one", "icetop-two"):
        podman("run", "-d", "--name", name, "--rootfs", str(tmp_path / "rootfs"), *BURN)
    address = {"DOCKER_HOST": f"unix://{tmp_path}/s"}
    for words in ((), ("-c", "icetop-two")):  # one after the other: Podman takes its time
        run = icetop("record", "-d", "15", *words, "-o", f"{tmp_path}/{len(words)}.pb.gz", **address)
        errors = run.communicate(timeout=120)[1]
        assert run.returncode == 0, errors
    assert {"icetop-one", "icetop-two"} <= set(recorded(tmp_path / "0.pb.gz"))
    assert set(recorded(tmp_path / "2.pb.gz")) == {"icetop-two"}
