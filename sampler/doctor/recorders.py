"""Is anything recorded on this machine, so that what was not looked at in time can be?"""

from __future__ import annotations

import os

from ...targets.recorders import Recorder, running_recorders
from .check import Check, Machine, State


def check_recorders(machine: Machine) -> Check:
    """The recorders that run, each with its folder and how much that holds."""
    purpose = "looking at what happened before anybody looked"
    found = running_recorders((machine.run / "icetop",))
    if not found:
        mend = "icetop record -o FOLDER, or deploy/icetop-recorder.service"
        return Check("recorder", State.ABSENT, "none runs", purpose, mend=mend)
    return Check("recorder", State.OK, "; ".join(map(_said, found)), purpose)


def _said(recorder: Recorder) -> str:
    return f"{f'pid {recorder.pid}' if recorder.pid else 'one'} into {recorder.folder} ({_held(recorder.folder)})"


def _held(folder: str) -> str:
    try:
        windows = sum(name.endswith(".pb.gz") and not name.startswith(".") for name in os.listdir(folder))
    except OSError as error:
        return error.strerror or str(error)
    return f"{windows} windows"
