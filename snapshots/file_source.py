"""A saved file as a source: opening it takes the same way as live data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from ..profiles.delta import Context, Delta
from ..profiles.profile import Profile
from ..profiles.source import Source
from .limits import Limits
from .opening import Format, Reading, detect, opened, refused

WHOLE_LINE_BYTES = 1 << 40
WHOLE_LINE_SECONDS = 1 << 40
"""What a file holds was bounded when it was read: its time line is kept as it is."""


class FileSource:
    """Yields the deltas of a pprof file or of collapsed stacks; which of them it is, its content says."""

    live = False

    def __init__(self, path: str, limits: Limits | None = None) -> None:
        self._path = path
        self._limits = limits or Limits()
        self._stopped = False
        self._begun: Iterator[Delta] | None = None

    def deltas(self) -> Iterator[Delta]:
        """The tables, then a delta a time bucket. Raises SourceError when the file cannot be used."""
        begun, self._begun = self._begun, None
        for delta in begun or self._named():
            if self._stopped:
                return
            yield delta

    def stop(self) -> None:
        """End before the next delta."""
        self._stopped = True

    def context(self) -> Context:
        """What holds for the whole file. It is read for that, but once: `deltas` goes on. Raises SourceError."""
        reading = self._named()
        first = next(reading)
        self._begun = chain((first,), reading)
        return first.context or Context()

    def profile(self) -> Profile:
        """The whole file as a profile, with all the time it holds. Raises SourceError."""
        return whole_profile(self, self._path)

    def _named(self) -> Iterator[Delta]:
        """What the file holds, with what can be named here."""
        symbols, debuginfod = self._limits.symbols, self._limits.debuginfod
        if not symbols and not debuginfod:
            return self._read()
        from .late_names import with_names

        return with_names(self._read(), symbols, debuginfod)

    def _read(self) -> Iterator[Delta]:
        path, limits = self._path, self._limits
        if os.path.isdir(path):
            raise refused(path, "it is a folder")
        form = detect(path, limits)
        if form == "pprof":
            from .pprof_reader import read_pprof

            with opened(path, limits):
                yield from read_pprof(lambda: opened(path, limits), _stem(path), limits)
        elif form == "bundle":
            yield from self._bundle()
        else:
            with opened(path, limits) as stream:
                yield from self._text(form, stream)

    def _bundle(self) -> Iterator[Delta]:
        from .bundle_reader import read_bundle
        from .pprof_reader import read_pprof

        path, limits = self._path, self._limits
        with opened(path, limits):
            found = read_bundle(path, limits)
            for place, delta in enumerate(read_pprof(lambda: opened(path, limits, found.profile), _stem(path), limits)):
                yield delta if place else replace(delta, notes=(*delta.notes, *found.notes))

    def _text(self, form: Format, stream: Reading) -> Iterator[Delta]:
        if form == "folded":
            from .folded_reader import read_folded

            return read_folded(stream, self._limits)
        written_ns = os.stat(self._path).st_mtime_ns
        if form == "json":
            from .json_profiles import read_json_profile

            return read_json_profile(stream, _stem(self._path), written_ns, self._limits)
        from .perf_script import read_perf_script

        return read_perf_script(stream, _stem(self._path), written_ns, self._limits)


def whole_profile(source: Source, path: str) -> Profile:
    """All that a source of saved data yields. Raises SourceError."""
    profile = new_profile()
    try:
        for delta in source.deltas():
            profile.fold(delta)
    except MemoryError:
        raise refused(path, "it does not fit into the memory") from None
    return profile


def new_profile() -> Profile:
    """An empty profile that keeps all the time of a file."""
    return Profile(bound=WHOLE_LINE_BYTES, keep_fine=WHOLE_LINE_SECONDS)


def _stem(path: str) -> str:
    name = os.path.basename(path).removesuffix(".gz")
    for ending in (".pb", ".folded", ".speedscope.json", ".cpuprofile", ".json", ".txt", ".icetop.zip"):
        name = name.removesuffix(ending)
    return name
