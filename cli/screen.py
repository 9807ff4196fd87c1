"""Opening the app from a command."""

from __future__ import annotations

import gc

from ..profiles.source import Source
from ..profiles.view import View
from .configuration import setting
from .output import Failure

theme_option = setting(
    "--theme", default="auto", show_default=True, metavar="THEME", help="dark, light, or a TOML file of your own."
)


blue_option = setting("--color-blind", "blue", is_flag=True, help="Comparisons in red and blue, not red and green.")


def show(source: Source, view: View, color: str, ascii_only: bool, theme: str, blue: bool = False) -> int:
    """Run the app over a source; gives the exit status. Raises Failure for a theme that cannot be used."""
    gc.disable()  # until the app is up: it makes many objects that all stay
    from ..themes.palette import ThemeError
    from ..tui.app import run_app

    try:
        return run_app(source, view=view, color=color, ascii_only=ascii_only, theme=theme, blue=blue)
    except ThemeError as error:
        source.stop()
        raise Failure(str(error)) from None
