"""Every key in one table, from which bindings, footer, help page and the README's list are made."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that a key does.

    `keys` are Textual's names, `shown` how they are printed. `footer` is the word in the footer (empty: not there),
    entries coming in the table's order. `help` is the line of the help page, under the heading `section`.
    """

    keys: tuple[str, ...]
    action: str
    shown: str
    section: str
    help: str
    footer: str = ""

    def printed(self, ascii_only: bool) -> str:
        """How its keys are printed."""
        return self.shown.encode("ascii", "ignore").decode().strip() if ascii_only else self.shown


MOVE, LOOK, TIME, DATA, APP = "Moving", "Looking", "Then and now", "Data", "icetop"

KEYS: tuple[Key, ...] = (
    Key(("space",), "pause", "space", DATA, "pause the picture and go on; recording goes on underneath", "pause"),
    Key(("c",), "choose('toggle_comparison')", "c", TIME, "compare with the time before, or the marked", "compare"),
    Key(("left_square_bracket",), "step(-0.2)", "[", TIME, "back in time by a fifth of what is shown"),
    Key(("right_square_bracket",), "step(0.2)", "]", TIME, "on in time"),
    Key(("enter",), "zoom_in", "enter", LOOK, "zoom into the box; on the box zoomed into: its whole stack", "zoom"),
    Key(("slash",), "search", "/", LOOK, "search names as you type (a regular expression); enter keeps it", "search"),
    Key(("tab", "shift+tab"), "pane", "tab", MOVE, "the other pane: graph or table", "table"),
    Key(("p",), "pick", "p", DATA, "pick what to sample: processes by what is typed, one or several", "pick"),
    Key(("m",), "mark", "m", TIME, "mark what is shown, to compare with it; while comparing: forget the mark"),
    Key(("a",), "choose('next_measure')", "a", TIME, "changes in points of share, per second, or relative"),
    Key(("W",), "choose('next_width')", "W", TIME, "width of boxes in a comparison: mean of both, now, before"),
    Key(("w",), "window", "w", DATA, "how much time is shown: 5 s, 30 s, 5 min, since the start", "window"),
    Key(("s",), "save", "s", DATA, "save everything recorded as a pprof file", "snapshot"),
    Key(("b",), "bundle", "b", DATA, "save all that a post-mortem needs of the time shown, in one file"),
    Key(("y",), "verdict", "y", DATA, "copy a verdict of three lines, in Markdown", "verdict"),
    Key(("escape",), "back", "esc", LOOK, "zoom out; then clear the search, then put away the message", "back"),
    Key(("question_mark",), "help", "?", APP, "this page", "help"),
    Key(("q", "ctrl+c"), "quit", "q", APP, "quit", "quit"),
    Key(("full_stop",), "live", ".", TIME, "back to now; of a file, back to all of it"),
    Key(("left_curly_bracket",), "step(-1)", "{", TIME, "back in time by all that is shown"),
    Key(("right_curly_bracket",), "step(1)", "}", TIME, "on in time by all that is shown"),
    Key(("less_than_sign",), "stretch(0.5)", "<", TIME, "half of the time shown, its end stays"),
    Key(("greater_than_sign",), "stretch(2)", ">", TIME, "twice the time shown, its end stays"),
    Key(("at",), "go_to_time", "@", TIME, "go to a time: 14:03, 14:03..14:05, last 15 min, -40..-20"),
    Key(
        ("e",),
        "change",
        "e",
        TIME,
        "to where things changed last (! on the strip); again: further back",
    ),
    Key(("quotation_mark",), "note", '"', TIME, "write a note on the time shown; c compares before and after it"),
    Key(("M",), "mark_target", "M", TIME, "mark the processes shown: others are then compared with them"),
    Key(("B",), "blue", "B", TIME, "better in blue instead of green"),
    Key(("left", "h"), "move('left')", "h ←", MOVE, "to the box on the left"),
    Key(("down", "j"), "move('down')", "j ↓", MOVE, "down: to the function called; the next row of the table"),
    Key(("up", "k"), "move('up')", "k ↑", MOVE, "up: to the caller; the row above"),
    Key(("right", "l"), "move('right')", "l →", MOVE, "to the box on the right"),
    Key(("g", "home"), "move('first')", "g home", MOVE, "to the top"),
    Key(("G", "end"), "move('last')", "G end", MOVE, "to the deepest box on this way; the last row"),
    Key(("pagedown", "ctrl+d"), "move('page_down')", "PgDn", MOVE, "a page down"),
    Key(("pageup", "ctrl+u"), "move('page_up')", "PgUp", MOVE, "a page up"),
    Key(("n",), "match(1)", "n", LOOK, "to the next match"),
    Key(("N",), "match(-1)", "N", LOOK, "to the match before"),
    Key(("number_sign",), "search_this", "#", LOOK, "search for the function under the cursor"),
    Key(("d",), "stack", "d", LOOK, "the whole stack of the box, with files and lines"),
    Key(("K",), "choose('toggle_kernel')", "K", LOOK, "kernel frames on and off; their time goes to the caller"),
    Key(
        ("I",),
        "choose('toggle_interpreter')",
        "I",
        LOOK,
        "the Python interpreter's own frames on and off",
    ),
    Key(("i",), "choose('toggle_inverted')", "i", LOOK, "leaf first: who calls what takes the time"),
    Key(("z",), "choose('toggle_idle')", "z", LOOK, "threads that wait for work: set aside, or shown"),
    Key(("C",), "cause", "C", LOOK, "only waits for the cause under the cursor, else for the commonest; again: all"),
    Key(("f",), "center", "f", LOOK, "the function under the cursor, callers above, what it calls below; again: all"),
    Key(("r",), "choose('toggle_collapsed')", "r", LOOK, "recursion as one box"),
    Key(("S",), "source", "S", LOOK, "the source around the lines of the function that take the time"),
    Key(("Y",), "copy_stack", "Y", LOOK, "copy the stack of the box"),
    Key(("backspace",), "undo", "bksp", LOOK, "back to the view before, time and all"),
    Key(
        ("v",),
        "choose('next_first_level')",
        "v",
        LOOK,
        "first level by process, thread, container, pod, service ...",
    ),
    Key(
        ("t",),
        "choose('next_tint')",
        "t",
        LOOK,
        "colour by package, binary, language, container, pod or cause",
    ),
    Key(("o",), "choose('next_sort')", "o", LOOK, "sort the table by the next column: flat, cum, change, name"),
    Key(("O",), "choose('turn_sort')", "O", LOOK, "sort the other way round"),
    Key(("percent_sign",), "choose('next_share')", "%", LOOK, "leave out what is under 0.1, 0.5, 1 or 5 %"),
    Key(("x",), "leave_out", "x", LOOK, "leave out the function under the cursor; its time goes to the caller"),
    Key(("X",), "choose('leave_nothing_out')", "X", LOOK, "leave out no function"),
    Key(("plus",), "rate(1)", "+", DATA, "sample more often: up to 999 times a second and CPU"),
    Key(("minus",), "rate(-1)", "-", DATA, "sample less often"),
    Key(("J",), "java_maps", "J", DATA, "ask JVMs (JDK 17 or newer) for the names of their functions"),
    Key(tuple("123456789"), "kind", "1-9", DATA, "the kind of profile: CPU, off-CPU, wall time, locks (5)"),
    Key(("colon", "ctrl+p"), "palette", ":", APP, "all commands, found by typing"),
    Key(("T",), "theme", "T", APP, "dark and light theme"),
    Key(("exclamation_mark",), "messages", "!", APP, "all messages so far"),
    Key(("ctrl+z",), "suspend_process", "^Z", APP, "to the shell; `fg` comes back"),
    Key(("ctrl+l",), "redraw", "^L", APP, "draw the screen anew"),
)


IN_COMPARISONS = (
    ("c", "end"), ("tab", "list"), ("enter", "zoom"), ("[", "earlier"), ("]", "later"), ("m", "mark"),
    ("a", "measure"), ("W", "width"), ("s", "snapshot"), ("y", "verdict"), ("?", "help"), ("q", "quit"),
)  # fmt: skip
"""The footer's entries while comparing."""


def actions_of(entry: Key) -> list[str]:
    """What each of an entry's keys does."""
    return [f"kind({key})" if entry.action == "kind" else entry.action for key in entry.keys]


def bindings() -> list[Binding]:
    """The app's bindings. With priority an action runs before the next key is looked at, however fast keys come."""
    return [
        Binding(key, action, entry.help, show=False, priority=True)
        for entry in KEYS
        for key, action in zip(entry.keys, actions_of(entry), strict=True)
    ]


def footer_entries(comparing: bool = False) -> list[tuple[str, str]]:
    """(key, word) pairs of the footer, the most important first."""
    if comparing:
        return [*IN_COMPARISONS]
    return [(entry.shown, entry.footer) for entry in KEYS if entry.footer]


def action_of(shown: str) -> str:
    """What the key of this name in the footer does."""
    return next(actions_of(entry)[0] for entry in KEYS if entry.shown == shown)


def help_lines(ascii_only: bool = False) -> list[tuple[str, str]]:
    """(key, what it does) pairs of the help page; a heading has no key, an empty pair parts the sections."""
    lines: list[tuple[str, str]] = []
    for section in (MOVE, LOOK, TIME, DATA, APP):
        lines += [("", ""), ("", section)] if lines else [("", section)]
        lines += [(entry.printed(ascii_only), entry.help) for entry in KEYS if entry.section == section]
    return lines


def markdown() -> str:
    """The keys as a Markdown table."""
    rows = (f"| `{entry.shown}` | {entry.help} |" for entry in KEYS)
    return "\n".join(("| key | |", "|---|---|", *rows)) + "\n"
