"""Takes turns: subject, yardstick, yardstick, subject, ...

pyperf would run each benchmark in processes of its own, all of one before the first of the next. On a machine that others use as well,
a busy minute then hits one of the two and not the other, and their ratio is the minute's. Here both live in one process and follow each
other within milliseconds: what slows one turn slows its neighbour. The ratio is taken round by round, and the median round counts. Who
goes first changes from round to round, so that nobody always finds the caches as the other left them.

What counts is processor time, unless a row says otherwise: where more wants to run than there are cores, the scheduler takes some turns
apart and not others, and time that passes tells more about it than about us.
"""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat

__all__ = ["Clock", "Taken", "Work", "children_ns", "take_turns"]

Work = Callable[[], object]
Clock = Callable[[], int]

TURN_NS = 3_000_000
"""How long a turn lasts, roughly; work that takes longer is done once a turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one work took: nanoseconds per call, round by round, and how many calls made a turn."""

    loops: int
    values: tuple[float, ...]


def children_ns() -> int:
    """Tell the processor time of all children that have ended: a start-up as it is on an idle machine, whoever else is busy."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round((spent.ru_utime + spent.ru_stime) * 1e9)


def take_turns(
    works: Sequence[Work], *, rounds: int, turn_ns: int = TURN_NS, clock: Clock = time.process_time_ns
) -> list[Taken]:
    """Let each work have a turn in each round; one column of times for each.

    Args:
        works: called over and over, so each leaves everything as it was.
        rounds: how many turns each has.
        turn_ns: how long a turn should last; 0 for one call a turn, without rehearsal.
        clock: what counts: our processor time, that of children, or time that passes.
    """
    with _no_collector():
        loops = [_calls_per_turn(work, turn_ns, clock) if turn_ns else 1 for work in works]
        times: list[list[float]] = [[] for _ in works]
        order = range(len(works))
        for turn in range(rounds):
            gc.collect()
            for which in order if turn % 2 == 0 else reversed(order):
                times[which].append(_spend(works[which], loops[which], clock) / loops[which])
    return [Taken(loops=count, values=tuple(values)) for count, values in zip(loops, times, strict=True)]


def _calls_per_turn(work: Work, turn_ns: int, clock: Clock) -> int:
    work()  # what is done once and for all: imports, caches
    loops = 1
    while (spent := _spend(work, loops, clock)) * 4 < turn_ns:
        loops *= 4
    return max(1, round(loops * turn_ns / max(spent, 1)))


def _spend(work: Work, loops: int, clock: Clock) -> int:
    began = clock()
    for _ in repeat(None, loops):
        work()
    return clock() - began


@contextmanager
def _no_collector() -> Iterator[None]:
    """Collect garbage between the rounds only: within them, one work would pay for what another has left."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()
