"""From what two works took to a line of the table, and to what pyperf keeps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyperf  # type: ignore[import-untyped]  # it has no types
import pytest

from benchmarks.__main__ import store
from benchmarks.rows import EXTRA, LENGTH, RATIO, Line, Pair, Row, Shape, compared, show_time


class Clock:
    """Goes on by what a work says it takes."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now

    def take(self, ns: int) -> None:
        self.now += ns


def row(subject_ns: int, against_ns: int, *, target: float, shape: Shape = RATIO, units: int = 1) -> Row:
    """A row whose works take that long, by their own clock."""
    clock = Clock()

    @contextmanager
    def prepare() -> Iterator[Pair]:
        yield Pair(subject=lambda: clock.take(subject_ns), against=lambda: clock.take(against_ns), units=units)

    return compared(
        name="walk",
        subject="to walk",
        against="to run",
        target=target,
        prepare=prepare,
        shape=shape,
        counts="steps",
        rounds=3,
        turn_ns=0,
        clock=clock,
    )


@pytest.mark.parametrize(("target", "verdict"), [(1.4, "MISSED"), (1.5, "met"), (1.6, "met")])
def test_a_ratio_above_its_target_is_missed(target: float, verdict: str) -> None:
    [line] = row(3_000, 2_000, target=target).measure()
    assert line.figure == 1.5
    assert line.verdict == verdict
    assert line.is_missed == (verdict == "MISSED")


def test_the_median_round_counts() -> None:
    """One round in which only the subject was slow changes nothing."""
    clock = Clock()
    slow_once = iter([10, 9_000, 10])

    @contextmanager
    def prepare() -> Iterator[Pair]:
        yield Pair(subject=lambda: clock.take(next(slow_once)), against=lambda: clock.take(5))

    uneven = compared(name="n", subject="s", against="a", target=2.0, prepare=prepare, rounds=3, turn_ns=0, clock=clock)
    assert uneven.measure()[0].figure == 2.0


def test_what_is_added_and_what_is_long_are_milliseconds() -> None:
    [added] = row(12_000_000, 2_000_000, target=9.0, shape=EXTRA).measure()
    assert (added.shape.show(added.figure), added.shown_target, added.verdict) == ("+10.0 ms", "<= 9.0 ms", "MISSED")
    [long] = row(12_000_000, 2_000_000, target=12.0, shape=LENGTH).measure()
    assert (long.shape.show(long.figure), long.shown_target, long.verdict) == ("12 ms", "<= 12 ms", "met")


def test_a_line_without_target_is_neither_met_nor_missed() -> None:
    line = Line(name="n", subject="s", against="a", figure=1e9)
    assert (line.verdict, line.shown_target, line.is_missed) == ("", "", False)


def test_times_are_told_per_unit() -> None:
    [line] = row(3_000_000, 2_000_000, target=2.0, units=1_000).measure()
    assert line.note == "3 us : 2 us, 333,333 steps/s"


def test_pyperf_reads_what_was_kept(tmp_path: Path) -> None:
    store(tmp_path / "figures.json", row(3_000, 2_000, target=1.0).measure())
    suite = pyperf.BenchmarkSuite.load(str(tmp_path / "figures.json"))
    mine = suite.get_benchmark("walk: to walk")
    assert mine.get_values() == (3e-6, 3e-6, 3e-6)
    assert mine.get_metadata()["figure"] == 1.5
    assert mine.get_metadata()["target"] == 1.0
    assert suite.get_benchmark("walk: against to run").median() == 2e-6


@pytest.mark.parametrize(
    ("ns", "shown"), [(0.5, "0.5 ns"), (1500, "1.5 us"), (2e6, "2 ms"), (3.25e9, "3.25 s")], ids=str
)
def test_times_have_a_unit_that_suits_them(ns: float, shown: str) -> None:
    assert show_time(ns) == shown
