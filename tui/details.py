"""The details line: all there is to say of the box under the cursor."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from ..profiles.printable import printable
from .comparing import style_of
from .figures import percent
from .labels import cells, cut
from .look import Look
from .painted import Painted
from .row import Row


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one box or function; `flat` and `cum` are ready to print.

    In a comparison `was` is the share that `cum` had, `change` by how much it changed, `step` its shade.
    """

    name: str
    place: str = ""
    binary: str = ""
    language: str = ""
    flat: str = ""
    flat_percent: float = 0.0
    cum: str = ""
    cum_percent: float = 0.0
    more: str = ""
    was: str = ""
    change: str = ""
    step: int = 0


class Details(Painted):
    """One row: name, file and line, language, flat and cum, binary. Figures stay whole, names give way."""

    class Wanted(Message):
        """More is wanted: the whole stack."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._facts: Facts | None = None

    def show(self, facts: Facts | None) -> None:
        """Tell of this from now on."""
        if facts != self._facts:
            self._facts = facts
            self.repaint()

    def on_click(self) -> None:
        """Ask for the whole stack."""
        self.post_message(self.Wanted())

    def paint(self, y: int, row: Row) -> None:
        """The facts, in order."""
        facts, palette = self._facts, self.look.palette
        if facts is None or y != self.size.height // 2:
            return
        figures = self._figures(facts, row.width)
        changes = [facts.was, facts.change] if facts.change and row.width >= 60 else [facts.change]
        room = row.width - sum(cells(text) + 3 for text in (*figures, *filter(None, changes))) - 2
        name, place = printable(facts.name), printable(facts.place, 400)
        ellipsis = self.look.glyphs.ellipsis
        row.put(" ").put(cut(name, max(room, 8), ellipsis), palette.strong)
        rest = room - cells(name)
        if place and rest > 12:
            kept = place if cells(place) < rest else ellipsis + place[-(rest - 2) :]
            row.put(" ").put(kept, palette.file)
            rest -= cells(kept) + 1
        if facts.language and rest > cells(facts.language) + 2:
            row.put("  ").put(facts.language, palette.language)
            rest -= cells(facts.language) + 2
        for text in figures:
            row.put("   ").put(text)
        if facts.was in changes:
            row.put("   " if facts.was else "").put(facts.was, palette.faint)
        row.put("   " if facts.change else "").put(facts.change, style_of(facts.step, palette) or palette.faint)
        for text in (facts.more, facts.binary):
            if text and row.room > 14:
                row.put("   ").put(printable(text, 200), palette.faint)

    @staticmethod
    def _figures(facts: Facts, width: int) -> list[str]:
        if facts.change and width < 110:
            return [f"cum {percent(facts.cum_percent)} %"]
        flat = f"flat {facts.flat} {percent(facts.flat_percent)} %"
        cum = f"cum {facts.cum} {percent(facts.cum_percent)} %"
        if width >= 60:
            return [flat, cum]
        return [f"{percent(facts.cum_percent)} %"] if width >= 16 else []
