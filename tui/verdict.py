"""The verdict: three lines of Markdown that say what was seen, ready to be sent to others."""

from __future__ import annotations

from ..profiles.printable import printable
from .comparing import baseline_words, total_words
from .facts import place_of_frame
from .figures import clock, length, percent, scale_for
from .picture import Picture, seconds
from .target_words import target_words

LONGEST = 120
"""Characters of a name."""

TOP = 3
"""Functions named."""


def verdict(picture: Picture, box: int) -> list[str]:
    """Where and when; what is under the cursor; the functions that take the most. Three lines."""
    return [_where(picture), _what(picture, box), _top(picture)]


def _where(picture: Picture) -> str:
    context, account = picture.context, picture.account
    stretch = f"{clock(picture.shown_ns[0])} + {length(seconds(picture.shown_ns))}"
    parts = [f"**{_plain(context.host) or 'a machine'}**", _plain(target_words(picture.view.target, picture)), stretch]
    if picture.busy_cores is not None:
        parts.append(f"busy {picture.busy_cores:.2f} of {context.cpus} cores")
    rate = f" at {context.frequency_hz} Hz" if context.frequency_hz else ""
    parts.append(f"{account.samples} samples{rate}")
    if account.complete is not None:
        parts.append(f"complete {percent(100 * account.complete)} %, lost {account.lost}")
    return " · ".join(filter(None, parts))


def _what(picture: Picture, box: int) -> str:
    tree, scale = picture.tree, scale_for(picture.unit, picture.tree.total)
    frame = tree.frame(box)
    above = next((place for place in (*tree.ancestors(box), box) if tree.group(place) is not None), None)
    owner = f"{_code(tree.name(above))} › " if above not in (None, box) and above is not None else ""
    place = f" ({_plain(place_of_frame(frame))})" if frame is not None and place_of_frame(frame) else ""
    share = 100 / tree.total if tree.total else 0.0
    cum, flat = int(tree.cum[box]), int(tree.flat[box])
    figures = (
        f"**{percent(cum * share)} %** of {picture.view.kind} ({scale.full(cum)}), itself {percent(flat * share)} %"
    )
    if tree.change is not None:
        part = tree.change.of_boxes(tree.flat, tree.cum, [box])[0].cum
        noise = "" if part.step else ", within noise"
        figures += f", was {percent(part.was_percent)} % ({part.points:+.1f} points{noise})"
    return f"{owner}{_code(tree.name(box))}{place}: {figures}"


def _top(picture: Picture) -> str:
    if picture.tree.change is not None:
        return _changed(picture)
    rows = sorted(picture.rows, key=lambda row: -row.flat)[:TOP]
    return "top: " + ", ".join(f"{_code(row.frame.name)} {percent(row.flat_percent)} %" for row in rows)


def _changed(picture: Picture) -> str:
    """What changed most beyond noise, what it was compared with, and how the whole changed."""
    rows = [row for row in picture.rows if row.change is not None and row.change.significant]
    rows.sort(key=lambda row: -(row.change.score if row.change is not None else 0.0))
    named = ", ".join(
        f"{_code(row.frame.name)} {percent(row.change.cum.was_percent)} → {percent(row.cum_percent)} %"
        for row in rows[:TOP]
        if row.change is not None
    )
    return f"changed {_plain(baseline_words(picture))}, {total_words(picture, '→')}: {named or 'nothing beyond noise'}"


def _plain(text: str) -> str:
    """Text that Markdown leaves as it is, as far as names go."""
    return "".join(f"\\{c}" if c in "*`[]<>|~" else c for c in printable(text, LONGEST))


def _code(name: str) -> str:
    return "`" + printable(name, LONGEST).replace("`", "'") + "`"
