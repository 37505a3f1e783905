"""Every program of the seeds under legal faults, as often as you like: `python -m tests.programs --runs 20000`.

The servers play with all kinds of clients, the examples run to their result or to the kernel's error. What fails is
printed with its seed and its faults, shrunk; equal seeds play equally. Exit 1 if anything failed.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count, islice

import fakepoll
from fakepoll.drawn import Drawn
from fakepoll.faults import KINDS
from fakepoll.schedule import Schedule
from tests.examples.plays import EXAMPLES, faults_for, perform
from tests.impl.servers.plays import PLAYS, Play, play

Run = Callable[[fakepoll.Kernel], object]
FAILURES = (AssertionError, OSError, Warning, fakepoll.Deadlock, fakepoll.Livelock)


def serve(each: Play, seed: int, kernel: fakepoll.Kernel) -> None:
    """Play, and check what came of it."""
    play(each, seed, kernel).check()


def runs(first: int) -> Iterator[tuple[str, int, Run]]:
    """Name all runs: each program in its turn, with rising seeds."""
    for seed in count(first):
        for each in PLAYS:
            yield each.name, seed, partial(serve, each, seed)
        for name in EXAMPLES:
            yield name, seed, partial(perform, name)


def failure(run: Run, seed: int, faults: Schedule | Drawn) -> tuple[Schedule, str | None]:
    """Run once; answer the faults that fell, and what went wrong, if anything did."""
    kernel = fakepoll.Kernel(seed=seed, faults=faults, trace=False)
    try:
        run(kernel)
    except FAILURES as wrong:
        return kernel.fired, f"{type(wrong).__name__}: {wrong}"
    return kernel.fired, None


def still_fails(run: Run, seed: int, faults: Schedule) -> bool:
    """Answer whether fewer faults are enough."""
    return failure(run, seed, faults)[1] is not None


def main(argv: Sequence[str] | None = None) -> int:
    """Run, report, and count."""
    parser = argparse.ArgumentParser(description="Run the seeds' programs under legal faults.")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0, help="of the first run of each program")
    options = parser.parse_args(argv)
    warnings.simplefilter("error")
    fallen: Counter[str] = Counter()
    failed = 0
    began = time.monotonic()
    for name, seed, run in islice(runs(options.seed), options.runs):
        faults, wrong = failure(run, seed, faults_for(name, seed))
        fallen.update(fault.kind for _, fault in faults)
        if wrong is not None:
            failed += 1
            smallest = faults.minimise(partial(still_fails, run, seed))
            print(f"{name}, seed {seed}: {wrong}\n{smallest}", flush=True)
    programs, seconds = len(PLAYS) + len(EXAMPLES), time.monotonic() - began
    print(f"{options.runs:,} runs of {programs} programs in {seconds:.0f} s: {failed} failed")
    by_kind = ", ".join(f"{fallen[kind]:,} {kind}" for kind in KINDS if fallen[kind])
    print(f"{sum(fallen.values()):,} faults: {by_kind}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
