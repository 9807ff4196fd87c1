"""What the header says, and how it shrinks: the least important goes first, nothing is cut in half."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..profiles.delta import Vitals
from ..profiles.printable import printable
from ..profiles.vocabulary import parts_of
from .figures import percent
from .picture import Picture

WORTH_FOLLOWED = 0.995
"""The share of switches followed below which it is told."""

WORTH_QUEUE = 0.005
"""Seconds a second from which the target's waiting for a CPU is told."""

Tone = Literal["chip", "band", "band_faint", "good", "warn", "bad", "live"]


@dataclass(frozen=True, slots=True)
class Part:
    """One statement in ways of saying it, longest first. `rank` 0 is the last to shrink and go."""

    forms: tuple[str, ...]
    rank: int
    tone: Tone = "band"


def vital_parts(picture: Picture, self_percent: float | None, ordered_hz: int | None = None) -> list[Part]:
    """The left side of the header, from left to right: who, how fast, how busy, how honest, at what cost.

    `ordered_hz` is a rate that was asked for and has not come yet.
    """
    context, vitals = picture.context, picture.vitals
    parts = [
        Part((printable(context.host, 64), printable(context.host.split(".")[0], 24)), 4),
        Part((printable(context.kernel, 40), printable(context.kernel.split("-")[0], 12)), 9),
    ]
    if ordered_hz is not None and ordered_hz != context.frequency_hz:
        parts.append(Part((f"{context.frequency_hz} to {ordered_hz} Hz",), 1, "warn"))
    elif context.frequency_hz:
        parts.append(Part((f"{context.frequency_hz} Hz",), 7))
    parts += _busy_parts(picture)
    if vitals is not None:
        pressure = vitals.pressure.get("cpu", 0.0)
        parts += [Part((f"pressure {pressure:.0f} %",), 8, "warn")] if pressure >= 1 else []
        parts += _target_parts(vitals)
        parts += [Part((f"throttled {100 * vitals.throttled:.0f} %",), 2, "bad")] if vitals.throttled else []
    parts += honesty_parts(picture)
    if self_percent is not None:
        parts.append(Part((f"self {self_percent:.1f} %",), 6))
    return [part for part in parts if part.forms[0]]


def _busy_parts(picture: Picture) -> list[Part]:
    busy, cpus, vitals = picture.busy_cores, picture.context.cpus, picture.vitals
    parts = []
    if busy is not None:
        long = f"busy {busy:.2f} of {cpus} cores" if cpus else f"busy {busy:.2f} cores"
        parts.append(Part((long, f"busy {busy:.2f}/{cpus}" if cpus else f"busy {busy:.2f}"), 1))
    if vitals is not None and vitals.run_queue is not None:
        waits = vitals.run_queue
        parts.append(
            Part((f"run queue {waits:.1f} s/s", f"queue {waits:.1f} s/s"), 5, "warn" if waits >= 1 else "band")
        )
    return parts


def _target_parts(vitals: Vitals) -> list[Part]:
    """How the target fares, and the disks, where that is worth a word."""
    parts = []
    queue, turn = vitals.target_queue, vitals.target_turn_s
    if queue is not None and queue >= WORTH_QUEUE:
        long = f"target queue {queue:.2f} s/s" + (f", {1000 * turn:.1f} ms a turn" if turn else "")
        parts.append(Part((long, f"queue {queue:.2f} s/s"), 4, "warn" if queue >= 1 else "band"))
    if vitals.request_s is not None:
        parts.append(Part((f"block I/O {1000 * vitals.request_s:.1f} ms",), 8))
    return parts


def _wait_parts(vitals: Vitals | None) -> list[Part]:
    """How much of the waits was followed."""
    if vitals is None or vitals.followed is None:
        return []
    share = percent(100 * vitals.followed)
    whole = vitals.followed >= WORTH_FOLLOWED
    return [] if whole else [Part((f"{share} % of switches followed", f"followed {share} %"), 3)]


def honesty_parts(picture: Picture) -> list[Part]:
    """How much of the picture is whole, and what was lost."""
    account = picture.account
    parts = []
    if account.complete is not None:
        share = 100 * account.complete
        tone: Tone = "good" if share >= 98 else "warn" if share >= 80 else "bad"
        parts.append(Part((f"complete {percent(share)} %",), 2, tone))
    if account.expected or account.lost:
        parts.append(Part((f"lost {account.lost}",), 3, "bad" if account.lost else "band"))
    if "offcpu" in parts_of(picture.view.kind):
        parts += _wait_parts(picture.vitals)
        parts += [Part((f"lost waits {account.waits_lost}",), 2, "bad")] if account.waits_lost else []
    return parts


def fit_parts(parts: list[Part], width: int, separator: int = 3) -> list[tuple[str, Tone]]:
    """The texts that fit into `width` cells, in order: the least important are shortened first, then dropped."""
    chosen = dict.fromkeys(range(len(parts)), 0)

    def used() -> int:
        return sum(len(parts[place].forms[form]) for place, form in chosen.items()) + separator * max(
            len(chosen) - 1, 0
        )

    by_rank = sorted(chosen, key=lambda place: -parts[place].rank)
    for place in by_rank:
        while used() > width and chosen[place] + 1 < len(parts[place].forms):
            chosen[place] += 1
    for place in by_rank:
        if used() > width:
            del chosen[place]
    return [(parts[place].forms[form], parts[place].tone) for place, form in sorted(chosen.items())]
