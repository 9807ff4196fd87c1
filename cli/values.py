"""What the values of options may be: process ids, lists of words, labels, sizes."""

from __future__ import annotations

from typing import Any

import click


class WholeText(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on only
    """A text as it stands, spaces and all, also where it comes from the environment."""

    name = "text"

    def split_envvar_value(self, rv: str) -> list[str]:
        """One value."""
        return [rv]


class PidList(WholeText):
    """PID[,PID...] as a set of numbers."""

    name = "pids"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[int]:
        """The set; anything else than numbers from 1 on is a wrong call."""
        if isinstance(value, frozenset):
            return value
        parts = value if isinstance(value, list) else str(value).split(",")
        try:
            pids = frozenset(int(part) for part in parts)
        except (ValueError, TypeError):
            pids = frozenset((0,))
        if not pids or min(pids) < 1 or max(pids) > 1 << 22:
            self.fail(f"'{value}' is not a process id, or several with commas between", param, ctx)
        return pids


class Words(WholeText):
    """WORD[,WORD...] as a set."""

    name = "words"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[str]:
        """The set of words that are not empty."""
        if isinstance(value, frozenset):
            return value
        return frozenset(filter(None, map(str, value) if isinstance(value, list) else str(value).split(",")))


class Label(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on only
    """KEY=VALUE as a pair."""

    name = "label"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """The pair; neither may be empty."""
        if isinstance(value, tuple):
            return value
        key, _, text = str(value).partition("=")
        if not key or not text or not key.isprintable() or not text.isprintable() or len(str(value)) > 1000:
            self.fail(f"'{value}' is not KEY=VALUE", param, ctx)
        return key, text


class Size(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on only
    """Bytes, with a unit: `512MiB`, `1GiB`."""

    name = "size"
    UNITS = {"": 1, "b": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "kb": 10**3, "mb": 10**6, "gb": 10**9}  # noqa: RUF012

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of bytes."""
        text = str(value).strip().lower()
        digits = text.rstrip("kmgib ")
        unit = text[len(digits) :].strip()
        if not digits.isdecimal() or len(digits) > 15 or unit not in self.UNITS or not int(digits):
            self.fail(f"'{value}' is not a size such as 512MiB", param, ctx)
        return int(digits) * self.UNITS[unit]
