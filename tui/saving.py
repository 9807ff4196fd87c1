"""Saving a snapshot: where it goes and how it is called."""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path

from ..profiles.profile import Profile


def snapshot_name(host: str, moment: datetime) -> str:
    """A file name that sorts by time and says where it is from, such as icetop-web-3-20261121-140312.pb.gz."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", host).strip("-.")[:64]
    return "-".join(filter(None, ("icetop", safe, f"{moment:%Y%m%d-%H%M%S}"))) + ".pb.gz"


def save_snapshot(profile: Profile, moment: datetime) -> Path:
    """Write all of a profile, in the current folder or, where that cannot be, in the user's data folder.

    Gives the file's absolute path; an existing file is never replaced. Raises OSError when nowhere can be written.
    """
    folder = Path.cwd()
    return save_into(folder if os.access(folder, os.W_OK) else data_folder("snapshots"), profile, moment)


def data_folder(name: str) -> Path:
    """A folder of icetop's own among the user's data, made where there is none."""
    from platformdirs import user_data_path

    folder = user_data_path("icetop", appauthor=False) / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def save_into(folder: Path, profile: Profile, moment: datetime) -> Path:
    """Write all of a profile into a folder. Gives the file's path; an existing file is never replaced."""
    from ..snapshots.atomic import write_whole
    from ..snapshots.pprof_writer import encode_pprof

    name = snapshot_name(profile.context.host, moment)
    path, number = folder / name, 1
    while path.exists():
        number += 1
        path = folder / name.replace(".pb.gz", f"-{number}.pb.gz")
    write_whole(str(path), encode_pprof(profile))
    return path
