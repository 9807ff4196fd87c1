"""How the screen looks now: colours and characters, handed to every widget."""

from __future__ import annotations

from dataclasses import dataclass

from ..themes.glyphs import Glyphs
from ..themes.palette import Depth, Palette, load_palette


@dataclass(frozen=True, slots=True)
class Look:
    """A palette with a set of glyphs; `blue` says that better is blue in it."""

    theme: str
    depth: Depth
    palette: Palette
    glyphs: Glyphs
    blue: bool = False


def make_look(theme: str, depth: Depth, glyphs: Glyphs, blue: bool = False) -> Look:
    """The look of a theme; `blue`: what got better is blue and not green. Raises `themes.palette.ThemeError`."""
    palette = load_palette(theme, depth)
    return Look(theme, depth, palette.in_blue() if blue else palette, glyphs, blue)
