"""Maps on kernels that count them as locked memory."""

from __future__ import annotations

import errno
import resource

import pytest
from icetop.sampler.loader import system_call


def test_a_map_that_is_refused_is_tried_again_without_a_limit_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[object] = []

    def bpf(command: int, attributes: bytes) -> int:
        if not limits:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        return 7

    monkeypatch.setattr(system_call, "bpf", bpf)
    monkeypatch.setattr(resource, "setrlimit", lambda what, limit: limits.append((what, limit)))
    assert system_call.create_map("counts", 1, 8, 8, 8192) == 7
    assert limits == [(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))]


def test_a_map_that_is_not_permitted_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*words: object) -> int:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(system_call, "bpf", refuse)
    monkeypatch.setattr(resource, "setrlimit", refuse)
    with pytest.raises(PermissionError):
        system_call.create_map("counts", 1, 8, 8, 8192)
