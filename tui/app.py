"""The app: wires source, profile, keys and widgets together."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import datetime
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult

from ..profiles.delta import Notice
from ..profiles.source import Source
from ..profiles.view import View
from ..themes.glyphs import glyphs_for
from ..themes.palette import THEMES
from .board import Board
from .choices import LIVE_WINDOW, Choices
from .color_depth import color_depth, light_ground
from .facts import stack_lines
from .feed import Feed
from .frugal import FrugalApp
from .header import Status
from .keeper import Keeper
from .keys import bindings, help_lines
from .look import Look, make_look
from .page import Line, Page
from .picture import Camera, Picture
from .refresher import Refresher
from .saving import save_snapshot
from .search import Matches, compile_search, exactly, find_matches
from .self_cost import SelfCost
from .situation import no_samples, nothing_came, starting, waiting

ON_PAGES = frozenset(("redraw", "theme", "pop_screen", "scroll", "suspend_process"))
"""What keys still do while a page covers the screen."""

INFORMED = 20.0
"""Seconds that a message stays which asks for nothing."""


class IcetopApp(FrugalApp):
    """The live view over one source. Exits with 0, or with 1 when the source failed before any sample."""

    CSS_PATH = "icetop.tcss"
    BINDINGS: ClassVar[list[Any]] = bindings()
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (120, "-roomy")]  # noqa: RUF012  (Textual's own way)
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-low"), (16, "-mid"), (30, "-tall")]  # noqa: RUF012

    def __init__(self, source: Source, view: View, look: Look) -> None:
        super().__init__()
        self._look = look
        self._live = source.live
        self._choices = Choices(view, window=LIVE_WINDOW if source.live else None)
        self._feed = Feed(source, self.post_message)
        self._keeper = Keeper(self._feed.folded)
        self._camera = Camera()
        self._refresher = Refresher(self._take_picture, self._start_work, self.set_timer)
        self._cost = SelfCost()
        self._picture: Picture | None = None
        self._matches: Matches | None = None
        self._search = ""
        self._counted = False
        self._ended = False
        self._began = time.monotonic()
        self._board = Board(look, self._choices)

    def compose(self) -> ComposeResult:
        """All widgets."""
        yield from self._board.widgets()

    def on_mount(self) -> None:
        """Show the first screen, then begin to read."""
        self.app_resume_signal.subscribe(self, lambda _: self.action_redraw())
        self._show_situation()
        self._show_header()
        self.set_interval(1.0, self._tick)
        self.call_after_refresh(self._feed.start)

    def on_resize(self, event: events.Resize) -> None:
        """Decide what there is room for."""
        super().on_resize(event)
        self._board.arrange(event.size.width)

    # --- data

    def on_feed_arrived(self, message: Feed.Arrived) -> None:
        """Take a delta in."""
        delta = message.delta
        self._keeper.fold(delta)
        self._cost.add(delta, time.monotonic(), time.process_time())
        self._counted = self._counted or any(len(counts) for counts in delta.counts.values())
        for notice in delta.notices:
            self._tell(notice)
        if self._counted or self._measured:
            if self._choices.paused_at is None:
                self._refresher.data_came()
        else:
            self._show_situation()
            self._show_header()

    def on_feed_ended(self, message: Feed.Ended) -> None:
        """Go on with what there is."""
        self._ended = True
        if message.notice is not None:
            self._keeper.profile.notices.append(message.notice)
            self._tell(message.notice)
        if self._counted:
            self._refresher.data_came()
        self._show_situation()
        self._show_header()

    @property
    def _measured(self) -> bool:
        """Whether the source is past its start, samples or not."""
        return not self._keeper.profile.stage and len(self._keeper.profile.timeline) > 1

    def _start_work(self, work: Any) -> None:
        self.run_worker(work)

    async def _take_picture(self) -> None:
        choices = self._choices
        self._picture = await self._keeper.read(
            lambda profile: self._camera.take(profile, choices.view_of(profile), choices.sort)
        )
        self._show_picture()

    # --- showing

    def _show_picture(self) -> None:
        picture = self._picture
        if picture is None:
            return
        self._matches = find_matches(picture.tree, compile_search(self._search)) if self._search else None
        self._board.show(picture, self._matches, self._choices, self._live)
        self._show_header()
        self._show_situation()

    def _show_header(self) -> None:
        choices, profile = self._choices, self._keeper.profile
        paused = None if choices.paused_at is None else time.monotonic() - choices.paused_since
        ended = self._ended and self._live
        self_percent = self._cost.percent if self._live else None
        matched = self._matches.share if self._matches is not None else None
        status = Status(self._live, ended, paused, profile.stage, self._search, matched, self_percent, self._remark())
        self._board.header.show(self._picture, choices, status)

    def _remark(self) -> str:
        return waiting(self._picture) if self._picture is not None and self._live else ""

    def _show_situation(self) -> None:
        """Show why there is nothing to draw, or the panes."""
        picture, profile = self._picture, self._keeper.profile
        if picture is not None and picture.tree.total:
            self._board.explain([])
        elif self._ended and not self._counted:
            self._board.explain(nothing_came(profile.notices))
        elif picture is not None:
            self._board.explain(no_samples(picture, self._live))
        else:
            self._board.explain(starting(profile.stage, time.monotonic() - self._began))

    def _tell(self, notice: Notice) -> None:
        shown = self._board.notice.notice
        if notice.level != "info" or shown is None or shown.level == "info":
            self._say(notice)

    def _say(self, notice: Notice) -> None:
        """Show a message: what only informs, for a while."""
        line = self._board.notice
        line.show(notice)
        if notice.level == "info":
            self.set_timer(INFORMED, lambda: line.show(None) if line.notice is notice else None)

    def _tick(self) -> None:
        """What moves without data: clocks."""
        if self._choices.paused_at is not None:
            self._show_header()
        elif self._picture is None:
            self._show_situation()

    # --- moving

    def on_icicle_moved(self) -> None:
        """The table's cursor and the details follow."""
        if self._picture is not None:
            self._board.follow_icicle(self._picture)

    def on_table_moved(self) -> None:
        """The graph's cursor and the details follow."""
        if self._picture is not None:
            self._board.follow_table(self._picture)

    def action_move(self, way: str) -> None:
        """Move the cursor of the pane that keys go to."""
        self._board.pane.move(way)

    def action_pane(self) -> None:
        """Send keys to the other pane."""
        self._board.switch_pane()
        if self._picture is not None:
            self._board.show_details(self._picture)

    def action_zoom_in(self) -> None:
        """Zoom into the box under the cursor."""
        if self._board.pane is self._board.table:
            self.action_pane()
        self._board.icicle.zoom_in()

    async def action_back(self) -> None:
        """Undo the last of zoom, search and message."""
        if self._board.icicle.zoom_out():
            self.on_icicle_moved()
        elif self._search:
            self._set_search("")
        else:
            self._board.notice.show(None)

    # --- searching

    def action_search(self) -> None:
        """Begin to type a search."""
        self._board.open_prompt(self._search)

    async def on_event(self, event: events.Event) -> None:
        """While a search is typed, keys are its text; this is the only place that sees them in their order."""
        prompt = self._board.prompt
        if not prompt.display or not isinstance(event, events.Key | events.Paste):
            await super().on_event(event)
            return
        outcome = "typing"
        if isinstance(event, events.Key):
            outcome = prompt.take(event.key, event.character)
        else:
            prompt.paste(event.text)
        self._set_search("" if outcome == "dropped" else prompt.text)
        self._board.footer.display = not prompt.display
        if outcome == "kept" and self._matches is not None and not self._matches.boxes[self._board.icicle.box]:
            self.action_match(1)

    def action_search_this(self) -> None:
        """Search for the function under the cursor."""
        frame = self._picture.tree.frame(self._board.icicle.box) if self._picture is not None else None
        if frame is not None:
            self._set_search(exactly(frame.name))

    def action_match(self, direction: int) -> None:
        """Go to the next match in the graph."""
        box = self._matches.beside(self._board.icicle.box, direction) if self._matches is not None else None
        if box is not None:
            self._board.icicle.go_to(box)

    def _set_search(self, text: str) -> None:
        self._search = text
        self._show_picture()

    # --- choosing

    def action_pause(self) -> None:
        """Hold the picture, or go on."""
        self._choose(self._choices.toggle_pause(self._keeper.profile.timeline.end_ns, time.monotonic()))

    def action_window(self) -> None:
        """The next length of time."""
        self._choose(self._choices.next_window())

    def action_kernel(self) -> None:
        """With or without kernel frames."""
        self._choose(self._choices.toggle_kernel())

    def action_invert(self) -> None:
        """Root first or leaf first."""
        self._choose(self._choices.toggle_inverted())

    def action_first_level(self) -> None:
        """Group by something else."""
        self._choose(self._choices.next_first_level())

    def action_tint(self) -> None:
        """Colour by something else."""
        self._choose(self._choices.next_tint())

    def action_sort(self) -> None:
        """Sort by another column."""
        self._choose(self._choices.next_sort())

    def action_kind(self, number: int) -> None:
        """Another kind of profile."""
        kinds = self._keeper.profile.kinds()
        if number <= len(kinds):
            self._choose(self._choices.of_kind(kinds[number - 1]))

    def _choose(self, choices: Choices) -> None:
        self._choices = choices
        self._show_header()
        if self._picture is not None:
            self._refresher.at_once()

    # --- the rest

    def action_save(self) -> None:
        """Save a snapshot."""
        self.run_worker(self._save())

    async def _save(self) -> None:
        try:
            path = await self._keeper.read(lambda profile: save_snapshot(profile, datetime.now()))
        except Exception as error:  # a snapshot that cannot be written must not end what is being looked at
            self._board.notice.show(
                Notice("error", "the snapshot could not be saved", str(error) or type(error).__name__)
            )
        else:
            self._say(Notice("info", f"saved {path}"))

    def action_theme(self) -> None:
        """The next of the themes that come with icetop."""
        place = THEMES.index(self._look.theme) if self._look.theme in THEMES else -1
        self._look = make_look(THEMES[(place + 1) % len(THEMES)], self._look.depth, self._look.glyphs)
        self._board.dress(self._look)
        if isinstance(self.screen, Page):
            self.screen.dress(self._look)

    def action_help(self) -> None:
        """All keys."""
        self._open_page("keys", help_lines(ascii_only=self._look.glyphs.line_edge == "|"))

    def action_messages(self) -> None:
        """All messages."""
        notices = self._keeper.profile.notices
        self._open_page("messages", [(notice.level, str(notice)) for notice in notices] or [("", "none so far")])

    def action_stack(self) -> None:
        """The whole stack of the box under the cursor."""
        if self._picture is not None:
            self._open_page("stack", stack_lines(self._picture, self._board.icicle.box))

    def _open_page(self, title: str, lines: list[Line]) -> None:
        self.push_screen(Page(self._look, title, lines))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys do not reach what a page covers."""
        return action in ON_PAGES if isinstance(self.screen, Page) else True

    async def action_quit(self) -> None:
        """End: stop the source, let the terminal answer what it was asked, and leave."""
        await asyncio.gather(asyncio.to_thread(self._feed.stop), self.settle())
        self._keeper.close()
        failed = any(notice.level == "error" for notice in self._keeper.profile.notices)
        self.exit(1 if failed and not self._counted else 0)


def run_app(source: Source, *, view: View, color: str = "auto", ascii_only: bool = False, theme: str = "auto") -> int:
    """Run the app over a source until the person quits; gives the exit status.

    `color` is auto, truecolor, 256, 16 or none; `theme` is auto, dark, light or the path of a TOML file.
    Raises `themes.palette.ThemeError` for a theme that cannot be used.
    """
    environ = os.environ
    if theme == "auto":
        theme = "light" if light_ground(environ) else "dark"
    look = make_look(theme, color_depth(color, environ), glyphs_for(ascii_only, environ.get("TERM", "")))
    status = IcetopApp(source, view, look).run()
    return 1 if status is None else status
