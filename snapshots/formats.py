"""The formats there are for writing, by a file's ending."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..profiles.profile import Profile
from ..profiles.target import Target
from ..profiles.view import EVERYTHING, HOST, Stretch, View
from .atomic import STANDARD_OUTPUT, write_whole

Encoder = Callable[[Profile, View, Sequence[str]], bytes]
"""Of a view count its stretch, its target, and whether the interpreter's frames are wanted; of the kinds the first,
where a format has room for one."""


def _pprof(profile: Profile, view: View, kinds: Sequence[str]) -> bytes:
    from .pprof_writer import encode_pprof

    return encode_pprof(profile, view.stretch, view.target, kinds)


def _folded(profile: Profile, view: View, kinds: Sequence[str]) -> bytes:
    from .folded import encode_folded

    return encode_folded(profile, _first(profile, kinds), view.stretch, view.target, view.interpreter)


def _speedscope(profile: Profile, view: View, kinds: Sequence[str]) -> bytes:
    from .speedscope_writer import encode_speedscope

    return encode_speedscope(profile, _first(profile, kinds), view.stretch, view.target, interpreter=view.interpreter)


def _svg(profile: Profile, view: View, kinds: Sequence[str]) -> bytes:
    from .svg import encode_svg

    return encode_svg(profile, replace(view, kind=_first(profile, kinds)))


def _json(profile: Profile, view: View, kinds: Sequence[str]) -> bytes:
    from ..profiles.report import build_report
    from ..profiles.report_json import report_json

    view = replace(view, kind=_first(profile, kinds))
    return json.dumps(report_json(build_report(profile, view, stacks=True))).encode()


def _first(profile: Profile, kinds: Sequence[str]) -> str:
    return (*kinds, *profile.kinds())[0]


FORMATS: dict[str, Encoder] = {
    ".pb.gz": _pprof,
    ".folded": _folded,
    ".speedscope.json": _speedscope,
    ".svg": _svg,
    ".json": _json,
}
"""By a file's ending; of two that fit, the first."""


class UnknownFormat(ValueError):
    """A file's ending says no format that can be written; the text names those that can."""


def encoder_for(path: str) -> Encoder:
    """What writes a file of this name; standard output (`-`) gets pprof. Raises UnknownFormat."""
    if path == STANDARD_OUTPUT:
        return _pprof
    for ending, encoder in FORMATS.items():
        if path.endswith(ending):
            return encoder
    raise UnknownFormat(f"its ending says no known format: there are {', '.join(FORMATS)}")


def save(
    profile: Profile,
    path: str,
    stretch: Stretch = EVERYTHING,
    target: Target = HOST,
    kinds: Sequence[str] = (),
    interpreter: bool = False,
) -> None:
    """Write a profile, or a part of it, whole or not at all; pprof always has the interpreter's frames. Raises
    UnknownFormat and OSError."""
    view = View(stretch=stretch, target=target, interpreter=interpreter)
    write_whole(path, encoder_for(path)(profile, view, kinds))


def save_comparison(profile: Profile, path: str, view: View) -> None:
    """Write the picture of a view that has a baseline. Raises OSError."""
    from .svg import encode_svg

    write_whole(path, encode_svg(profile, view))


class FileSink:
    """A sink that is one file: each window replaces the one before."""

    def __init__(self, path: str) -> None:
        encoder_for(path)
        self._path = path

    def write(self, window: Profile) -> None:
        """Keep a window, whole or not at all. Raises OSError."""
        save(window, self._path)

    def close(self) -> None:
        """Nothing is held."""
