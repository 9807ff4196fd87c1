"""How the screen looks now: colours and characters, handed to every widget."""

from __future__ import annotations

from dataclasses import dataclass

from ..themes.glyphs import Glyphs
from ..themes.palette import Depth, Palette, load_palette


@dataclass(frozen=True, slots=True)
class Look:
    """A palette with a set of glyphs."""

    theme: str
    depth: Depth
    palette: Palette
    glyphs: Glyphs


def make_look(theme: str, depth: Depth, glyphs: Glyphs) -> Look:
    """The look of a theme. Raises `themes.palette.ThemeError`."""
    return Look(theme, depth, load_palette(theme, depth), glyphs)
