"""Why there is nothing to draw, in words, with what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from ..profiles.delta import NO_WAITS, Notice
from ..profiles.printable import printable
from ..profiles.vocabulary import shown_kinds
from .figures import length, scale_for
from .picture import Picture, seconds

IDLE_SHARE = 0.05
"""Below this share of all cores a machine counts as idle, below this share of one core a target."""


def starting(stage: str, waited: float) -> list[str]:
    """Lines for the time before the first sample. `waited` is in seconds."""
    stage = printable(stage, 80) if stage not in ("", "starting") else "waiting for the first samples"
    lines = [f"starting: {stage}"]
    return lines if waited < 5 else [*lines, "", f"{length(waited)} so far"]


def nothing_came(notices: Sequence[Notice]) -> list[str]:
    """Lines for a source that ended, or failed, without a sample."""
    for level in ("error", "warning"):
        worst = next((notice for notice in reversed(notices) if notice.level == level), None)
        if worst is not None:
            mend = f"mend: {worst.mend}" if worst.mend else ""
            return ["no samples", "", *(printable(part, 400) for part in (worst.what, worst.why, mend) if part)]
    return ["no samples: the source ended without any"]


FOLLOWED = ("offcpu", "wall", "lock")
"""Kinds that a live source begins to sample when they are asked for."""


def no_samples(picture: Picture, live: bool) -> list[str]:
    """Lines for a view of a profile that holds nothing to draw."""
    view, account = picture.view, picture.account
    window = length(seconds(picture.shown_ns)) if any(picture.shown_ns) else "this stretch"
    target = printable(picture.context.target, 200)
    busy = _busy(picture)
    there = shown_kinds(picture.context.kinds)
    if live and view.kind in FOLLOWED and NO_WAITS in picture.context.options:
        why = printable(picture.context.options[NO_WAITS], 200)
        return ["threads cannot be followed here", "", why, "1 shows where CPU time goes"]
    if live and view.kind in FOLLOWED and view.kind not in there:
        return ["threads are followed from now on", "", "what they wait for shows in a moment"]
    if view.kind not in there and picture.anything:
        kinds = printable(", ".join(there), 200)
        return [f"no {printable(view.kind, 40)} samples are in here", "", f"there are: {kinds}"]
    if view.causes and picture.anything:
        return [
            f"no waits for {printable(', '.join(view.causes), 200)} in {window}",
            "",
            "C shows those for all",
        ]
    if view.focus and picture.anything:
        return [f"no samples of {printable(view.focus, 200)} in {window}", "", "backspace goes back to the view before"]
    if view.target and picture.anything:
        chosen = printable(str(view.target), 200)
        return [f"no samples of {chosen} in {window}", "", "the samples that there are belong to others"]
    if account.lost:
        return [f"no samples in {window}: all {account.lost} were lost"]
    if target not in ("", "host"):
        return [f"no samples of {target} in {window}", "", "; ".join(filter(None, ("not running, or waiting", busy)))]
    if busy:
        return [f"no samples in {window}: this machine is idle", "", busy]
    return [f"no samples in {window}", "", "recording goes on" if live else "w shows more of the time"]


def idle(picture: Picture) -> str:
    """A remark on the waits that are set aside; empty where there are none."""
    if not picture.set_aside:
        return ""
    scale = scale_for(picture.unit, picture.set_aside)
    return f"idle threads' {scale.full(picture.set_aside)} set aside"


def waiting(picture: Picture) -> str:
    """A remark for a machine, or for a target, that hardly computes; empty where it does."""
    busy, cpus = picture.busy_cores, picture.context.cpus
    if picture.view.kind != "cpu":
        return ""
    if picture.of_a_part:
        spent, lasted = picture.tree.total / 1e9, seconds(picture.shown_ns)
        share, whole = (spent / lasted if lasted else 1.0), f"{100 * spent / max(lasted, 1):.1f} % of a core"
    else:
        share = busy / cpus if busy is not None and cpus else 1.0
        whole = f"{100 * share:.1f} % busy"
    return f"{whole}: time is spent waiting, 2 shows for what" if share < IDLE_SHARE else ""


def _busy(picture: Picture) -> str:
    busy, cpus = picture.busy_cores, picture.context.cpus
    return f"{busy:.2f} of {cpus} cores are busy" if busy is not None and cpus else ""
