"""Whole runs of `pollcheck`: they take minutes, so they are measured only where they are named.

Two jobs beside one, which says something on idle cores only; and one world beside the other, by processor time: so the real world's
waiting is not counted.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.rows import Pair, Row, compared
from benchmarks.startup import program
from benchmarks.turns import children_ns
from conformance.verdict import EXIT_KEPT, EXIT_UNKNOWN

__all__ = ["ROWS"]


CASES = 640


def _run(folder: str, jobs: int, options: tuple[str, ...]) -> None:
    _pollcheck(folder, "run", "reference", "--seed", "1", "--jobs", str(jobs), *options)


def _hunt(folder: str, world: str) -> None:
    _pollcheck(folder, "fuzz", "reference", "--world", world, "--cases", str(CASES), "--seed", "1")


def _pollcheck(folder: str, *arguments: str) -> None:
    command = (program("pollcheck"), *arguments)
    ended = subprocess.run(command, cwd=folder, check=False, stdin=subprocess.DEVNULL, capture_output=True)
    if ended.returncode not in (EXIT_KEPT, EXIT_UNKNOWN):  # on a busy machine something may remain unknown
        ended.check_returncode()


@contextmanager
def _running(options: tuple[str, ...]) -> Iterator[Pair]:
    with tempfile.TemporaryDirectory() as folder:
        yield Pair(subject=partial(_run, folder, 2, options), against=partial(_run, folder, 1, options))


@contextmanager
def _hunting() -> Iterator[Pair]:
    with tempfile.TemporaryDirectory() as folder:
        yield Pair(subject=partial(_hunt, folder, "fake"), against=partial(_hunt, folder, "real"), units=CASES)


_JOBS = tuple(
    compared(
        name=name,
        subject=f"{' '.join(('pollcheck run reference', *options))} --jobs 2",
        against="--jobs 1",
        target=0.6,
        prepare=partial(_running, options),
        rounds=3,
        turn_ns=0,
        clock=time.perf_counter_ns,
        is_optional=True,
    )
    for name, options in (
        ("jobs-real", ("--profile", "ci")),
        ("jobs-fake", ("--world", "fake", "--profile", "ci")),
    )
)

ROWS: tuple[Row, ...] = (
    *_JOBS,
    compared(
        name="worlds",
        subject=f"pollcheck fuzz reference --cases {CASES} --world fake",
        against="--world real, waiting not counted",
        target=1.0,
        prepare=_hunting,
        counts="drawn scenarios, and their share of the library,",
        rounds=3,
        turn_ns=0,
        clock=children_ns,
        is_optional=True,
    ),
)
