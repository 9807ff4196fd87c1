"""Runs containers with runc in control groups of given paths, and prints what icetop says of their processes (JSON).

`python read_shapes.py RUNC BUNDLE PATH...`; the bundle's root file system has a busybox.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

from icetop.profiles.target import Target
from icetop.targets.cgroups import read_layout
from icetop.targets.container_ids import container_ids
from icetop.targets.named_cgroups import NamedCgroups
from icetop.targets.places import Places
from icetop.targets.processes import read_process


def look(runc: str, bundle: Path, path: str) -> dict[str, object]:
    """What is said of a process in a control group of this path."""
    specification = json.loads((bundle / "config.json").read_text())
    specification["linux"]["cgroupsPath"] = path
    (bundle / "config.json").write_text(json.dumps(specification))
    name = f"icetop-test-{os.getpid()}"
    words = [
        runc,
        "--root",
        str(bundle / "state"),
        "run",
        "-d",
        "--pid-file",
        str(bundle / "pid"),
        "-b",
        str(bundle),
        name,
    ]
    pipe = subprocess.DEVNULL
    with (bundle / "errors").open("w") as errors:  # not a pipe: the container has it, too
        done = subprocess.run(words, stdin=pipe, stdout=pipe, stderr=errors, check=False)
    if done.returncode:
        return {"error": (bundle / "errors").read_text()[-300:]}
    try:
        process = read_process(int((bundle / "pid").read_text()))
        assert process is not None
        layout = read_layout()
        places = Places(state=lambda _: {}, addresses=list, cluster=lambda *_: None)
        container, pod = container_ids(process.cgroup)
        groups = NamedCgroups(places, layout)
        found = groups.find(Target(containers=frozenset((container[:12],))))
        by_pod = groups.find(Target(pods=frozenset((pod,)))) if pod else {}
        return {
            "cgroup": process.cgroup,
            "container": container,
            "pod": pod,
            "found": sorted(found.values()),
            "by_pod": sorted(by_pod.values()),
            "version": layout.version if layout else 0,
        }
    finally:
        subprocess.run([runc, "--root", str(bundle / "state"), "delete", "-f", name], capture_output=True, check=False)
        remove(path)


def remove(path: str) -> None:
    """Remove the folders of a control group that were made for it, and that nobody else uses."""
    layout = read_layout()
    for mount in layout.mounts if layout else ():
        folder = mount.folder / path.lstrip("/")
        while folder != mount.folder:
            with contextlib.suppress(OSError):
                folder.rmdir()
            folder = folder.parent


if __name__ == "__main__":
    print(json.dumps([look(sys.argv[1], Path(sys.argv[2]), path) for path in sys.argv[3:]]))
