"""Programs that only exist as a sequence of function calls, sampled by a clock as a profiler does: seeded, in numpy."""

from __future__ import annotations

from array import array

import numpy as np
from icetop.profiles.delta import Context, Counts, Delta
from icetop.profiles.locations import Line, Location
from icetop.profiles.profile import Profile
from icetop.profiles.series import Series
from icetop.profiles.stacks import ROOTS
from icetop.profiles.vocabulary import Language
from icetop.tests.profile_maker import SECOND, START

HZ = 99
FUNCTIONS = 60
CALL = 0.005
"""Mean seconds of a call: some are hit by two samples in a row, so that samples are not independent."""


def weights(functions: int = FUNCTIONS) -> np.ndarray:
    """Shares as programs have them: a few large, many small."""
    shares = 1 / np.arange(1, functions + 1)
    return shares / shares.sum()


def steady(seconds: int, seed: int) -> np.ndarray:
    """Which function runs at each tick of the clock, -1 for none: all the time, calls of random length."""
    choose = np.random.default_rng(seed)
    calls = int(seconds / CALL * 1.05) + 1000
    running = choose.choice(FUNCTIONS, calls, p=weights())
    ends = np.cumsum(choose.exponential(CALL, calls))
    return running[np.searchsorted(ends, np.arange(seconds * HZ) / HZ + choose.random() / HZ)]


def bursty(seconds: int, seed: int) -> np.ndarray:
    """Half a second of work, half a second of none; each piece of work has a mix of functions of its own."""
    choose = np.random.default_rng(seed)
    mixes = choose.dirichlet(weights() * 20, seconds)
    ticks = np.full(seconds * HZ, -1)
    for second, mix in enumerate(mixes):
        calls = choose.choice(FUNCTIONS, 400, p=mix)
        ends = np.cumsum(choose.exponential(CALL, 400))
        half = np.arange(HZ // 2 + choose.integers(2)) / HZ
        ticks[second * HZ : second * HZ + len(half)] = calls[np.searchsorted(ends, half)]
    return ticks


def profile_of(ticks: np.ndarray) -> Profile:
    """The ticks as a profile: a delta a second, each function called by `main`."""
    profile = Profile(bound=1 << 40, keep_fine=1 << 40)
    names = ["main", *(f"function_{number}" for number in range(FUNCTIONS))]
    locations = [
        Location(Language.NATIVE, "/bin/program", "b", place, (Line(name),)) for place, name in enumerate(names)
    ]
    nodes = [(0, 0), *((ROOTS, 1 + number) for number in range(FUNCTIONS))]
    context = Context("h", "6.1", 1, START, HZ)
    profile.fold(Delta(START, START, locations, nodes, [Series(1, 1, 1, "program")], context=context))
    for second, part in enumerate(ticks.reshape(-1, HZ)):
        hits = np.bincount(part[part >= 0], minlength=FUNCTIONS)
        functions = np.flatnonzero(hits)
        samples = hits[functions]
        counts = Counts(
            array("I", (functions + ROOTS + 1).tolist()),
            array("I", [0] * len(functions)),
            array("I", samples.tolist()),
            array("q", (samples * (SECOND // HZ)).tolist()),
        )
        begin = START + second * SECOND
        profile.fold(Delta(begin, begin + SECOND, counts={"cpu": counts} if len(functions) else {}))
    return profile
