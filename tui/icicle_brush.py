"""Painting the boxes of an icicle: shades, labels, edges."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..profiles.locations import Frame
from ..profiles.printable import printable
from ..profiles.vocabulary import Language
from ..themes.palette import Shade
from .choices import Tint
from .comparing import sign_of
from .labels import cells, cut, fit
from .look import Look
from .packages import package_of
from .picture import Picture
from .row import Row
from .search import Matches

if TYPE_CHECKING:
    from ..profiles.groups import Group
    from .icicle_layout import Placed

NARROWEST_LABEL = 3
"""Cells under which a label would tell nothing."""

NAME_BESIDE_SHARE = 6
"""Cells of a group's name that have to stay for its share to be shown beside it."""

PLACES: tuple[Tint, ...] = ("container", "pod")
"""Colours that go by where a box belongs."""

SEVERAL = " x{}"
"""Of how many processes a box is, behind its name."""

SOME_TITLE = 5
"""Cells after a group's name from which the beginning of its title tells something."""


class Brush:
    """Paints levels of one picture in one look."""

    def __init__(self, look: Look, picture: Picture, matches: Matches | None, tint: Tint) -> None:
        self._look = look
        self._tree = picture.tree
        self._matches = matches
        self._tint = tint

    def paint_level(self, row: Row, level: list[Placed], cursor: int | None) -> None:
        """The boxes of one row; `cursor` is the box under the cursor where that is on this row."""
        from .icicle_layout import place_of

        at = place_of(level, self._tree, cursor) if cursor is not None else None
        open_end = False
        for number, placed in enumerate(level, 1):
            beside = level[number].left if number < len(level) else row.width + 1
            gap = placed.left - row.used
            if gap > 0 and open_end:
                row.put(self._look.glyphs.line_edge)
            row.to(placed.left)
            shade = self._shade(placed, placed is at)
            self._paint_box(row, placed, shade, first=gap > 0 or placed.left == 0, free=beside > placed.right)
            open_end = not shade.filled
        if open_end and row.room > 0:
            row.put(self._look.glyphs.line_edge)

    def paint_way(self, row: Row, root: int) -> None:
        """The boxes above the one zoomed into, the nearest ones kept where not all fit."""
        shade, glyphs = self._look.palette.all[0], self._look.glyphs
        names = [printable(self._tree.name(box), 200) for box in self._tree.ancestors(root)]
        way = f" {glyphs.crumb} ".join(names)
        if cells(way) + 4 > row.width:
            way = glyphs.ellipsis + way[-max(row.width - 5, 1) :]
        row.put(" ", shade.edge).put(f"{way} {glyphs.crumb}", shade.label).to(row.width, shade.label)

    def paint_hidden(self, row: Row, levels: int) -> None:
        """On the last row, how many levels there are below it."""
        text = f" {self._look.glyphs.down} {levels} deeper"
        if levels and row.room >= len(text):
            row.to(row.width - len(text)).put(text, self._look.palette.faint)

    def _paint_box(self, row: Row, placed: Placed, shade: Shade, first: bool, free: bool) -> None:
        """One box. `first` says that none touches it on its left, `free` that none does on its right."""
        glyphs = self._look.glyphs
        if shade.filled:
            row.put(" " if first else glyphs.edge, shade.label if first else shade.edge)
        else:
            row.put(glyphs.line_edge, shade.edge)
        sign = self._sign(placed, shade)
        row.put(sign, shade.label)
        row.put(self._label(placed, placed.width - 1 - cells(sign)), shade.label)
        room = placed.right - row.used
        if shade.filled:
            self._paint_end(row, room, placed.rest if free else 0, shade)
        elif room > 0:
            row.put(self._line(placed) * room, self._look.palette.faint)

    def _paint_end(self, row: Row, room: int, rest: int, shade: Shade) -> None:
        """What is left of a box with a ground, `room` cells, its right end as exact as characters can show it."""
        parts = self._look.glyphs.ends
        if not parts or shade.label.reverse:
            rest = 0
        whole = room - 1 if rest < 0 else room
        row.put(" " * whole, shade.label)
        if rest and whole >= 0:
            row.put(parts[rest % len(parts)], shade.swatch)

    def _sign(self, placed: Placed, shade: Shade) -> str:
        """In a comparison what became of the box, as far as there is room."""
        change = self._tree.change
        if change is None or placed.culled or not change.steps[placed.box]:
            return ""
        part = change.of_boxes(self._tree.flat, self._tree.cum, [placed.box])[0].cum
        filled = shade.filled and not shade.label.reverse
        sign = sign_of(part, int(self._tree.cum[placed.box]), self._look.glyphs, filled)
        return sign[: max(placed.width - 1, 0)]

    def _label(self, placed: Placed, room: int) -> str:
        tree, ellipsis = self._tree, self._look.glyphs.ellipsis
        if placed.culled:
            text = f"+{placed.culled}"
            return text if placed.culled > 1 and len(text) <= room else ""
        if room < NARROWEST_LABEL:
            return ""
        frame = tree.frame(placed.box)
        if frame is not None:
            return fit(frame.name, frame.language, room, ellipsis)
        group = tree.group(placed.box)
        if group is None or not tree.total:
            return cut(printable(tree.name(placed.box), 400), room, ellipsis)
        share = f" {100 * int(tree.cum[placed.box]) / tree.total:.1f} %"
        if room < len(share) + NAME_BESIDE_SHARE:
            share = ""
        return self._group_name(group, room - len(share)) + share

    def _group_name(self, group: Group, room: int) -> str:
        """A group's name and as much of its title as fits; where that is none, the one of both that does."""
        name, title = printable(group.name, 400), printable(group.title, 400)
        full = f"{name}: {title}" if title and title != name else name
        if group.tid and group.tid != group.pid and room > len(str(group.tid)) + NAME_BESIDE_SHARE:
            return self._group_name(replace(group, tid=0), room - len(str(group.tid)) - 1) + f" {group.tid}"
        if group.pids and room > len(SEVERAL) + NAME_BESIDE_SHARE:
            several = SEVERAL.format(len(group.pids))
            return self._group_name(replace(group, pids=()), room - cells(several)) + several
        if cells(full) <= room or cells(name) + SOME_TITLE <= room:
            return cut(full, room, self._look.glyphs.ellipsis)
        whole = next((text for text in (title, name) if text and cells(text) <= room), "")
        return whole or cut(title or name, room, self._look.glyphs.ellipsis)

    def _line(self, placed: Placed) -> str:
        glyphs, frame = self._look.glyphs, self._tree.frame(placed.box)
        kernel = frame is not None and frame.language is Language.KERNEL
        return glyphs.kernel_fill if kernel or placed.culled else glyphs.fill

    def _shade(self, placed: Placed, cursor: bool) -> Shade:
        from ..profiles.call_tree import ALL, END, GROUP

        tree, palette, box = self._tree, self._look.palette, placed.box
        if cursor:
            return palette.cursor
        if placed.culled:
            return palette.culled
        if self._matches is not None and self._matches.boxes[box]:
            return palette.lit
        if tree.change is not None:
            step = int(tree.change.steps[box])
            return palette.changed(step) if step else palette.same[int(tree.depths[box]) & 1]
        what, step = tree.what[box], int(tree.depths[box]) & 1
        if what == GROUP:
            return palette.group[int(tree.refs[box]) & 1]
        if what == ALL:
            return palette.all[step]
        if what == END:
            return palette.truncated[step]
        if self._tint in PLACES:
            return self._place_shade(box, step)
        return self._frame_shade(tree.frames[int(tree.refs[box])], step, box)

    def _place_shade(self, box: int, step: int) -> Shade:
        """By where the time is spent; what is in no container, or in several, has no colour."""
        palette, group = self._look.palette, self._tree.group_above(box)
        place = (group.container if self._tint == "container" else group.pod) if group is not None else ""
        return palette.boxes[palette.hue(place)][step] if place else palette.same[step]

    def _frame_shade(self, frame: Frame, step: int, box: int) -> Shade:
        palette = self._look.palette
        if self._tint == "cause":
            names, places = self._tree.causes
            return palette.boxes[palette.hue(names[places[box]])][step] if places[box] else palette.kernel[step]
        if frame.language is Language.KERNEL:
            return palette.kernel[step]
        return palette.boxes[palette.hue(tinted(frame, self._tint))][step]


def tinted(frame: Frame, tint: Tint) -> str:
    """The name whose hue a frame has on its own: by package also where colours go by container or cause."""
    if tint == "binary":
        return frame.place
    return frame.language.value if tint == "language" else package_of(frame)
