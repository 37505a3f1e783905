"""Ratios measured side by side: both in one process, in turns, so that a busy machine slows both.

What is compared is the smallest time of each (what the code costs) and the median (what one sees).
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

WARM_UP = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """What was measured, in microseconds per unit of work, and how much of it was allowed."""

    name: str
    target: float
    subject_min: float
    against_min: float
    subject_median: float
    against_median: float

    @property
    def ratio(self) -> float:
        """Subject over against, by the smallest times."""
        return self.subject_min / self.against_min

    @property
    def median_ratio(self) -> float:
        """Subject over against, by the medians."""
        return self.subject_median / self.against_median


def measure(
    name: str, target: float, subject: Callable[[], object], against: Callable[[], object], *, units: int, rounds: int
) -> Ratio:
    """Run both in turns; each call does `units` of work."""
    times: tuple[list[float], list[float]] = ([], [])
    gc.collect()
    gc.disable()
    try:
        for turn in range(WARM_UP + rounds):
            for work, spent in zip((subject, against), times, strict=True):
                started = time.perf_counter_ns()
                work()
                if turn >= WARM_UP:
                    spent.append((time.perf_counter_ns() - started) / 1000 / units)
    finally:
        gc.enable()
    mine, theirs = times
    return Ratio(
        name=name,
        target=target,
        subject_min=min(mine),
        against_min=min(theirs),
        subject_median=statistics.median(mine),
        against_median=statistics.median(theirs),
    )


def report(ratios: Iterable[Ratio], arguments: Sequence[str] | None = None) -> int:
    """Print a table, write JSON where `--json FILE` asks for it; give 1 if a target was missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args(arguments)
    measured = list(ratios)
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"{f'Python {version}':44} {'subject':>10} {'against':>10} {'ratio':>6} {'median':>6}  target")
    for row in measured:
        verdict = "" if row.ratio <= row.target else "  MISSED"
        print(
            f"{row.name:44} {row.subject_min:7.2f} us {row.against_min:7.2f} us "
            f"{row.ratio:6.2f} {row.median_ratio:6.2f}  <= {row.target}{verdict}"
        )
    if options.json:
        figures = [asdict(row) | {"ratio": row.ratio, "python": version} for row in measured]
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return int(any(row.ratio > row.target for row in measured))
