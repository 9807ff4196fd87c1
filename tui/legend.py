"""The legend of a comparison: what the shades mean, what stays grey, and how the total itself changed."""

from __future__ import annotations

from ..themes.palette import Shade
from .choices import WIDTHS
from .comparing import total_step, total_words, within_noise
from .labels import cells
from .look import Look
from .painted import Painted
from .picture import Picture
from .row import Row

UNITS = {"points": "points", "absolute": "% of all", "relative": "%"}
BRIEF_UNITS = {"points": "pts", "absolute": "%", "relative": "%"}
NOISE = "grey: noise"

FORMS = (
    ("   worse ", "  better ", False, NOISE),
    ("  worse ", "better ", True, NOISE),
    (" worse ", "better ", True, ""),
    ("  ", "  ", True, ""),
)
"""The words before the shades, whether these are said briefly, and what there has to be room for behind them."""


class Legend(Painted):
    """One row, there while a comparison is. The least important statements go first where there is little room."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._picture: Picture | None = None
        self.display = False

    def show(self, picture: Picture) -> None:
        """Explain this from now on."""
        self._picture = picture
        self.display = picture.tree.change is not None
        self.repaint()

    def paint(self, y: int, row: Row) -> None:
        """Total, shades, the rest."""
        picture, palette, glyphs = self._picture, self.look.palette, self.look.glyphs
        if picture is None or picture.tree.change is None or y:
            return
        from ..profiles.change import STEPS  # with it comes numpy, which the first screen does not need

        total, step = total_words(picture, glyphs.arrow), total_step(picture)
        row.put(" ").put(total, palette.rise if step > 0 else palette.fall if step < 0 else palette.strong)
        measure = picture.view.measure
        steps = [f"{step:g}" for step in STEPS[measure]]
        for first, second, brief, behind in FORMS:
            unit = f" {(BRIEF_UNITS if brief else UNITS)[measure]}" if first.strip() else ""
            worse = self._steps(glyphs.worse, palette.worse, steps, brief)
            better = self._steps(glyphs.better, palette.better, steps, brief)
            if row.room >= sum(map(cells, (first, second, *worse, *better, unit, behind))) + (2 if behind else 0):
                for word, texts, shades in ((first, worse, palette.worse), (second, better, palette.better)):
                    row.put(word)
                    for text, shade in zip(texts, shades, strict=True):
                        row.put(text, shade.label)
                row.put(unit, palette.faint)
                break
        for text in self._rest(picture, row.room):
            if row.room > cells(text) + 2:
                row.put("   " if row.room > cells(text) + 4 else "  ").put(text, palette.faint)

    def _rest(self, picture: Picture, room: int) -> list[str]:
        signs = f"+ new {self.look.glyphs.minus} gone"
        noises = (f"grey: within noise ({within_noise(picture)} functions)", "grey: within noise", NOISE)
        noise = next((text for text in noises if room > cells(text) + cells(signs) + 6), NOISE)
        return [noise, signs, f"width: {WIDTHS[picture.view.width]}"]

    @staticmethod
    def _steps(sign: str, shades: tuple[Shade, ...], steps: list[str], brief: bool) -> list[str]:
        """What stands on each shade: the sign, and from where on it is that one; briefly, one sign does for all."""
        signs = [
            sign * number if not shade.filled else "" if brief and number > 1 else sign
            for number, shade in enumerate(shades, 1)
        ]
        texts = [f"{mark}{text}" for mark, text in zip(signs, steps, strict=True)]
        return [*(f"{text} " for text in texts[:-1]), f"{texts[-1]}+ "]
