"""Who was running: a process and a thread of it.

Labels may come later: of icetop's own `process` (its name), `title` (what its command line says it runs), `container`,
`pod`, `namespace` and `service`; others (`record --label k=v`) stand beside them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Series:
    """One thread, as the kernel named it when it was sampled.

    `pid` and `tid` are those that icetop's own /proc shows (0: not visible from icetop's PID namespace);
    `start_ns` is the process's start, in nanoseconds since boot and in the steps in which /proc counts them, so that a
    re-used pid is another process; `cgroup` is the path of its control group (empty: unknown).
    """

    pid: int
    start_ns: int
    tid: int
    comm: str
    cgroup: str = ""
