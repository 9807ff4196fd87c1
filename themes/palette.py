"""The colours of a theme at one colour depth, as styles ready to draw with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal
from zlib import crc32

from rich.style import Style

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Depth = Literal["truecolor", "256", "16", "none"]
DEPTHS: tuple[Depth, ...] = ("truecolor", "256", "16", "none")
THEMES = ("dark", "light")

HUE_SEED = 75523
"""Chosen so that packages often seen together (flask, psycopg2, libpq, libc, ...) differ in hue. Never change it."""


class ThemeError(Exception):
    """A theme that cannot be used, with what is wrong in it."""


@dataclass(frozen=True, slots=True)
class Shade:
    """How a box is drawn: its label, and the thin edge that parts it from the box on its left.

    `filled` says that the box shows by its background; one that is not needs a line to show how far it goes.
    `swatch` draws with the box's colour on the ground.
    """

    label: Style
    edge: Style
    filled: bool
    swatch: Style


Pair = tuple[Shade, Shade]
"""The two shades between which neighbours and levels take turns."""


Shades = tuple[Shade, Shade, Shade, Shade]
"""The shades of a change, the least first."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Every style that the screen is drawn with.

    `ground`, `faint`, `strong`, `accent` are text on the ground; `band...` and `key` text on the header's and
    footer's band.
    """

    ground: Style
    faint: Style
    strong: Style
    accent: Style
    key: Style
    band: Style
    band_faint: Style
    chip: Style
    good: Style
    warn: Style
    bad: Style
    live: Style
    search: Style
    notice: Style
    error: Style
    rise: Style
    fall: Style
    fall_blue: Style
    file: Style
    language: Style
    rule: Style
    selected: Style
    selected_away: Style
    strip: Style
    strip_shown: Style
    strip_baseline: Style
    strip_change: Style
    cursor: Shade
    lit: Shade
    culled: Shade
    all: Pair
    group: Pair
    truncated: Pair
    kernel: Pair
    same: Pair
    worse: Shades
    better: Shades
    better_blue: Shades
    boxes: tuple[Pair, ...]

    def changed(self, step: int) -> Shade:
        """How a change of a step is drawn: 1 to 4 worse, -1 to -4 better."""
        return self.worse[step - 1] if step > 0 else self.better[-step - 1]

    def in_blue(self) -> Palette:
        """The same with better in blue: red and blue are told apart by those who cannot tell red from green."""
        return replace(self, better=self.better_blue, fall=self.fall_blue)

    def hue(self, package: str) -> int:
        """The number of a package's hue: always the same for the same name."""
        return crc32(package.encode("utf-8", "backslashreplace"), HUE_SEED) % len(self.boxes)


@lru_cache(maxsize=8)
def load_palette(theme: str, depth: Depth) -> Palette:
    """A theme that comes with icetop, or one's own TOML file given by its path. Raises ThemeError."""
    try:
        text = files(__package__).joinpath(f"{theme}.toml").read_text() if theme in THEMES else Path(theme).read_text()
        table = tomllib.loads(text)[depth]
        return _palette(table)
    except (OSError, KeyError, TypeError, IndexError, ValueError) as error:
        raise ThemeError(f"theme {theme}, {depth}: {error}") from error
    except Exception as error:  # rich's own errors of style and colour share no narrower base
        raise ThemeError(f"theme {theme}, {depth}: {error}") from error


def _palette(table: Mapping[str, Any]) -> Palette:
    edge = None if table["edge"] == "label" else Style.parse(table["edge"])

    ground = Style.parse(table["ground"])

    def shade(text: str) -> Shade:
        label = Style.parse(text)
        filled = bool(label.reverse) or not (label.bgcolor is None or label.bgcolor.is_default)
        thin = label if edge is None else Style(color=edge.color, bgcolor=label.bgcolor, reverse=label.reverse)
        return Shade(label, thin, filled, Style(color=label.bgcolor, bgcolor=ground.bgcolor) if filled else label)

    def pair(texts: list[str]) -> Pair:
        return shade(texts[0]), shade(texts[1])

    def shades(texts: list[str]) -> Shades:
        return shade(texts[0]), shade(texts[1]), shade(texts[2]), shade(texts[3])

    values: dict[str, Any] = {}
    readers: dict[str, Callable[[Any], Any]] = {"Style": Style.parse, "Shade": shade, "Pair": pair, "Shades": shades}
    for field in fields(Palette):
        if field.name == "boxes":
            values["boxes"] = tuple(pair(texts) for texts in table["boxes"])
        else:
            values[field.name] = readers[str(field.type)](table[field.name])
    if not values["boxes"]:
        raise ValueError("boxes is empty")
    return Palette(**values)
