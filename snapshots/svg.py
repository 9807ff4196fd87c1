"""A profile as a picture: an icicle in one SVG file that any browser shows, to be zoomed and searched there.

Nothing is loaded from elsewhere. Without JavaScript it is still a picture with labels, and each box tells all about
itself when pointed at. Names are text and attributes of the page, escaped, never part of the script or the style.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from html import escape
from importlib.resources import files

from ..profiles.call_tree import END, FRAME, GROUP, CallTree
from ..profiles.locations import Frame
from ..profiles.printable import printable
from ..profiles.profile import Profile
from ..profiles.report_text import format_value
from ..profiles.tree_builder import build_tree
from ..profiles.view import View
from ..profiles.vocabulary import Language

WIDTH, ROW, LETTER = 1200, 18, 7.3
"""Units of the picture: its width, the height of a row, the width of a letter."""

TOP, BOTTOM = 58, 30
NARROWEST = 0.3
"""Boxes narrower than this are left out, unless zooming is to find them; a screen shows nothing of them."""

MOST_BOXES = 20_000
DEEPEST = 500

HUES = (
    *("#c2a755", "#dd9343", "#509aa8", "#8483cb", "#94b457", "#c07fa4"),
    *("#5d94cc", "#5aa985", "#c98470", "#a98bd0", "#a9a06c", "#86a9b8"),
)
WORSE, BETTER = ("#d9b3b0", "#d98a85", "#d9605a", "#f2453a"), ("#b3cdba", "#85c498", "#52b873", "#22b455")
SAME = ("#8b96a3", "#95a0ad")
"""In a comparison: shades of boxes that changed beyond noise, the least change first, and of those that did not."""

KERNEL, TRUNCATED, PROCESS, WHOLE = "#677685", "#7a4a50", "#3d4754", "#2a313b"


def encode_svg(profile: Profile, view: View, title: str = "") -> bytes:
    """The picture of a view, in UTF-8."""
    tree = build_tree(profile, view)
    boxes = _chosen(tree)
    rows = max((int(tree.depths[box]) for box in boxes), default=0) + 1
    height = TOP + rows * ROW + BOTTOM
    parts = [_head(height), _words(profile, view, tree, title, height)]
    parts += _boxes(tree, boxes, profile.unit(view.kind))
    parts += ["<script><![CDATA[\n", _text("icicle.js"), "]]></script>\n</svg>\n"]
    return "".join(parts).encode("utf-8", "replace")


def _chosen(tree: CallTree) -> list[int]:
    """The boxes that are drawn, in pre-order: none too narrow, none too deep, the widest where there are too many."""
    drawn = _drawn(tree)
    total = abs(drawn[0]) or 1
    shown = [
        box
        for box, (cum, depth) in enumerate(zip(drawn, tree.depths.tolist(), strict=True))
        if depth < DEEPEST and (not box or cum * WIDTH >= NARROWEST * total)
    ]
    if len(shown) > MOST_BOXES:
        widest = sorted(shown, key=lambda box: (-drawn[box], box))[:MOST_BOXES]
        shown = sorted(widest)
    return shown


def _boxes(tree: CallTree, boxes: list[int], unit: str) -> Iterator[str]:
    drawn = _drawn(tree)
    total = drawn[0] or 1
    place: dict[int, float] = {}
    used: dict[int, float] = {}
    for box in boxes:
        parent = int(tree.parents[box])
        start = place.get(parent, 0) + used.get(parent, 0) if box else 0
        cum = drawn[box]
        place[box] = start
        used[box] = 0
        if box:
            used[parent] += cum
        yield _box(tree, box, start / total * WIDTH, cum / total * WIDTH, unit)


def _box(tree: CallTree, box: int, x: float, width: float, unit: str) -> str:
    name, row = _sign(tree, box) + printable(tree.name(box), 300), int(tree.depths[box])
    y = TOP + row * ROW
    room = int((width - 4) / LETTER)
    label = "" if room < 2 else name if len(name) <= room else name[: room - 1] + "…"
    quiet = " quiet" if tree.what[box] != FRAME and tree.change is None else ""
    return (
        f'<g class="box{quiet}" tabindex="0" data-name="{_attribute(name)}" data-x="{x:.4f}" data-w="{width:.4f}" '
        f'data-row="{row}"><title>{_attribute(_details(tree, box, unit))}</title>'
        f'<rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{ROW}" fill="{_colour(tree, box)}"/>'
        f'<text x="{x + 3:.2f}" y="{y + 13}">{_attribute(label)}</text></g>\n'
    )


def _drawn(tree: CallTree) -> list[float]:
    """How wide boxes are drawn: what they are worth, in a comparison on both sides."""
    widths: list[float] = (tree.cum if tree.change is None else tree.change.drawn).tolist()
    return widths


def _details(tree: CallTree, box: int, unit: str) -> str:
    """All about a box, in a line or two."""
    total = tree.total or 1
    cum, flat = int(tree.cum[box]), int(tree.flat[box])
    figures = f"{format_value(cum, unit)} ({100 * cum / total:.1f} %), itself {format_value(flat, unit)}"
    frame = tree.frame(box)
    where = "" if frame is None else f"\n{_where(frame)}"
    return (
        f"{printable(tree.name(box), 1000)}\n{figures}, {int(tree.cum_samples[box]):,} samples{_was(tree, box)}{where}"
    )


def _sign(tree: CallTree, box: int) -> str:
    """A sign as well as a colour for what changed beyond noise."""
    step = 0 if tree.change is None else int(tree.change.steps[box])
    return "+ " if step > 0 else "− " if step else ""


def _was(tree: CallTree, box: int) -> str:
    """How a box changed, in a comparison."""
    if tree.change is None:
        return ""
    cum = tree.change.of_boxes(tree.flat, tree.cum, [box])[0].cum
    return f"\nwas {cum.was_percent:.1f} %, {cum.points:+.1f} points{'' if cum.step else ' (noise)'}"


def _where(frame: Frame) -> str:
    line = f":{frame.line}" if frame.line else ""
    file = f"{frame.file}{line}" if frame.file else ""
    return printable(", ".join(filter(None, (file, frame.binary, frame.language.value))), 1000)


def _colour(tree: CallTree, box: int) -> str:
    what = tree.what[box]
    if tree.change is not None:
        step = int(tree.change.steps[box])
        return SAME[int(tree.depths[box]) & 1] if not step else (WORSE if step > 0 else BETTER)[abs(step) - 1]
    if what == FRAME:
        frame = tree.frames[int(tree.refs[box])]
        if frame.language is Language.KERNEL:
            return KERNEL
        return HUES[zlib.crc32((frame.binary or frame.file).encode("utf-8", "replace")) % len(HUES)]
    return PROCESS if what == GROUP else TRUNCATED if what == END else WHOLE


def _head(height: int) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'data-width="{WIDTH}" data-letter="{LETTER}">\n<style>\n{_text("icicle.css")}</style>\n'
        f'<rect width="{WIDTH}" height="{height}" fill="#0f1419"/>\n'
    )


def _words(profile: Profile, view: View, tree: CallTree, title: str, height: int) -> str:
    from ..profiles.report import build_report
    from ..profiles.report_text import headlines

    first, *others = headlines(build_report(profile, view, top=0))
    heading = printable(" — ".join(filter(None, (title, first))), 200)
    lines = [f'<text class="title words" x="4" y="20">{_attribute(heading)}</text>']
    lines += [
        f'<text class="words" x="4" y="{36 + 15 * place}">{_attribute(line[:170])}</text>'
        for place, line in enumerate(others[:1])
    ]
    for name, x, word in (("search", 1120, "search /"), ("clear", 1060, "clear"), ("out", 960, "zoom out")):
        lines.append(f'<text id="{name}" class="button away" x="{x}" y="20">{word}</text>')
    lines.append('<text id="found" class="words away" x="960" y="36"></text>')
    lines.append(f'<text id="details" class="words" x="4" y="{height - 10}"></text>')
    return "\n".join(lines) + "\n"


def _attribute(text: str) -> str:
    """Text for an attribute or an element: without what XML takes for its own or does not take at all."""
    return escape("".join(c if c.isprintable() or c in " \n" else "\ufffd" for c in text))


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
