"""Saving a snapshot or a bundle: where it goes and how it is called."""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path

from ..profiles.profile import Profile
from ..profiles.view import View


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
    from ..snapshots.pprof_writer import encode_pprof

    return _write_new(folder, snapshot_name(profile.context.host, moment), ".pb.gz", encode_pprof(profile))


def save_bundle(profile: Profile, view: View, moment: datetime) -> Path:
    """Write a bundle of what a view shows, where `save_snapshot` would. Gives the file's path. Raises OSError."""
    from ..sampler.doctor import report_of
    from ..snapshots.bundle import encode_bundle
    from ..snapshots.bundle_names import ENDING

    folder, host = Path.cwd(), profile.context.host
    folder = folder if os.access(folder, os.W_OK) else data_folder("snapshots")
    name = snapshot_name(host, moment).removesuffix(".pb.gz") + ENDING
    return _write_new(folder, name, ENDING, encode_bundle(profile, view, report_of(host)))


def _write_new(folder: Path, name: str, ending: str, content: bytes) -> Path:
    from ..snapshots.atomic import write_whole

    path, number = folder / name, 1
    while path.exists():
        number += 1
        path = folder / f"{name.removesuffix(ending)}-{number}{ending}"
    write_whole(str(path), content)
    return path
