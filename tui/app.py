"""The app: what each key does."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Hashable
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from ..profiles.delta import Notice
from ..profiles.profile import Profile
from ..profiles.source import Source
from ..profiles.view import View
from ..themes.glyphs import glyphs_for
from ..themes.palette import THEMES
from .asking import Open
from .chooser import ChooserScreen
from .clipboard import copy_sequences, give_to_tmux, multiplexer
from .color_depth import color_depth, forget_stale_size, light_ground
from .facts import stack_lines
from .footer import Footer
from .icicle import Icicle
from .keys import bindings, help_lines
from .look import Look, make_look
from .page import Line, Page
from .saving import save_bundle, save_snapshot
from .table import Table
from .verdict import verdict
from .whom import WhomApp

ON_PAGES = frozenset(("redraw", "theme", "pop_screen", "scroll", "suspend_process"))
"""What keys still do while a page covers the screen."""


class IcetopApp(WhomApp):
    """The live view over one source, and what its keys do.

    Exits with 0, or with 1 when the source failed before any sample.
    """

    CSS_PATH = "icetop.tcss"
    BINDINGS: ClassVar[list[Any]] = bindings()
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (120, "-roomy")]  # noqa: RUF012  (Textual's own way)
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-low"), (16, "-mid"), (30, "-tall")]  # noqa: RUF012

    _focus = ""
    """The function to go to when the picture of it alone shows."""

    _saving = False
    """Whether a file is being written."""

    # --- what is under the cursor

    def action_zoom_in(self) -> None:
        """Zoom into the box under the cursor; on who is at the other end of a wait: go to that process."""
        pid, thread = self._peer()
        if pid:
            self._go_to_peer(pid, thread)
            return
        if self._board.pane is self._board.table:
            self.action_pane()
        if not self._board.icicle.zoom_in():
            self.action_stack()

    def on_details_wanted(self) -> None:
        """The stack of the box that the details tell of."""
        self.action_stack()

    async def on_footer_pressed(self, message: Footer.Pressed) -> None:
        """A key of the footer was clicked: do what the key does."""
        await self.run_action(message.action)

    # --- choosing

    def action_pause(self) -> None:
        """Hold the picture, or go on."""
        self._choose(self._choices.toggle_pause(self._keeper.profile.timeline.end_ns, time.monotonic()))

    def action_window(self) -> None:
        """The next length of time."""
        self._choose(self._choices.next_window())

    def action_choose(self, change: str) -> None:
        """One of the changes that `Choices` knows, by its name."""
        self._choose(getattr(self._choices, change)())

    def action_center(self) -> None:
        """What the function under the cursor calls, or everything again."""
        name = self._function_here() or self._choices.view.focus
        if name:
            self._center(name)

    def _center(self, name: str) -> None:
        self._board.icicle.unzoom()
        self._choose(self._choices.toggle_focus(name))
        self._focus = self._choices.view.focus

    def on_icicle_caller_chosen(self, message: Icicle.CallerChosen) -> None:
        """What a caller of the function in focus calls."""
        self._center(message.name)

    async def action_source(self) -> None:
        """The source around the hot lines of the function under the cursor."""
        from ..targets.source_text import whose_root
        from .source_page import source_page

        picture, box = self._picture, self._board.icicle.box
        frame = picture.tree.frame(box) if picture is not None else None
        if picture is None:
            return
        if frame is None:
            self._board.notice.say(Notice("info", "there is source where the cursor is on a function"))
            return
        group = picture.tree.group_above(box)
        pids = [pid for pid in (group.pid, *group.pids) if pid] if group is not None else []
        pid = whose_root(pids, bool(group and group.container)) if self._live else 0
        lines = await self._keeper.read(lambda profile: source_page(profile, picture, frame, pid))
        self._open_page(f"source of {frame.name}", lines)

    async def action_copy_stack(self) -> None:
        """Copy the stack of the box under the cursor, the outermost function first."""
        if self._picture is not None:
            lines = [text for _, text in stack_lines(self._picture, self._board.icicle.box)[1:]]
            if not lines:
                self._board.notice.say(Notice("info", "there is a stack where the cursor is on a box below the first"))
                return
            await self._copy("\n".join(lines) + "\n")
            self._board.notice.say(Notice("info", f"a stack of {len(lines)} is copied, if the terminal allows it"))

    def action_leave_out(self) -> None:
        """Without the function under the cursor."""
        name = self._function_here()
        if name:
            self._choose(self._choices.leave_out(name))

    def on_table_sorted(self, message: Table.Sorted) -> None:
        """Sort by the column clicked."""
        self._choose(self._choices.sorted_by(message.sort))

    def action_kind(self, number: int) -> None:
        """Another kind of profile."""
        kind = self._kinds().get(number)
        if kind is not None:
            self._steering.follow(kind, self._keeper.profile.context)
            self._choose(self._choices.of_kind(kind))

    def action_cause(self) -> None:
        """Only the waits for the cause under the cursor."""
        if self._picture is not None:
            names, places = self._picture.tree.causes
            here = names[places[self._board.icicle.box]] or names[places[0]]
            self._choose(self._choices.toggle_cause(here))

    def _show_picture(self) -> None:
        super()._show_picture()
        picture = self._picture
        if picture is not None and picture.view.focus == self._focus != "":
            tree, self._focus = picture.tree, ""
            boxes = (box for top in tree.children(0) for box in (top, *tree.children(top)))
            named = [box for box in boxes if tree.frame(box) and tree.name(box) == picture.view.focus]
            self._board.icicle.go_to(max(named, key=lambda box: int(tree.cum[box]), default=0))

    # --- the rest

    def action_save(self) -> None:
        """Save a snapshot."""
        self._save("the snapshot", lambda profile: save_snapshot(profile, datetime.now()))

    def action_bundle(self) -> None:
        """Save a bundle of the time shown."""
        view = self._choices.view_of(self._keeper.profile)
        self._save("the bundle", lambda profile: save_bundle(profile, view, datetime.now()))

    def _save(self, what: str, save: Callable[[Profile], Path]) -> None:
        """Save what there is now, one file at a time. Keys and data go on meanwhile."""
        if not self._saving:
            self._saving = True
            self._board.notice.show(Notice("info", f"saving {what} ..."))
            self.run_worker(self._saved(what, save, self._keeper.profile.still()))

    async def _saved(self, what: str, save: Callable[[Profile], Path], profile: Profile) -> None:
        try:
            path = await asyncio.to_thread(save, profile)
        except Exception as error:  # a file that cannot be written must not end what is being looked at
            notice = Notice("error", f"{what} could not be saved", str(error) or type(error).__name__)
        else:
            notice = Notice("info", f"saved {path}")
        finally:
            self._saving = False
        self._board.notice.say(notice)

    async def action_verdict(self) -> None:
        """Copy the verdict, and show what was copied."""
        if self._picture is None:
            return
        lines = verdict(self._picture, self._board.icicle.box)
        await self._copy("\n".join(lines) + "\n")
        told = "on the clipboard, as far as the terminal allows it (OSC 52); it can be copied from here as well"
        self._open_page("verdict", [*(("", line) for line in lines), ("", ""), ("copied", told)])

    async def _copy(self, text: str) -> None:
        if not await asyncio.to_thread(give_to_tmux, text, os.environ):
            self.send(copy_sequences(text, os.environ))

    def action_palette(self) -> None:
        """All commands."""
        from .palette import palette_screen

        self.push_screen(palette_screen(self._look, self._ascii_only), self._run_chosen)

    async def _run_chosen(self, chosen: list[Hashable] | None) -> None:
        for action in chosen or []:
            await self.run_action(str(action))

    def action_theme(self) -> None:
        """The next of the themes that come with icetop."""
        place = THEMES.index(self._look.theme) if self._look.theme in THEMES else -1
        self.theme_is_chosen()
        look = self._look
        self.wear(make_look(THEMES[(place + 1) % len(THEMES)], look.depth, look.glyphs, look.blue))

    def wear(self, look: Look) -> None:
        """Dress all that is to be seen."""
        super().wear(look)
        self._board.dress(look)
        if isinstance(self.screen, Page | ChooserScreen):
            self.screen.dress(look)

    def action_help(self) -> None:
        """All keys."""
        self._open_page("keys", help_lines(ascii_only=self._ascii_only))

    def action_messages(self) -> None:
        """All messages."""
        notices = dict.fromkeys((*self._keeper.profile.notices, *self._board.notice.said))
        self._open_page("messages", [(notice.level, str(notice)) for notice in notices] or [("", "none so far")])

    def action_stack(self) -> None:
        """The whole stack of the box under the cursor."""
        if self._picture is not None:
            self._open_page("stack", stack_lines(self._picture, self._board.icicle.box))

    def _open_page(self, title: str, lines: list[Line]) -> None:
        self.push_screen(Page(self._look, title, lines))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys do not reach what a page covers."""
        return action in ON_PAGES if isinstance(self.screen, Page | ChooserScreen) else True

    @property
    def _ascii_only(self) -> bool:
        return self._look.glyphs.line_edge == "|"

    async def action_quit(self) -> None:
        """End: stop the source, let the terminal answer what it was asked, and leave."""
        self._leaving = True
        await asyncio.gather(asyncio.to_thread(self._feed.stop), self.settle())
        self._keeper.close()
        failed = any(notice.level == "error" for notice in self._keeper.profile.notices)
        self.exit(1 if failed and not self._counted else 0)


def run_app(
    source: Source,
    *,
    view: View,
    color: str = "auto",
    ascii_only: bool = False,
    theme: str = "auto",
    blue: bool = False,
) -> int:
    """Run the app over a source until the person quits; gives the exit status.

    `color` is auto, truecolor, 256, 16 or none; `theme` is auto, dark, light or the path of a TOML file;
    `blue`: what got better is blue and not green.
    Raises `themes.palette.ThemeError` for a theme that cannot be used.
    """
    environ = os.environ
    forget_stale_size(environ)
    open_to = Open(theme == "auto", color == "auto" and not environ.get("NO_COLOR"))
    if theme == "auto":
        theme = "light" if light_ground(environ) else "dark"
    look = make_look(theme, color_depth(color, environ), glyphs_for(ascii_only, environ.get("TERM", "")), blue)
    # GNU screen keeps an escape to itself until the next key while it looks out for the mouse.
    status = IcetopApp(source, view, look, open_to).run(mouse=multiplexer(environ) != "screen")
    return 1 if status is None else status
