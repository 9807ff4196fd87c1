"""Programs that are stopped at the very sample, for others to look at their stacks there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from icetop.profiles.target import Target
from icetop.sampler import kernel_side
from icetop.sampler.collector import Collector
from icetop.sampler.context import collect_context
from icetop.sampler.loader import compile as compiler
from icetop.sampler.loader import compiled
from icetop.sampler.loader.source import joined_source
from icetop.sampler.options import CollectOptions
from icetop.sampler.raw_stacks import RawStack
from icetop.sampler.who import RawCount

TICK = "count(COUNT_TICKS, scratch_here->key.epoch);"
STOP = "bpf_send_signal_thread(19); /* SIGSTOP: it is stopped when it leaves the kernel, before another instruction */"


def make_stopping_form() -> compiled.CompiledForm:
    """The programs for the kernel, of which the first also stops the thread that is sampled."""
    assert TICK in joined_source()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiler, "joined_source", lambda: joined_source().replace(TICK, TICK + STOP))
        return compiled.parse(compiler.compile_programs({}), kept=False)


@contextmanager
def collecting(pids: frozenset[int], form: compiled.CompiledForm) -> Iterator[Collector]:
    """A collector of these processes, with such programs."""
    options = CollectOptions(Target(pids=pids))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel_side, "compiled_form", lambda *_: form)
        collector = Collector(options, collect_context(options), lambda stage: None)
    try:
        yield collector
    finally:
        collector.close()


def sampled(collector: Collector, known: dict[int, RawStack]) -> list[tuple[RawCount, RawStack]]:
    """The samples since the last time and their stacks, those finished in user space, too."""
    reading = collector.kernel.turn()
    known.update({raw.stack: raw for raw in collector.kernel.stacks()})
    finished = [(found.count, collector.samples.finisher.finish(found)) for found in collector.kernel.snapshots()]
    return [(row, known[row.stack]) for row in reading.counts] + finished
