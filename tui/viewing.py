"""The app without its keys: it reads a source and shows what there is to see."""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from datetime import datetime
from typing import Any

from textual import events
from textual.app import ComposeResult

from ..profiles.delta import Notice
from ..profiles.profile import Profile
from ..profiles.source import KeepsNotes, Source
from ..profiles.view import View
from ..profiles.vocabulary import numbered_kinds, shown_kinds
from .asking import AskingApp, Open
from .board import Board
from .choices import LIVE_WINDOW, Choices, first_choices
from .feed import Feed
from .header import Status
from .keeper import Keeper
from .look import Look
from .more_of_it import MoreOfIt
from .picture import Camera, Picture
from .refresher import Refresher
from .search import Search
from .self_cost import SelfCost
from .silence import Silence
from .situation import idle, no_samples, nothing_came, starting, waiting
from .spare_memory import give_back, keep_for_good
from .steering import Steering
from .target_words import ordered_words, target_words

VIEWS = 50
"""How many views one can go back."""


class ViewingApp(AskingApp):
    """Deltas in, pictures out."""

    def __init__(self, source: Source, view: View, look: Look, open_to: Open = Open()) -> None:  # noqa: B008
        super().__init__(look, open_to)
        self._live = source.live
        self._choices = first_choices(view, LIVE_WINDOW if source.live else None)
        self._feed = Feed(source, self.post_message)
        self._steering = Steering(source)
        self._more = MoreOfIt(source, self._say)
        self._note_keeper = source if isinstance(source, KeepsNotes) else None
        self._keeper = Keeper(self._feed.folded, lambda notice: self._board.notice.tell(notice))
        self._camera = Camera()
        self._refresher = Refresher(self._take_picture, self._start_work, self.set_timer, eager=source.live)
        self._cost = SelfCost()
        self._silence = Silence(source)
        self._picture: Picture | None = None
        self._search = Search()
        self._views: deque[Choices] = deque(maxlen=VIEWS)
        self._counted = False
        self._ended = False
        self._leaving = False
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
        self._recall()
        self.set_timer(1.0, self._keep_for_good)
        self.set_interval(1.0, self._tick)
        self.call_after_refresh(self._feed.start)
        self.call_after_refresh(self.ask)

    def on_resize(self, event: events.Resize) -> None:
        """Decide what there is room for."""
        super().on_resize(event)
        self._board.arrange(event.size.width)

    # --- data

    def on_feed_arrived(self, message: Feed.Arrived) -> None:
        """Take a delta in."""
        delta = message.delta
        self._keeper.fold(delta)
        if self._silence.warning is not None and self._board.notice.notice is self._silence.warning:
            self._board.notice.show(None)
        self._silence.heard()
        self._cost.add(delta, time.monotonic(), time.process_time())
        self._counted = self._counted or (not delta.beside and any(len(counts) for counts in delta.counts.values()))
        for notice in delta.notices:
            self._board.notice.tell(notice)
        if self._steering.arrived(delta.context):
            self._cost = SelfCost()
        if self._counted or self._measured:
            if self._choices.paused_since is None and not self._canvas.behind:  # pictures arrive whole
                self._refresher.data_came()
        else:
            self._show_situation()
            self._show_header()

    def on_feed_ended(self, message: Feed.Ended) -> None:
        """Go on with what there is."""
        self._ended, self._board.icicle.wavers = True, False
        if message.notice is not None:
            self._keeper.profile.notices.append(message.notice)
            self._board.notice.tell(message.notice)
        if self._counted:
            self._keep_for_good()
            self._refresher.at_once()
        self._show_situation()
        self._show_header()
        self._read_more()

    def _keep_for_good(self) -> None:
        if not self.is_headless:  # nor is it the only thing in its process
            keep_for_good()

    @property
    def _measured(self) -> bool:
        """Whether the source is past its start, samples or not."""
        return not self._keeper.profile.stage and len(self._keeper.profile.timeline) > 1

    def _start_work(self, work: Any) -> None:
        if self._leaving:
            work.close()
        else:
            self.run_worker(work)

    async def _take_picture(self) -> float:
        """Work out a picture and show it; gives the seconds of CPU that the first took."""
        choices, whole = self._choices, self._ended

        def take(profile: Profile) -> tuple[Picture, float]:
            begin = time.thread_time()
            picture = self._camera.take(profile, choices.view_of(profile), choices.sort, choices.backwards)
            if whole:
                give_back()
            return picture, time.thread_time() - begin

        if self._picture is None:
            self._keep_for_good()
        self._picture, work = await self._keeper.read(take)
        self._show_picture()
        if self._choices is not choices:  # the marks on the time line are ahead of the picture, and stay there
            self._mark_time()
        self.call_after_refresh(self._feed.shown)
        return work

    # --- showing

    def _show_picture(self) -> None:
        picture = self._picture
        if picture is None:
            return
        self._search.look(picture.tree)
        self._board.show(picture, self._search.matches, self._choices, self._live)
        self._show_header()
        self._show_situation()

    def _show_header(self) -> None:
        choices, steering = self._choices, self._steering
        status = Status(
            live=self._live,
            kinds=self._kinds(),
            ended=self._ended and self._live,
            paused=None if choices.paused_since is None else time.monotonic() - choices.paused_since,
            silent=self._silence.seconds if self._live and not self._ended else None,
            chosen=choices.paused_at is not None and choices.paused_since is None,
            stage=self._keeper.profile.stage,
            search=self._search.text,
            matched=self._search.share,
            self_percent=self._cost.percent if self._live else None,
            target=target_words(choices.view.target, self._picture),
            ordered=ordered_words(steering),
            ordered_hz=steering.frequency_hz,
            remark=self._remark(),
        )
        self._board.header.show(self._picture, choices, status)

    def _kinds(self) -> dict[int, str]:
        """The kinds that number keys choose from, by the key."""
        profile = self._keeper.profile
        if self._live and not self._ended:
            return numbered_kinds(self._steering.kinds(profile.context))
        return numbered_kinds(shown_kinds(profile.kinds()))

    def _remark(self) -> str:
        if self._picture is None:
            return ""
        return idle(self._picture) or (waiting(self._picture) if self._live else "")

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

    def _tick(self) -> None:
        """What moves without data: clocks."""
        if self._picture is None:
            self._show_situation()
            return
        silent = self._live and not self._ended and self._silence.seconds is not None
        if silent or self._choices.paused_since is not None:
            self._show_header()
        if silent and self._silence.warning is None:
            self._board.notice.tell(self._silence.warn())

    def _recall(self) -> None:
        """Say where the last history went, when its terminal did."""
        from .hangup import notice_of_last_end

        notice = notice_of_last_end()
        if notice is not None:
            self._board.notice.tell(notice)

    def _choose(self, choices: Choices) -> None:
        self._views.append(self._choices)
        self._change(choices)

    def _change(self, choices: Choices) -> None:
        self._choices = choices
        self._show_header()
        if self._picture is not None:
            self._mark_time()
            self._refresher.at_once()
        self._read_more()

    def _say(self, notice: Notice | None) -> None:
        if notice is None:
            self._board.notice.show(None)
        else:
            self._board.notice.say(notice)

    def _read_more(self) -> None:
        """Read what was chosen to be looked at, where that was not read yet."""
        source = self._more.wanted(self._choices.view_of(self._keeper.profile)) if self._ended else None
        if source is not None:
            self.run_worker(self._read_instead(source))

    async def _read_instead(self, source: Source) -> None:
        """Show what another source holds, once it is read."""
        old, profile = self._keeper.profile, await self._more.read(source)
        if profile is not None:
            profile.add_notes(old.notes)
            self._keeper.profile, self._camera = profile, Camera()
            self._refresher.at_once()
        self._read_more()

    def _mark_time(self) -> None:
        """Mark on the time line at once what was chosen of it; the picture of it follows."""
        timeline = self._keeper.profile.timeline
        view = self._choices.view_of(self._keeper.profile)
        base = view.baseline
        stretch = base.stretch if base is not None else None
        end = timeline.end_ns
        before = (stretch.start_ns or 0, stretch.end_ns or end) if stretch is not None else (0, 0)
        self._board.strip.mark((view.stretch.start_ns or timeline.start_ns, view.stretch.end_ns or end), before)

    def hang_up(self, why: str) -> None:
        """Keep what was recorded, and end."""
        from .hangup import save_for_next_start

        if self._live and self._counted:
            with suppress(OSError):
                save_for_next_start(self._keeper.profile, datetime.now(), why)
        self._feed.stop(patience=0.0)
