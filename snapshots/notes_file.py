"""The notes of a recording: a line of JSON each, in a file of its folder that anybody may add to at any time."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable

from ..profiles.time_notes import LONGEST_TEXT, MOST_NOTES, TimeNote

NAME = "notes.jsonl"
LARGEST = 16 << 20
LATEST_NS = (1 << 63) - 1


def add_note(folder: str, note: TimeNote) -> None:
    """Write a note down behind those that there are. A line goes in one piece, so that two at once do not mix.

    Raises OSError.
    """
    line = _line(note).encode()
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(os.path.join(folder, NAME), flags, 0o600)
    try:
        if os.write(descriptor, line) != len(line):
            raise OSError(28, os.strerror(28), NAME)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_notes(folder: str) -> tuple[list[TimeNote], str]:
    """The notes of a folder in order of time, and what is wrong with their file (empty: nothing)."""
    try:
        with open(os.path.join(folder, NAME), "rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        return [], ""
    except OSError as error:
        return [], f"{NAME}: {error.strerror}"
    if len(content) > LARGEST:
        return [], f"{NAME}: it holds more than {LARGEST:,} bytes"
    notes, bad = parse_notes(content)
    return notes, f"{NAME}: {bad} of its lines are no notes" if bad else ""


def parse_notes(content: bytes) -> tuple[list[TimeNote], int]:
    """The notes that such a file holds, and the number of lines that are none; all after the first 10,000 are none."""
    notes: list[TimeNote] = []
    bad = 0
    for line in content.splitlines():
        note = _note(line) if len(notes) < MOST_NOTES else None
        if note is not None:
            notes.append(note)
        elif line.strip():
            bad += 1
    return sorted(notes), bad


def encode_notes(notes: Iterable[TimeNote]) -> bytes:
    """Notes as such a file."""
    return "".join(map(_line, notes)).encode()


def _line(note: TimeNote) -> str:
    return json.dumps({"start_ns": note.start_ns, "end_ns": note.end_ns, "text": note.text[:LONGEST_TEXT]}) + "\n"


def _note(line: bytes) -> TimeNote | None:
    try:
        found = json.loads(line)
        start, end, text = found["start_ns"], found["end_ns"], found["text"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    numbers = all(type(time) is int and 0 <= time <= LATEST_NS for time in (start, end))
    if not numbers or start > end or not isinstance(text, str):
        return None
    return TimeNote(start, end, text[:LONGEST_TEXT].encode("utf-8", "replace").decode())
