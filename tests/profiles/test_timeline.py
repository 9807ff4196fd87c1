from __future__ import annotations

from collections.abc import Iterable

from icetop.profiles.delta import Counts
from icetop.profiles.timeline import KEEP_FINE, ROW_BYTES, SECOND, Bucket, TimeLine, merge


def bucket(start: float, length: float = 1, rows: Iterable[tuple[int, int, int, int]] = ((10, 0, 1, 100),)) -> Bucket:
    made = Bucket(
        int(start * SECOND), int((start + length) * SECOND), expected=2, lost={"full": 1}, waits_lost={"ring": 2}
    )
    made.busy_core_ns = length * SECOND
    counts = Counts()
    for row in rows:
        counts.add(*row)
    made.counts = {"cpu": counts}
    return made


def totals(line: TimeLine) -> tuple[int, int, int, int]:
    buckets = list(line.buckets())
    counts = [counts for bucket in buckets for counts in bucket.counts.values()]
    return (
        sum(sum(c.samples) for c in counts),
        sum(sum(c.values) for c in counts),
        sum(bucket.expected for bucket in buckets),
        sum(bucket.lost["full"] for bucket in buckets),
    )


def test_buckets_that_fit_into_a_second_become_one() -> None:
    line = TimeLine()
    for start, length in ((0, 0.1), (0.1, 0.2), (0.3, 0.4), (0.7, 1.0)):
        line.add(bucket(start, length))
    assert [(b.start_ns / SECOND, b.end_ns / SECOND) for b in line.buckets()] == [(0, 0.7), (0.7, 1.7)]
    first = next(line.buckets())
    assert (list(first.counts["cpu"].samples), first.expected, first.lost) == ([3], 6, {"full": 3})
    assert (first.busy_core_ns, first.waits_lost) == (0.7 * SECOND, {"ring": 6})


def test_merging_adds_equal_rows_and_keeps_kinds_apart() -> None:
    one, two = bucket(0, rows=[(10, 0, 1, -5), (11, 0, 1, 7)]), bucket(1, rows=[(10, 0, 2, 3), (10, 1, 2, 3)])
    two.counts["alloc"] = Counts()
    two.counts["alloc"].add(10, 0, 1, 4096)
    merged = merge([one, two])
    cpu = merged.counts["cpu"]
    assert list(zip(cpu.nodes, cpu.series, cpu.samples, cpu.values, strict=True)) == [
        (10, 0, 3, -2),
        (11, 0, 1, 7),
        (10, 1, 2, 3),
    ]
    assert list(merged.counts["alloc"].values) == [4096]
    assert (merged.start_ns, merged.end_ns) == (0, 2 * SECOND)


def test_merged_samples_are_clipped_not_wrapped() -> None:
    merged = merge([bucket(0, rows=[(10, 0, 0xFFFFFFFF, 1)]), bucket(1, rows=[(10, 0, 5, 1)])])
    assert list(merged.counts["cpu"].samples) == [0xFFFFFFFF]


def test_old_time_loses_resolution_but_nothing_else() -> None:
    line = TimeLine()
    seconds = 5000
    for second in range(seconds):
        line.add(bucket(second, rows=[(10 + second % 7, 0, 1, second)]))
    assert totals(line) == (seconds, sum(range(seconds)), 2 * seconds, seconds)
    buckets = list(line.buckets())
    assert len(buckets) < KEEP_FINE + 40
    assert all(b.duration_ns == SECOND for b in buckets[-KEEP_FINE:])
    assert {b.duration_ns // SECOND for b in buckets} == {1, 8, 64, 512}
    assert [b.end_ns for b in buckets[:-1]] == [b.start_ns for b in buckets[1:]]
    assert (line.start_ns, line.end_ns) == (0, seconds * SECOND)


def test_the_bound_holds_and_what_goes_is_counted() -> None:
    line = TimeLine(bound=200_000)
    rows = [(node, 0, 1, 1) for node in range(10, 60)]
    for second in range(600):
        line.add(bucket(second, rows=rows))
        assert line.bytes <= 200_000
    assert line.bytes == sum(b.weight() for b in line.buckets())
    assert totals(line)[0] + line.dropped_samples == 600 * len(rows)
    assert line.start_ns == line.dropped_before_ns > 0


def test_one_bucket_stays_even_beyond_the_bound() -> None:
    line = TimeLine(bound=10)
    line.add(bucket(0))
    line.add(bucket(1))
    assert [b.start_ns for b in line.buckets()] == [SECOND]
    assert line.bytes > ROW_BYTES


def test_a_stretch_has_the_buckets_whose_middle_is_in_it() -> None:
    line = TimeLine()
    for second in range(10):
        line.add(bucket(second))

    def found(start: float | None, end: float | None) -> list[int]:
        ends = (None if edge is None else int(edge * SECOND) for edge in (start, end))
        return [b.start_ns // SECOND for b in line.buckets(*ends)]

    assert found(2, 5) == [2, 3, 4]
    assert found(2.4, 4.6) == [2, 3, 4]
    assert found(2.6, 4.4) == [3]
    assert found(None, 1) == [0]
    assert found(8, None) == [8, 9]
    assert found(20, 30) == []


def test_an_empty_time_line_has_no_times() -> None:
    line = TimeLine()
    assert (line.start_ns, line.end_ns, len(line), list(line.buckets())) == (0, 0, 0, [])


def test_a_saved_time_line_comes_back_as_it_was() -> None:
    line, again = TimeLine(), TimeLine()
    for second in range(3000):
        line.add(bucket(second))
    saved = list(line.buckets())
    for old in saved:
        again.add(old)
    assert [(b.start_ns, b.end_ns) for b in again.buckets()] == [(b.start_ns, b.end_ns) for b in saved]
    assert again.bytes == line.bytes


def test_a_long_bucket_after_short_ones_stays_in_order() -> None:
    line = TimeLine()
    for start, length in ((0, 60), (60, 1), (61, 30), (91, 1)):
        line.add(bucket(start, length))
    assert [b.start_ns // SECOND for b in line.buckets()] == [0, 60, 61, 91]


def test_a_clock_that_steps_back_joins_nothing_and_loses_nothing() -> None:
    line = TimeLine()
    for start in (100, 101, 50, 51, 52):
        line.add(bucket(start))
    assert [b.start_ns // SECOND for b in line.buckets()] == [100, 101, 50, 51, 52]
    for start in range(53, 1000):
        line.add(bucket(start))
    assert totals(line)[0] == 5 + 947
    assert all(b.duration_ns > 0 for b in line.buckets())
