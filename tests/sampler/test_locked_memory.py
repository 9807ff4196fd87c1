"""Kernels before 5.11 charge eBPF maps to the memory that a process may lock: 64 KiB, unless it is raised."""

from __future__ import annotations

import resource

import pytest
from icetop.sampler.loader import system_call

UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class OldKernel:
    """Makes maps when the limit is `needed`; `privileged` says whether the process may go above the hard limit."""

    def __init__(self, limits: tuple[int, int], needed: int, privileged: bool) -> None:
        self.limits, self.needed, self.privileged = limits, needed, privileged

    def call(self, command: int, attributes: bytes | bytearray) -> int:
        if self.limits[0] not in (resource.RLIM_INFINITY, self.needed):
            raise PermissionError(1, "Operation not permitted")
        return 7

    def set_limits(self, _: int, limits: tuple[int, int]) -> None:
        if limits == UNLIMITED and not self.privileged:
            raise ValueError("not allowed to raise maximum limit")
        self.limits = limits


def make_map(kernel: OldKernel, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(system_call, "_call", kernel.call)
    monkeypatch.setattr(resource, "getrlimit", lambda _: kernel.limits)
    monkeypatch.setattr(resource, "setrlimit", kernel.set_limits)
    return system_call.create_map("counts", 1, 4, 4, 100)


def test_the_limit_is_raised_by_who_may(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = OldKernel((65536, 65536), 1 << 30, privileged=True)
    assert make_map(kernel, monkeypatch) == 7 and kernel.limits == UNLIMITED


def test_up_to_the_hard_limit_everybody_may(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = OldKernel((65536, 1 << 30), 1 << 30, privileged=False)
    assert make_map(kernel, monkeypatch) == 7 and kernel.limits == (1 << 30, 1 << 30)


@pytest.mark.parametrize("limits", [(65536, 65536), UNLIMITED])
def test_what_is_refused_for_another_reason_stays_refused(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int]
) -> None:
    kernel = OldKernel(limits, 1 << 30, privileged=False)
    monkeypatch.setattr(kernel, "needed", None)
    if limits == UNLIMITED:
        monkeypatch.setattr(kernel, "call", lambda *_: (_ for _ in ()).throw(PermissionError(1, "no")))
    with pytest.raises(PermissionError):
        make_map(kernel, monkeypatch)
    assert kernel.limits == limits
