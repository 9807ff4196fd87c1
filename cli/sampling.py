"""How to sample: the options that say so, and what a call means by them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import update_wrapper
from typing import Any

import click

from ..profiles.target import Target
from ..profiles.vocabulary import parts_of
from ..sampler.options import DEFAULT_FRAMES, DEFAULT_HZ, HIGHEST_HZ, LOWEST_HZ, MOST_FRAMES, CollectOptions
from .configuration import setting
from .output import Failure

LIVE_KINDS = ("cpu", "offcpu", "wall", "lock")


def collect_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say how to sample, handed on as `sampling`, which lacks the target."""

    def with_sampling(
        frequency: int, max_frames: int, java_maps: bool, small: bool, map_sizes: tuple[str, ...], **more: Any
    ) -> Any:
        try:
            sizes = {name: int(entries) for name, _, entries in (size.partition("=") for size in map_sizes)}
        except ValueError:
            raise click.UsageError("--map-size takes MAP=ENTRIES") from None
        sampling = CollectOptions(
            frequency_hz=frequency, frames=max_frames, java_maps=java_maps, small=small, map_sizes=sizes
        )
        return function(sampling=sampling, **more)

    wrapped: Callable[..., Any] = update_wrapper(with_sampling, function)
    for option in (
        setting(
            "--map-size", "map_sizes", multiple=True, hidden=True, metavar="MAP=ENTRIES", help="Override a map's size."
        ),
        setting("--small", is_flag=True, help="Take less memory in the kernel, for a pod that has little."),
        setting("--java-maps", is_flag=True, help="Ask JVMs (JDK 17 or newer) for the names of their code."),
        setting(
            "--max-frames",
            type=click.IntRange(1, MOST_FRAMES),
            default=DEFAULT_FRAMES,
            show_default=True,
            metavar="N",
            help="How far a stack is followed; deeper ones are marked.",
        ),
        setting(
            "-F",
            "--frequency",
            type=click.IntRange(LOWEST_HZ, HIGHEST_HZ),
            default=DEFAULT_HZ,
            show_default=True,
            metavar="HZ",
            help="Samples a second and CPU.",
        ),
    ):
        wrapped = option(wrapped)
    return wrapped


def options_of(sampling: CollectOptions, target: Target, no_kernel: bool) -> CollectOptions:
    """The collector's orders. Raises Failure where nothing can be sampled because this is not Linux."""
    if sys.platform != "linux":
        raise Failure(
            "live profiling needs Linux",
            f"this is {sys.platform}",
            "icetop open FILE works here; to look at a Linux machine run icetop there, over SSH or in its VM",
        )
    return replace(sampling, target=target, kernel=not no_kernel)


def kinds_asked(kind: str) -> tuple[str, tuple[str, ...]]:
    """The kind to show first, and the kinds to sample; a wrong call for one that is not sampled.

    CPU time is sampled always: it costs next to nothing beside another kind, and one key shows it.
    """
    asked = [word for word in kind.split(",") if word] or ["cpu"]
    for word in asked:
        if word not in LIVE_KINDS:
            raise click.UsageError(f"--kind: there is no live '{word}' (there are {', '.join(LIVE_KINDS)})")
    sampled = dict.fromkeys(part for word in asked for part in parts_of(word))
    return asked[0], tuple(dict.fromkeys((*sampled, "cpu")))
