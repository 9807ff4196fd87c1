"""The command palette: everything that a key does, found by its words."""

from __future__ import annotations

from .chooser import Chooser, ChooserScreen, Entry
from .keys import KEYS, actions_of
from .look import Look

WITHOUT = frozenset(("palette",))
"""Actions that would only open what is open."""


def palette_screen(look: Look, ascii_only: bool) -> ChooserScreen:
    """The palette. Gives the action to run."""
    chooser = Chooser(look, "commands")
    chooser.offer(
        [
            Entry(actions_of(entry)[0], f"{entry.printed(ascii_only):<8}", entry.help, entry.section)
            for entry in KEYS
            if entry.action not in WITHOUT
        ]
    )
    return ChooserScreen(chooser)
