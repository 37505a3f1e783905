"""Two jobs beside one: only on idle cores does that say anything, and it takes minutes. So measured only where it is named."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.rows import Pair, Row, compared
from benchmarks.startup import program
from conformance.verdict import EXIT_KEPT, EXIT_UNKNOWN

__all__ = ["ROWS"]


def _run(folder: str, jobs: int, options: tuple[str, ...]) -> None:
    command = (program("pollcheck"), "run", "reference", "--seed", "1", "--jobs", str(jobs), *options)
    ended = subprocess.run(command, cwd=folder, check=False, stdin=subprocess.DEVNULL, capture_output=True)
    if ended.returncode not in (EXIT_KEPT, EXIT_UNKNOWN):  # on a busy machine something may remain unknown
        ended.check_returncode()


@contextmanager
def _running(options: tuple[str, ...]) -> Iterator[Pair]:
    with tempfile.TemporaryDirectory() as folder:
        yield Pair(subject=partial(_run, folder, 2, options), against=partial(_run, folder, 1, options))


ROWS: tuple[Row, ...] = tuple(
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
