"""The header: vital signs and honesty line, then kinds, target and search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.style import Style

from ..profiles.printable import printable
from .choices import Choices
from .figures import clock, length, stopwatch
from .header_parts import Part, fit_parts, vital_parts
from .labels import cells
from .look import Look
from .painted import Painted
from .picture import Picture, seconds
from .row import Row


@dataclass(frozen=True, slots=True)
class Status:
    """What the header says beside the picture. `paused` is for how long, in seconds (None: not paused);
    `chosen` says that a time other than the latest was, `silent` for how many seconds nothing has come (None: it does).

    `matched` is the share of the whole that the search matches, in percent; `stage` what a source without samples does;
    `target` is what is looked at; `ordered` and `ordered_hz` what the source was told to do and does not do yet;
    `remark` stands beside the target; `kinds` are those that number keys choose from, by the key.
    """

    live: bool = True
    kinds: Mapping[int, str] = field(default_factory=dict)
    ended: bool = False
    paused: float | None = None
    silent: float | None = None
    chosen: bool = False
    stage: str = ""
    search: str = ""
    matched: float | None = None
    self_percent: float | None = None
    target: str = ""
    ordered: str = ""
    ordered_hz: int | None = None
    remark: str = ""


SHORTEST_END = 6
"""Characters of a name below which they tell nothing."""


class Header(Painted):
    """Two rows: the first always, the second where there is room."""

    def __init__(self, look: Look, choices: Choices) -> None:
        super().__init__(look)
        self._choices = choices
        self._status = Status()
        self._picture: Picture | None = None

    def show(self, picture: Picture | None, choices: Choices, status: Status) -> None:
        """Say this from now on."""
        self._picture, self._choices, self._status = picture, choices, status
        self.repaint()

    def paint(self, y: int, row: Row) -> None:
        """Row 0 has the vital signs, row 1 what is looked at."""
        if y == 0:
            self._paint_vitals(row)
        elif y == 1:
            self._paint_choices(row)

    def _paint_vitals(self, row: Row) -> None:
        palette, glyphs = self.look.palette, self.look.glyphs
        mark, clocks = self._clocks()
        separator = f" {glyphs.dot} "
        right = fit_parts([Part((text,), rank) for rank, text in enumerate(clocks)], max(row.width - 12, 0), 2)
        taken = sum(cells(text) + 2 for text, _ in right) + 1
        row.put(" icetop ", palette.chip).put(" ", palette.band)
        parts = self._left_parts()
        for place, (text, tone) in enumerate(fit_parts(parts, row.room - taken - 2, len(separator))):
            row.put(separator if place else "", palette.band_faint).put(text, getattr(palette, tone))
        row.to(row.width - taken - 1, palette.band)
        if right:
            row.put(mark, self._mark_style())
            row.put(" ", palette.band).put("  ".join(text for text, _ in right), palette.band)
        row.to(row.width, palette.band)

    def _mark_style(self) -> Style:
        status, palette = self._status, self.look.palette
        if status.silent is not None:
            return palette.bad
        if status.paused is not None or status.ended or (status.chosen and status.live):
            return palette.warn
        return palette.live if status.live else palette.key

    def _left_parts(self) -> list[Part]:
        status = self._status
        if self._picture is not None:
            return vital_parts(self._picture, status.self_percent, status.ordered_hz)
        if status.ended:
            return [Part(("ended without samples",), 0, "warn")]
        stage = printable(status.stage, 60)
        return [Part((f"starting: {stage}" if stage not in ("", "starting") else "starting",), 0)]

    def _clocks(self) -> tuple[str, list[str]]:
        """The mark of the state, and its texts, the most important first."""
        glyphs, status, picture = self.look.glyphs, self._status, self._picture
        shown = f"last {length(self._choices.window)}" if self._choices.window else "all of it"
        if status.chosen and picture is not None and any(picture.shown_ns):
            ago = (picture.kept_ns[1] - picture.shown_ns[1]) / 1e9
            state = "saved" if not status.live else f"{length(ago)} ago" if ago >= 1 else "now"
            begin, end = (clock(time_ns) for time_ns in picture.shown_ns)
            return glyphs.paused if status.live else glyphs.swatch, [f"{begin} to {end}", state]
        if status.paused is not None:
            return glyphs.paused, [f"paused {length(status.paused)}", shown]
        if picture is None:
            return glyphs.live, []
        kept = stopwatch(seconds(picture.kept_ns))
        if not status.live:
            day = clock(picture.kept_ns[0])
            return glyphs.swatch, [f"saved {kept}", shown if self._choices.window else f"from {day}"]
        if status.silent is not None:
            return glyphs.paused, [f"silent {length(status.silent)}", shown]
        return glyphs.live, [f"ended {kept}" if status.ended else f"live {kept}", shown]

    def _paint_choices(self, row: Row) -> None:
        palette = self.look.palette
        search = self._search()
        stop = row.width - (cells(search) + 2 if search else 0)
        row.put(" ")
        for number, kind in self._status.kinds.items() if self._picture else ():
            here = kind == self._choices.view.kind
            row.put(f"{number} ", palette.faint).put(printable(kind, 12), palette.accent if here else palette.faint)
            row.put("  ")
        status = self._status
        target = f"target  {status.target}" if status.target else ""
        remarks = [*filter(None, (status.ordered, status.remark)), *self._choices.remarks()]
        parts = [Part((text,), rank) for rank, text in enumerate(remarks, 1)]
        room = stop - row.used - 4
        if target:  # its number stays longest, the names of its processes go first; the end of a pod's name tells most
            named = "  ".join(target.split("  ")[:2])
            first = named.removeprefix("target  ")
            forms = (target, named, first, end_of(first, room, self.look.glyphs.ellipsis))
            parts.insert(0, Part(forms, 2 if self._choices.view.focus else 0))
        texts = fit_parts(parts, room, 4)
        row.put("  ")
        for text, _ in texts:
            row.put(text).put("    ")
        row.to(stop)
        row.put(search, palette.search)

    def _search(self) -> str:
        status = self._status
        if not status.search:
            return ""
        share = f"  {status.matched:.1f} %" if status.matched is not None else ""
        return f"/{printable(status.search, 40)}/{share}"


def end_of(target: str, room: int, ellipsis: str) -> str:
    """What kind of thing a target is, and as much of the end of its name as there is room for."""
    kind, _, name = target.partition(" ")
    left = room - len(kind) - 1 - len(ellipsis)
    return f"{kind} {ellipsis}{name[-left:]}" if left >= SHORTEST_END and len(target) > room else target
