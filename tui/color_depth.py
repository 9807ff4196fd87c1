"""What the environment tells of the terminal: how many colours it has, whether its ground is light, its size."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, MutableMapping

from ..themes.palette import DEPTHS, Depth

_FULL = ("kitty", "alacritty", "ghostty", "wezterm", "foot", "direct", "contour")


def color_depth(wanted: str, environ: Mapping[str, str]) -> Depth:
    """The depth to draw with: the one `wanted`, or for `auto` what NO_COLOR, COLORTERM and TERM say.

    TERM=xterm is what Docker and containerd set and says nothing of more than 16 colours.
    """
    for depth in DEPTHS:
        if wanted == depth:
            return depth
    terminal = environ.get("TERM", "")
    if environ.get("NO_COLOR") or terminal in ("dumb", ""):
        return "none"
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") or any(name in terminal for name in _FULL):
        return "truecolor"
    return "256" if "256color" in terminal else "16"


def light_ground(environ: Mapping[str, str]) -> bool:
    """Whether the terminal says that its ground is light (COLORFGBG, as some terminals set it)."""
    ground = environ.get("COLORFGBG", "").rsplit(";", 1)[-1]
    return ground in ("7", "15")


def forget_stale_size(environ: MutableMapping[str, str]) -> None:
    """Leave out COLUMNS and LINES where the terminal itself knows its size: exported, they are that of another time."""
    try:
        size = os.get_terminal_size((sys.__stdout__ or sys.stdout).fileno())
    except (OSError, ValueError):
        return
    if size.columns and size.lines:
        environ.pop("COLUMNS", None)
        environ.pop("LINES", None)
