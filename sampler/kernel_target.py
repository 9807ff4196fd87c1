"""Which processes' samples the programs take, as their maps have it."""

from __future__ import annotations

import struct
from collections.abc import Collection

from ..profiles.target import Target
from ..targets.cgroup_search import resolve_cgroup
from .loader.programs import Programs


class KernelTarget:
    """The target of some programs: processes, control groups and names, in maps of their own."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._filters = programs.form.enums["filter"]
        self._named_cgroups: set[int] = set()

    def begin(self, target: Target, named_cgroups: Collection[int]) -> None:
        """Take samples of this target, where there was none before. Raises CgroupNotFound.

        `named_cgroups` are the ids of the groups that its names mean now: see `follow_cgroups`.
        """
        self._put(target, cgroup_keys(target), named_cgroups)

    def change(self, target: Target, named_cgroups: Collection[int]) -> None:
        """Take those of another target. Raises CgroupNotFound, and then nothing has changed."""
        cgroups = cgroup_keys(target)
        for name in ("target_pids", "target_cgroups", "target_comms"):
            held = self._programs.maps[name]
            held.delete_all(key for key, _ in held.items())
        self._put(target, cgroups, named_cgroups)

    def follow_cgroups(self, named_cgroups: Collection[int]) -> None:
        """The names of the target mean these groups from now on. Raises OSError when they are too many."""
        held, now = self._programs.maps["target_cgroups"], set(named_cgroups)
        held.delete_all(struct.pack("=Q", gone) for gone in self._named_cgroups - now)
        for new in now - self._named_cgroups:
            held.update(struct.pack("=Q", new), b"\1")
        self._named_cgroups = now

    def add_pid(self, pid: int) -> None:
        """One process more."""
        self._programs.maps["target_pids"].update(struct.pack("=I", pid), b"\1")

    def pids(self) -> set[int]:
        """The processes whose samples are taken, children included."""
        return {struct.unpack("=I", key)[0] for key, _ in self._programs.maps["target_pids"].items()}

    def forget_pid(self, pid: int) -> None:
        """A process is gone; its number may come again."""
        self._programs.maps["target_pids"].delete(struct.pack("=I", pid))

    def _put(self, target: Target, cgroups: set[bytes], named_cgroups: Collection[int]) -> None:
        maps, chosen = self._programs.maps, 0
        self._named_cgroups = set(named_cgroups)
        for pid in target.pids:
            maps["target_pids"].update(struct.pack("=I", pid), b"\1")
        for key in cgroups | {struct.pack("=Q", named) for named in self._named_cgroups}:
            maps["target_cgroups"].update(key, b"\1")
        for comm in target.comms:
            maps["target_comms"].update(comm.encode()[:15].ljust(16, b"\0"), b"\1")
        chosen |= self._filters["FILTER_PIDS"] if target.pids or target.command else 0
        chosen |= self._filters["FILTER_CGROUPS"] if target.cgroups or target.by_place else 0
        chosen |= self._filters["FILTER_COMMS"] if target.comms else 0
        self._programs.configure({"filters": chosen})


def cgroup_keys(target: Target) -> set[bytes]:
    """The target's cgroups as keys of the kernel's map. Raises CgroupNotFound."""
    return {struct.pack("=Q", resolve_cgroup(path).id) for path in target.cgroups}
