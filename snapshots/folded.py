"""Collapsed stacks, one a line: `process;outermost;...;leaf COUNT`, as flame graph tools read and write them.

Kernel frames end in `_[k]`, as is the custom; `[truncated: reason]` after the process stands for a stack that did not
reach its thread's entry. Time, threads and files have no place in this format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..profiles.delta import Counts
from ..profiles.locations import frames_of
from ..profiles.printable import printable
from ..profiles.profile import Profile
from ..profiles.target import Target
from ..profiles.view import EVERYTHING, HOST, Stretch
from ..profiles.vocabulary import Language, StackEnd

KERNEL = "_[k]"
TRUNCATED = "[truncated: "


def encode_folded(
    profile: Profile, kind: str, stretch: Stretch = EVERYTHING, target: Target = HOST, interpreter: bool = False
) -> bytes:
    """A profile's stacks of one kind, sorted; numbers of samples for `cpu`, values for other kinds.

    `;` in a name becomes `:`, control characters become escapes. Where Python frames are known, those of the
    interpreter that runs them are left out unless asked for.
    """
    totals: Counter[tuple[int, int]] = Counter()
    wanted = [target.matches(*who) for who in zip(profile.series, profile.labels, strict=True)]
    for bucket in profile.timeline.buckets(stretch.start_ns, stretch.end_ns):
        counts = bucket.counts.get(kind, Counts())
        for node, series, number in zip(
            counts.nodes, counts.series, counts.samples if kind == "cpu" else counts.values, strict=True
        ):
            if wanted[series]:
                totals[node, series] += number
    lines: Counter[str] = Counter()
    python = not interpreter and any(location.language is Language.PYTHON for location in profile.locations)
    for (node, series), number in totals.items():
        lines[";".join((_process(profile, series), *_names(profile, node, python)))] += number
    return "".join(f"{line} {number}\n" for line, number in sorted(lines.items()) if number).encode("utf-8", "replace")


def _process(profile: Profile, series: int) -> str:
    return _clean(profile.labels[series].get("process") or profile.series[series].comm or "unknown")


def _names(profile: Profile, node: int, python: bool) -> Sequence[str]:
    """A stack's names, root first; with `python` without those of the interpreter that runs it."""
    names = []
    for location in profile.stacks.walk(node):
        mark = KERNEL if profile.locations[location].language is Language.KERNEL else ""
        shown = (frame for frame in frames_of(profile.locations[location]) if not (python and frame.is_interpreter))
        names += [_clean(frame.name) + mark for frame in shown]
    end = profile.stacks.end(node)
    if end is not StackEnd.COMPLETE:
        names.append(f"{TRUNCATED}{end.reason}]")
    return names[::-1]


def _clean(name: str) -> str:
    return printable(name).replace(";", ":").strip() or "unknown"
