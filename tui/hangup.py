"""What is left for the next start when the app ended without being asked by a key: where the history was saved."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from platformdirs import user_state_path

from ..profiles.delta import Notice
from ..profiles.profile import Profile
from .saving import data_folder, save_into

KEPT = 8
"""Histories that are kept after such ends."""

MOST = 4096
"""Bytes of a note that are read."""


def save_for_next_start(profile: Profile, moment: datetime, why: str) -> None:
    """Save what was recorded, and leave a note of where and of what had happened. The oldest ones saved so go.

    Raises OSError.
    """
    from ..snapshots.atomic import write_whole

    folder = data_folder("hangups")
    path = save_into(folder, profile, moment)
    for old in sorted(folder.glob("icetop-*.pb.gz"), key=lambda file: file.stat().st_mtime)[:-KEPT]:
        old.unlink(missing_ok=True)
    note = _note()
    note.parent.mkdir(parents=True, exist_ok=True)
    write_whole(str(note), f"{why} at {moment:%Y-%m-%d %H:%M:%S}\n{path}\n".encode("utf-8", "surrogateescape"))


def notice_of_last_end() -> Notice | None:
    """What to say of the last end, once: None where it was an ordinary one, or what was saved is gone."""
    note = _note()
    try:
        with note.open("rb") as file:
            what, path = file.read(MOST).decode("utf-8", "surrogateescape").splitlines()
        note.unlink()
    except (OSError, ValueError):
        return None
    if not Path(path).exists():
        return None
    return Notice("info", what, "what was recorded is kept", f"icetop open {path}")


def _note() -> Path:
    return user_state_path("icetop", appauthor=False) / "last-hangup"
