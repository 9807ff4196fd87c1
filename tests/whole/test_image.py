"""The image of deploy/, run by a real engine (see `tests/sampler/test_containers.py`) as a container of the host.

ICETOP_TEST_IMAGE names what `docker save icetop` wrote.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ..sampler.test_containers import BURN, Docker, docker, python_image  # noqa: F401
from .conftest import Icetop
from .test_docker_exec import CAPABILITIES

pytestmark = [pytest.mark.bpf, pytest.mark.soak]


def test_it_names_other_containers_python_included_and_compiles_nothing(
    docker: Docker,  # noqa: F811
    icetop: Icetop,
    shares: Path,
    tmp_path: Path,
) -> None:
    saved, python = os.environ.get("ICETOP_TEST_IMAGE"), Path("/usr/bin/python3")
    if saved is None or not python.exists():
        pytest.skip("ICETOP_TEST_IMAGE names no image, or there is no /usr/bin/python3")
    docker("load", "-i", saved)
    program = Path(__file__).parent.parent / "programs/python/known_calls.py"
    docker("import", "-", "icetop-python", give=python_image(python.resolve(), program))
    start = ("run", "-d", "--network=none", "--name")
    docker(*start, "icetop-shell", "icetop-test", *BURN)
    docker(*start, "icetop-py", "icetop-python", str(python.resolve()), "/program.py")
    docker(*start, "icetop-c", "-v", "/:/host:ro", "icetop-test", "busybox", "chroot", "/host", str(shares))
    words = ["run", "--rm", "--network=none", "--pid=host", "--cgroupns=host", "--security-opt=seccomp=unconfined"]
    words += [f"--cap-add={name}" for name in CAPABILITIES]
    words += ["-v", "/sys/fs/cgroup:/sys/fs/cgroup:ro", "-v", f"{tmp_path}:/out"]
    words += ["-v", f"{os.environ['DOCKER_HOST'].removeprefix('unix://')}:/run/docker.sock"]
    kept = docker(
        *words, "--entrypoint=sh", "icetop", "-c",
        "icetop record -d 5 -F 499 -o /out/all.pb.gz && icetop record -d 2 -c icetop-py -o /out/py.pb.gz && "
        "ls /var/cache/icetop",
    )  # fmt: skip
    assert "programs-" not in kept
    found = json.loads(icetop("report", tmp_path / "all.pb.gz", "--format", "json").stdout)
    assert {"icetop-shell", "icetop-py", "icetop-c"} <= {row["container"] for row in found["processes"]}
    assert {"burn_sixty", "program.turn"} <= {row["name"] for row in found["functions"]}
    found = json.loads(icetop("report", tmp_path / "py.pb.gz", "--format", "json").stdout)
    assert {row["container"] for row in found["processes"] if row["samples"]} == {"icetop-py"}
    assert {"program.main", "program.turn"} <= {row["name"] for row in found["functions"]}
    docker("rm", "-f", "icetop-shell", "icetop-py", "icetop-c")
