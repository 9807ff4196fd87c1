"""The app's keys for going back in time and comparing."""

from __future__ import annotations

from dataclasses import replace

from ..profiles.delta import Notice
from ..profiles.time_notes import TimeNote
from ..profiles.timeline import SECOND
from ..profiles.view import Baseline, Stretch
from .choices import LIVE_WINDOW
from .figures import clock
from .look import make_look
from .time_strip import TimeStrip
from .time_words import last_seconds, parse_time
from .viewing import ViewingApp

NEEDS_PAST = "a change is told from chance by the minute before it, at least"


class ThenAndNowApp(ViewingApp):
    """What the time line's keys and the mouse on it do."""

    def action_step(self, part: float) -> None:
        """Back or on in time."""
        self._choose(self._choices.stepped(part, self._keeper.profile.timeline, self._live))

    def action_stretch(self, factor: float) -> None:
        """More or less of the time."""
        self._choose(self._choices.stretched(factor, self._keeper.profile.timeline))

    def action_live(self) -> None:
        """Back to now."""
        self._choose(self._choices.to_the_end(self._live))

    def action_mark(self) -> None:
        """Mark what is shown as the baseline."""
        self._choose(self._choices.mark(self._keeper.profile.timeline))
        if self._choices.baseline is not None:
            start, end = self._choices.span(self._keeper.profile.timeline)
            self._board.notice.say(Notice("info", f"marked {clock(start)} to {clock(end)}: c compares with it"))

    def action_mark_target(self) -> None:
        """Mark whom is looked at as the baseline."""
        self._choose(self._choices.mark_target())
        if self._choices.baseline is not None:
            words = f"marked {self._choices.baseline.target}: p picks others, c compares"
            self._board.notice.say(Notice("info", words))

    def action_change(self) -> None:
        """To the last change on the time line that is before the one looked at, and compare it with what was before."""
        changes = self._picture.changes if self._picture is not None else []
        if not changes:
            self._board.notice.say(Notice("info", "nothing stands out on the time line so far", NEEDS_PAST))
            return
        choices, timeline = self._choices, self._keeper.profile.timeline
        start = choices.span(timeline)[0] if choices.compares and choices.paused_at is not None else timeline.end_ns
        begin, end = next((change for change in reversed(changes) if change[0] < start), changes[-1])
        end = min(max(end, begin + LIVE_WINDOW * SECOND), timeline.end_ns)
        self._choose(replace(choices.at(begin, end), compares=True, baseline=None, sort="delta", backwards=False))

    def action_go_to_time(self) -> None:
        """Begin to type a time."""
        self._board.open_prompt("", "time")

    def go_to_time(self, text: str) -> None:
        """To the time that was typed."""
        timeline = self._keeper.profile.timeline
        kept = (timeline.start_ns, timeline.end_ns)
        start, end = self._choices.span(timeline)
        try:
            chosen = self._choices.at(*parse_time(text, kept, (end - start) / SECOND))
        except ValueError as error:
            self._board.notice.say(Notice("warning", str(error)))
            return
        back = last_seconds(text)
        goes_on = back is not None and self._live and not self._ended
        self._choose(replace(chosen, window=back, paused_at=None) if goes_on else chosen)

    def action_note(self) -> None:
        """Begin to type a note."""
        self._board.open_prompt("", "note")

    def write_note(self, text: str) -> None:
        """Note something on the stretch that was chosen, or else now."""
        profile = self._keeper.profile
        start, end = self._choices.span(profile.timeline)
        note = TimeNote(start if self._choices.paused_at is not None else end, end, text)
        profile.add_notes((note,))
        said = Notice("info", f"noted at {clock(note.start_ns)}")
        try:
            if self._note_keeper is not None:
                self._note_keeper.keep_note(note)
        except OSError as error:
            said = Notice("warning", said.what, "it could not be kept in the recording", str(error.strerror))
        self._board.notice.say(said)
        self._refresher.at_once()

    def on_time_strip_chosen(self, message: TimeStrip.Chosen) -> None:
        """Look at what the mouse chose, or compare with it; a click keeps the length."""
        timeline = self._keeper.profile.timeline
        start, end = message.start_ns, message.end_ns
        if start == end:
            first, last = self._choices.span(timeline)
            length = min(last - first, timeline.end_ns - timeline.start_ns)
            start = min(max(start - length // 2, timeline.start_ns), timeline.end_ns - length)
            end = start + length
        if message.baseline:
            self._choose(replace(self._choices, baseline=Baseline(Stretch(start, end)), compares=True, sort="delta"))
        else:
            self._choose(self._choices.at(start, end))

    def action_blue(self) -> None:
        """Better in blue, or in green."""
        look = self._look
        self.wear(make_look(look.theme, look.depth, look.glyphs, not look.blue))

    def action_undo(self) -> None:
        """The view before."""
        if self._views:
            self._change(self._views.pop())
