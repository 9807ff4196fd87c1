"""The characters beyond letters that the screen is drawn with, in sets that fonts really have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set. `bars` goes from nothing to a full cell; `edge` stands at a box's left in boxes that have a ground;
    `ends` are the parts of a cell that a box's right end may fill, in quarters (empty: whole cells only)."""

    edge: str
    line_edge: str
    fill: str
    kernel_fill: str
    ellipsis: str
    dot: str
    live: str
    paused: str
    crumb: str
    down: str
    up: str
    rule: str
    bars: str
    mark_left: str
    mark_right: str
    mark_line: str
    swatch: str
    minus: str
    chosen: str
    ends: str
    worse: str
    better: str
    arrow: str


UNICODE = Glyphs(
    "▏",
    "│",
    "─",
    "·",
    "…",
    "·",
    "●",
    "‖",
    "›",
    "▾",
    "▴",
    "│",
    " ▁▂▃▄▅▆▇█",
    "└",
    "┘",
    "─",
    "▎",
    "−",
    "✓",
    " ▏▎▍▌▋▊▉",
    "▲",
    "▼",
    "→",
)
CONSOLE = Glyphs(
    "│",
    "│",
    "─",
    "·",
    "~",
    "·",
    "*",
    "=",
    ">",
    "v",
    "^",
    "│",
    " ._▄▄██",
    "└",
    "┘",
    "─",
    "│",
    "-",
    "√",
    "",
    "▲",
    "▼",
    "→",
)
"""What the Linux console's fonts have (code page 437)."""
ASCII = Glyphs(
    "|",
    "|",
    "-",
    ".",
    "~",
    "-",
    "*",
    "=",
    ">",
    "v",
    "^",
    "|",
    " .:-=+*#",
    "`",
    "'",
    "-",
    "|",
    "-",
    "*",
    "",
    "^",
    "v",
    "->",
)


def glyphs_for(ascii_only: bool, terminal: str) -> Glyphs:
    """The set to use for a terminal of the type `terminal` ($TERM)."""
    if ascii_only:
        return ASCII
    return CONSOLE if terminal == "linux" else UNICODE
