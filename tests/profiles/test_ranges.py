from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from icetop.profiles.ranges import parse_range
from icetop.tests.profile_maker import SECOND

START = 1_790_000_000 * SECOND  # 2026-09-21 14:13:20 UTC
END = START + 3600 * SECOND


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(os.environ, "TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("120..140", 120, 140),
        ("0..0.5", 0, 0.5),
        ("-40..-20", 3560, 3580),
        ("-40..", 3560, None),
        ("..10", None, 10),
        ("10..-10", 10, 3590),
        ("14:15..14:16", 100, 160),
        ("14:13:30..15:00:00", 10, 2800),
        ("14:15..-0", 100, 3600),
        ("15:00..200000", 2800, 200000),
    ],
)
def test_ranges(text: str, start: float | None, end: float | None) -> None:
    stretch = parse_range(text, START, END)
    expected = tuple(None if edge is None else START + round(edge * SECOND) for edge in (start, end))
    assert (stretch.start_ns, stretch.end_ns) == expected


def test_a_clock_time_after_midnight_is_on_the_next_day() -> None:
    start = START + 9 * 3600 * SECOND  # 23:13:20
    stretch = parse_range("23:50..00:10", start, start + 7200 * SECOND)
    assert stretch.start_ns is not None and stretch.end_ns is not None
    assert (stretch.end_ns - stretch.start_ns) // SECOND == 20 * 60


def test_of_several_days_a_clock_time_means_the_last_and_a_date_says_which() -> None:
    end = START + 72 * 3600 * SECOND  # 2026-09-24 14:13:20
    assert parse_range("14:00..14:10", START, end).start_ns == end - 800 * SECOND
    assert parse_range("16:00..17:00", START, end).start_ns == end - 24 * 3600 * SECOND + 6400 * SECOND
    assert parse_range("14:00..14:20", START, end).end_ns == end + 400 * SECOND
    dated = parse_range("2026-09-22T9:00..2026-09-22 10:30:05", START, end)
    assert dated.start_ns == START + (24 * 3600 - 18800) * SECOND
    assert dated.end_ns == dated.start_ns + 5405 * SECOND


@pytest.mark.parametrize(
    "text",
    [
        "2026-13-01T10:00..",
        "",
        "..",
        "5",
        "a..b",
        "1..2..3",
        "20..10",
        "5..5",
        "25:00..26:00",
        "1e5..2e5",
        "0x1..2",
        "nan..inf",
        "1 ..2",
    ],
)
def test_what_is_no_range_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"'.*'"):
        parse_range(text, START, END)
