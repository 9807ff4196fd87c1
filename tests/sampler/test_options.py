"""Sizes of the kernel's maps."""

from __future__ import annotations

from icetop.sampler.agent_source import agent_arguments
from icetop.sampler.options import CollectOptions, map_sizes


def test_small_maps_are_smaller_and_a_map_s_own_size_comes_first() -> None:
    usual, small = map_sizes(CollectOptions(), 8), map_sizes(CollectOptions(small=True), 8)
    assert all(small[name] <= size for name, size in usual.items())
    assert small["unwind_pages"] * 4 == usual["unwind_pages"]
    assert map_sizes(CollectOptions(small=True, map_sizes={"sent": 7}), 8)["sent"] == 7
    assert "--small" in agent_arguments(CollectOptions(small=True))
