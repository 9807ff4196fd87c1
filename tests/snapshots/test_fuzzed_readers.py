"""Each reader of files takes thousands of damaged inputs without failing in any way but the one it may."""

from __future__ import annotations

import random
import resource
from pathlib import Path

import pytest

from .fuzz_readers import FORMATS, mutated, seeds, try_input

MOST_MEMORY = 1 << 30


def fuzz(form: str, folder: Path, inputs: int, seed: int) -> int:
    """Try so many inputs; gives how many were taken."""
    rng, begun, taken = random.Random(f"{form} {seed}"), seeds(form), 0
    for data in begun:
        assert try_input(form, data, str(folder)), "the seed itself is good"
    for _ in range(inputs):
        taken += try_input(form, mutated(rng.choice(begun), rng), str(folder))
    return taken


@pytest.mark.parametrize("form", FORMATS)
def test_a_few_hundred_damaged_inputs(tmp_path: Path, form: str) -> None:
    fuzz(form, tmp_path, 150, 1)


@pytest.mark.soak
@pytest.mark.parametrize("form", FORMATS)
def test_a_hundred_thousand_damaged_inputs(tmp_path: Path, form: str) -> None:
    fuzz(form, tmp_path, 100_000, 2)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 < MOST_MEMORY
