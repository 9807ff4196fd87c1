"""The vital signs that a collection tells: the machine's, its target's, and what it costs itself."""

from __future__ import annotations

import resource
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from ..profiles.delta import Vitals
from ..profiles.target import Target
from ..targets.target_vitals import TargetVitalsReader
from ..targets.vitals import VitalsReader, own_cost
from .kernel_side import KernelSide

if TYPE_CHECKING:
    from .wait_reader import WaitReader


class VitalSigns:
    """Reads them, each time for the interval since the last."""

    def __init__(self, kernel: KernelSide) -> None:
        self._kernel = kernel
        self._machine = VitalsReader()
        self._target = TargetVitalsReader()
        self._cpu_s = 0.0
        self._kernel_memory = 0

    def read(self, target: Target, groups: Collection[str], waits: WaitReader | None) -> Vitals:
        """Now. `groups` are the control groups that the target's names mean."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        cpu_s = used.ru_utime + used.ru_stime
        vitals = replace(self._machine.read(), profiler_cpu_s=cpu_s - self._cpu_s, profiler_rss=self._memory())
        self._cpu_s = cpu_s
        if waits is not None:
            vitals = waits.vitals(vitals)
        if not target and not target.command:
            return vitals
        pids = self._kernel.target.pids() if target.pids or target.command else ()
        told = self._target.read(pids, {*target.cgroups, *groups})
        queue = vitals.target_queue if told.run_queue is None else told.run_queue
        return replace(vitals, target_queue=queue, target_turn_s=told.turn, throttled=told.throttled)

    def _memory(self) -> int:
        """Bytes that the collector holds, in the kernel too: its maps are made whole in the beginning."""
        if not self._kernel_memory:
            self._kernel_memory = self._kernel.memory()
        return own_cost().rss + self._kernel_memory
