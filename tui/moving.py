"""The app's keys for moving about and searching."""

from __future__ import annotations

from textual import events

from .chooser import ChooserScreen
from .search import exactly
from .then_and_now import ThenAndNowApp


class MovingApp(ThenAndNowApp):
    """Where the cursor goes, what is searched, and who gets what is typed."""

    def on_icicle_moved(self) -> None:
        """The table's cursor and the details follow."""
        if self._picture is not None:
            self._board.follow_icicle(self._picture)

    def on_table_moved(self) -> None:
        """The graph's cursor and the details follow."""
        if self._picture is not None:
            self._board.follow_table(self._picture)

    def action_move(self, way: str) -> None:
        """Move the cursor of the pane that keys go to; what follows it is painted in the same go."""
        self._board.pane.move(way)
        if self._board.pane is self._board.icicle:
            self.on_icicle_moved()
        else:
            self.on_table_moved()

    def action_pane(self) -> None:
        """Send keys to the other pane."""
        self._board.switch_pane()
        if self._picture is not None:
            self._board.show_details(self._picture)

    async def action_back(self) -> None:
        """Undo the last of zoom, search and message."""
        if self._board.icicle.zoom_out():
            self.on_icicle_moved()
        elif self._search.text:
            self._set_search("")
        else:
            self._board.notice.show(None)

    async def on_icicle_left(self) -> None:
        """Zoom out."""
        await self.action_back()

    # --- searching

    def action_search(self) -> None:
        """Begin to type a search."""
        self._board.open_prompt(self._search.text)

    async def on_event(self, event: events.Event) -> None:
        """While something is typed, keys are text; this is the only place that sees them in their order."""
        if not isinstance(event, events.Key | events.Paste):
            await super().on_event(event)
        elif self._leaving:
            return
        elif isinstance(self.screen, ChooserScreen):
            self.screen.take(event)
            self.paint_now()
        elif self._board.prompt.display:
            self._type_search(event)
            self.paint_now()
        else:
            await super().on_event(event)

    def _type_search(self, event: events.Key | events.Paste) -> None:
        prompt, outcome = self._board.prompt, "typing"
        if isinstance(event, events.Key):
            outcome = prompt.take(event.key, event.character)
        else:
            prompt.paste(event.text)
        if prompt.purpose != "search":
            self._board.footer.display = not prompt.display
            if outcome == "kept":
                (self.go_to_time if prompt.purpose == "time" else self.write_note)(prompt.text)
            return
        self._set_search("" if outcome == "dropped" else prompt.text)
        self._board.footer.display = not prompt.display
        if outcome == "kept" and self._search.misses(self._board.icicle.box):
            self.action_match(1)

    def action_search_this(self) -> None:
        """Search for the function under the cursor."""
        name = self._function_here()
        if name:
            self._set_search(exactly(name))

    def action_match(self, direction: int) -> None:
        """Go to the next match in the graph."""
        matches = self._search.matches
        box = matches.beside(self._board.icicle.box, direction) if matches is not None else None
        if box is not None:
            self._board.icicle.go_to(box)

    def _set_search(self, text: str) -> None:
        self._search.text = text
        self._show_picture()

    def _function_here(self) -> str:
        """The name of the function under the cursor; empty where there is none."""
        row = self._board.table.row if self._board.pane is self._board.table else None
        if row is not None:
            return row.frame.name
        frame = self._picture.tree.frame(self._board.icicle.box) if self._picture is not None else None
        return frame.name if frame is not None else ""
