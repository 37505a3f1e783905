"""A row of the table: what is compared with what, how much is allowed, and what came out."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import pyperf  # type: ignore[import-untyped]  # it has no types

from benchmarks.turns import TURN_NS, Clock, Taken, Work, take_turns

__all__ = [
    "BLOCK",
    "BYTES",
    "EXTRA",
    "LENGTH",
    "RATIO",
    "Line",
    "Pair",
    "Row",
    "Shape",
    "compared",
    "kept",
    "show_time",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a figure is made of a round's two times in nanoseconds, and printed."""

    text: str
    figure: Callable[[float, float], float]
    unit: str = "second"
    """What pyperf calls the values that it keeps."""

    def show(self, figure: float) -> str:
        """Print it with its unit."""
        return self.text.format(figure)


RATIO = Shape(text="{:.2f} x", figure=lambda subject, against: subject / against)
EXTRA = Shape(text="{:+.1f} ms", figure=lambda subject, against: (subject - against) / 1e6)
LENGTH = Shape(text="{:.0f} ms", figure=lambda subject, _: subject / 1e6)
BYTES = Shape(text="{:,.0f} B", figure=lambda subject, _: subject, unit="byte")
BLOCK = Shape(text="{:,.0f} blocks", figure=lambda subject, _: subject, unit="integer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table."""

    name: str
    subject: str
    against: str
    figure: float
    shape: Shape = RATIO
    target: float | None = None
    note: str = ""
    """What depends on the machine: printed and stored, not written into the page."""
    kept: tuple[pyperf.Benchmark, ...] = ()

    @property
    def is_missed(self) -> bool:
        """A figure equal to its target meets it."""
        return self.target is not None and self.figure > self.target

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        return "MISSED" if self.is_missed else "met"

    @property
    def shown_target(self) -> str:
        return "" if self.target is None else f"<= {self.shape.text.replace('+', '').format(self.target)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing to measure. Most give one line; what grows gives one for each size."""

    name: str
    subject: str
    against: str
    measure: Callable[[], Sequence[Line]]
    is_optional: bool = False
    """Too long for every run: measured only where it is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two works, ready to take turns. A call of each does `units` of what the row counts."""

    subject: Work
    against: Work
    units: int = 1


def compared(
    *,
    name: str,
    subject: str,
    against: str,
    prepare: Callable[[], AbstractContextManager[Pair]],
    target: float | None = None,
    shape: Shape = RATIO,
    counts: str = "",
    rounds: int = 100,
    turn_ns: int = TURN_NS,
    clock: Clock = time.process_time_ns,
    is_optional: bool = False,
) -> Row:
    """Make the row of two works that take turns; the median round is the figure.

    Args:
        prepare: opens what both need.
        counts: what a unit is, in the plural, where the note should say how many are done in a second.
    """

    def measure() -> list[Line]:
        with prepare() as pair:
            mine, theirs = take_turns((pair.subject, pair.against), rounds=rounds, turn_ns=turn_ns, clock=clock)
        figure = statistics.median(map(shape.figure, mine.values, theirs.values))
        mine_ns, theirs_ns = (statistics.median(taken.values) / pair.units for taken in (mine, theirs))
        note = f"{show_time(mine_ns)} : {show_time(theirs_ns)}"
        if counts:
            note += f", {1e9 / mine_ns:,.0f} {counts}/s"
        columns = (
            kept(f"{name}: {subject}", mine, units=pair.units, figure=figure, **({"target": target} if target else {})),
            kept(f"{name}: against {against}", theirs, units=pair.units),
        )
        return [
            Line(
                name=name,
                subject=subject,
                against=against,
                figure=figure,
                shape=shape,
                target=target,
                note=note,
                kept=columns,
            )
        ]

    return Row(name=name, subject=subject, against=against, measure=measure, is_optional=is_optional)


def kept(name: str, taken: Taken, *, units: int = 1, **metadata: float) -> pyperf.Benchmark:
    """Hand what was taken to pyperf: seconds per unit."""
    return pyperf.Benchmark(
        [
            pyperf.Run(
                [value / units / 1e9 for value in _positive(taken.values)],
                metadata={"name": name, "loops": taken.loops, "inner_loops": units, **metadata},
            )
        ]
    )


def _positive(values: Iterable[float]) -> Iterable[float]:
    """A child's processor time may be too short for its clock; pyperf takes no zeros."""
    return (max(value, 1.0) for value in values)


def show_time(ns: float) -> str:
    """Print a time in a unit that suits it."""
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "us")):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"
