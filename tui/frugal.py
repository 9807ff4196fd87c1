"""An app that sends the terminal only cells that change, and waits with the next paint while earlier ones are unsent.

This is the one place that reaches into Textual: `App._display` is where every paint passes, and the screen's compositor
what makes it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
import time
from collections.abc import Mapping
from contextlib import suppress

from rich.color import ColorSystem
from rich.console import RenderableType
from rich.text import Text
from textual import events
from textual._compositor import CompositorUpdate
from textual.actions import ActionParseResult
from textual.app import App
from textual.dom import DOMNode
from textual.driver import Driver
from textual.screen import Screen
from textual.widget import Widget

from .canvas import Canvas
from .flow import Flow
from .painted import Painted

RETRY = 0.1
"""Seconds until a paint that had to wait is tried again, should no answer come."""

LAST_PATIENCE = 0.5
"""Seconds for the terminal to answer before the app ends, so that no answer ends up at the shell's prompt."""

ENDS = {"SIGHUP": "the terminal went away", "SIGTERM": "icetop was told to end"}
"""Signals that end the app in order, and what is said of such an end."""


def terminal_there() -> bool:
    """Whether there is still a terminal to read keys from."""
    try:
        termios.tcgetattr(sys.__stdin__ or 0)
    except (OSError, ValueError, termios.error):
        return False
    return True


def _driver() -> type[Driver] | None:
    """The driver that keeps a terminal's answers apart; Textual's choice where its own works another way."""
    if sys.platform == "win32":
        return None
    from .driver import AskingDriver

    return AskingDriver


class FrugalApp(App[int]):
    """Textual's app with its output going through a `Canvas`, colours as they were written."""

    def __init__(self) -> None:
        super().__init__(driver_class=_driver(), ansi_color=True)
        self.console._color_system = ColorSystem.TRUECOLOR  # each theme is written for its depth: never downgrade
        self._canvas = Canvas(erases=not os.environ.get("TERM", "").startswith("screen"))
        self._flow = Flow()
        self._retrying = False

    def on_resize(self, event: events.Resize) -> None:
        """Nobody knows what a resized terminal shows."""
        self._canvas.resize(event.size.width, event.size.height)

    @property
    def screen_lines(self) -> list[str]:
        """The text that stands on the screen, or will as soon as the terminal takes it."""
        return self._canvas.lines()

    def on_cursor_position(self, event: events.CursorPosition) -> None:
        """An earlier paint has arrived."""
        self._flow.answered(time.monotonic())
        self._paint()

    def action_redraw(self) -> None:
        """Send everything again, whatever is still under way."""
        self._canvas.forget()
        self._flow = Flow()
        self._paint()

    def send(self, text: str) -> None:
        """Write control sequences that move nothing on the screen."""
        if self._driver is not None and self._running and not self.is_headless:
            self._driver.write(text)
            self._driver.flush()

    def on_load(self) -> None:
        """Hear of the terminal's end, and of the wish that the app ends."""
        for name in ENDS:
            if not self.is_headless and hasattr(signal, name):
                with suppress(RuntimeError, ValueError):  # only the main thread's loop can; others have no terminal
                    asyncio.get_running_loop().add_signal_handler(getattr(signal, name), self._end_by, name)

    def hang_up(self, why: str) -> None:
        """Keep what has to be kept: the process ends after this. `why` says what has happened."""

    def panic(self, *renderables: RenderableType) -> None:
        """Show what went wrong; where it is that the terminal went away, there is nobody to show it to."""
        if self.is_headless or terminal_there():
            super().panic(*renderables)
        else:
            self._end_by("SIGHUP")

    def _fatal_error(self) -> None:
        """A bug of icetop's own: one line, and where it is for whoever asks."""
        error = sys.exc_info()[1]
        self.hang_up("icetop failed")
        if os.environ.get("ICETOP_DEBUG") == "1":
            super()._fatal_error()
        else:
            self.panic(Text(f"icetop: unexpected: {type(error).__name__}: {error} (ICETOP_DEBUG=1 shows where)"))

    def _end_by(self, name: str) -> None:
        """End as by a signal. What is left to write would hold up an orderly end for ever, unless the terminal is there
        still."""
        self.hang_up(ENDS[name])
        status = 128 + getattr(signal, name)
        if terminal_there():
            self.exit(status)
        else:
            os._exit(status)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """What a key stands for, with its effect on the screen in the same go."""
        done = await super().run_action(action, default_namespace, namespaces)
        self.paint_now()
        return done

    def paint_now(self) -> None:
        """Paint what has changed. Textual would with the next tick of a clock, 60 times a second; what changes the
        layout is left to it.
        """
        screen = self.screen if self._running and self.screen_stack else None
        if screen is None or self._batch_count or screen._layout_required or screen._repaint_required:
            return
        widgets = list(screen.walk_children(Widget))
        dirty = {widget for widget in widgets if isinstance(widget, Painted) and widget._repaint_required}
        if dirty and not any(widget._layout_required for widget in widgets):
            for widget in dirty:
                widget._repaint_required = False
            screen._compositor.update_widgets({*dirty, *screen._dirty_widgets})  # those that wait for the tick, too
            screen._compositor_refresh()

    async def settle(self) -> None:
        """Wait until the terminal has answered, or does not."""
        end = time.monotonic() + LAST_PATIENCE
        while self._flow.waiting and time.monotonic() < end:
            await asyncio.sleep(0.01)

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        ours = isinstance(renderable, CompositorUpdate) and not (self.is_inline or self._batch_count)
        if ours and isinstance(renderable, CompositorUpdate) and self._canvas.take(renderable):
            self._paint()
            self.post_display_hook()
        else:
            super()._display(screen, renderable)

    def _paint(self) -> None:
        driver = self._driver
        if driver is None or self._closed or not self._running or self.is_headless:
            return
        now = time.monotonic()
        if not self._flow.clear(now):
            self._retry()
            return
        text = self._canvas.changes(self._flow.piece)
        if text:
            self._begin_update()
            driver.write(text)
            self._end_update()
            driver.write(self._flow.sent(len(text), now))
            driver.flush()
        if self._canvas.behind:
            self._retry()

    def _retry(self) -> None:
        if not self._retrying:
            self._retrying = True
            self.set_timer(RETRY, self._try_again)

    def _try_again(self) -> None:
        self._retrying = False
        self._paint()
