"""Profiles that are JSON: speedscope's and V8's, told apart by what they hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..profiles.delta import Delta
from .limits import Limits, TooLarge
from .opening import Reading
from .wire import Malformed

CHUNK = 1 << 20
SHARE = 8
"""Python's objects take so many times the room of their JSON: a file may hold an eighth of the limit on files."""


def read_json_profile(stream: Reading, name: str, written_ns: int, limits: Limits) -> Iterator[Delta]:
    """The deltas of a file that is JSON; `written_ns` is when it was written. Raises Malformed and TooLarge."""
    content = _parsed(stream, limits)
    if isinstance(content, dict) and "profiles" in content and "shared" in content:
        from .speedscope_reader import read_speedscope

        return read_speedscope(content, name, written_ns, limits)
    if isinstance(content, dict) and "nodes" in content and ("samples" in content or "startTime" in content):
        from .cpuprofile import read_cpuprofile

        return read_cpuprofile(content, name, written_ns, limits)
    raise Malformed("it is JSON, but neither a speedscope file nor a V8 .cpuprofile")


def _parsed(stream: Reading, limits: Limits) -> Any:
    chunks, size = [], 0
    while chunk := stream.read(CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > limits.size // SHARE:
            raise TooLarge(f"it is JSON and holds more than {limits.size // SHARE:,} bytes")
    try:
        return json.loads(b"".join(chunks))
    except UnicodeDecodeError:
        raise Malformed("it is JSON, but not in UTF-8") from None
    except RecursionError:
        raise Malformed("its JSON is nested too deeply") from None
    except ValueError as error:
        raise Malformed(f"its JSON is damaged or cut off: {error}") from None


def text_of(found: Any, key: str) -> str:
    """A text of a JSON object; empty where there is none."""
    value = found.get(key) if isinstance(found, dict) else None
    return value if isinstance(value, str) else ""


def number_of(found: Any, key: str) -> float:
    """A number of a JSON object; 0 where there is none."""
    value = found.get(key) if isinstance(found, dict) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0


def list_of(found: Any, key: str) -> list[Any]:
    """A list of a JSON object. Raises Malformed where there is none."""
    value = found.get(key) if isinstance(found, dict) else None
    if not isinstance(value, list):
        raise Malformed(f"its '{key}' is missing or is no list")
    return value
