"""The legend of a comparison: what the shades mean, what stays grey, and how the total itself changed."""

from __future__ import annotations

from ..themes.palette import Shade
from .comparing import WIDTHS, total_step, total_words, within_noise
from .labels import cells
from .look import Look
from .painted import Painted
from .picture import Picture
from .row import Row

UNITS = {"points": "points", "absolute": "% of all", "relative": "%"}


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
        worse = self._steps(glyphs.worse, palette.worse, steps)
        better = self._steps(glyphs.better, palette.better, steps)
        for words in (("   worse ", "  better ", f" {UNITS[measure]}"), ("  ", "  ", "")):
            if row.room >= sum(cells(text) for text in (*words, *worse, *better)):
                for word, texts, shades in ((words[0], worse, palette.worse), (words[1], better, palette.better)):
                    row.put(word)
                    for text, shade in zip(texts, shades, strict=True):
                        row.put(text, shade.label)
                row.put(words[2], palette.faint)
                break
        for text in self._rest(picture):
            if row.room > cells(text) + 4:
                row.put("   ").put(text, palette.faint)

    def _rest(self, picture: Picture) -> list[str]:
        noise = f"grey: within noise ({within_noise(picture)} functions)"
        width = f"width: {WIDTHS[picture.view.width]}"
        return [noise, f"+ new {self.look.glyphs.minus} gone", width]

    @staticmethod
    def _steps(sign: str, shades: tuple[Shade, ...], steps: list[str]) -> list[str]:
        """What stands on each shade: the sign, and from where on it is that one."""
        return [
            f"{sign if shade.filled else sign * number}{text}{'+' if number == len(steps) else ''} "
            for number, (shade, text) in enumerate(zip(shades, steps, strict=True), 1)
        ]
