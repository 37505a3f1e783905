"""How cost grows: with what is registered, with what is ready, with the length of a scenario.

All sizes of a row take turns; each figure is a cost over that of the smallest size, and no target hangs on it.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial

from benchmarks.fake import fake_epoll
from benchmarks.reference import eventfds, most_fds, reference
from benchmarks.rows import Line, Row, kept, show_time
from benchmarks.suite import judge
from benchmarks.turns import Work, take_turns
from conformance.scenario import parse

__all__ = ["ROWS"]

REGISTERED = (10, 100, 1_000, 10_000, 100_000)
READY = (1, 10, 100, 1_000, 10_000)
IDLE = 5_000
STEPS = (5, 10, 20, 40, 80)
ROUNDS = 40
_HEAD = ("tcp 1 2", "register 1 7 r edge")
_ROUND = ("send 2 3", "poll 0", "drain 1")


def growing(
    *,
    name: str,
    subject: str,
    unit: str,
    prepare: Callable[[], AbstractContextManager[dict[int, Work]]],
    is_per_unit: bool = False,
) -> Row:
    """Make the row of works of several sizes.

    Args:
        prepare: opens what all need, and gives a work for each size that this machine allows.
        is_per_unit: whether the note tells what each unit costs.
    """

    def measure() -> list[Line]:
        with prepare() as works:
            columns = take_turns(list(works.values()), rounds=ROUNDS)
        lines = []
        for size, taken in zip(works, columns, strict=True):
            cost = statistics.median(taken.values)
            note = show_time(cost) + (f", {show_time(cost / size)} each" if is_per_unit else "")
            lines.append(
                Line(
                    name=name,
                    subject=f"{subject}, {size:,} {unit}",
                    against=f"{min(works):,} {unit}",
                    figure=statistics.median(a / b for a, b in zip(taken.values, columns[0].values, strict=True)),
                    note=note,
                    kept=(kept(f"{name}: {size:,} {unit}", taken),),
                )
            )
        return lines

    return Row(name=name, subject=subject, against=f"with the fewest {unit}", measure=measure)


def fitting(sizes: Sequence[int], room: int) -> list[int]:
    """The sizes for which there is room; in place of those for which there is none, the next thousand below."""
    fit = [size for size in sizes if size <= room]
    below = room // 1_000 * 1_000
    return fit if len(fit) == len(sizes) or below <= fit[-1] else [*fit, below]


@contextmanager
def _registered() -> Iterator[dict[int, Work]]:
    """Polls that share their files, of which the first is ready."""
    sizes = fitting(REGISTERED, most_fds())
    with ExitStack() as stack:
        fds = stack.enter_context(eventfds(sizes[-1]))
        os.eventfd_write(fds[0], 1)
        yield {size: stack.enter_context(reference(fds[:size])) for size in sizes}


@contextmanager
def _ready() -> Iterator[dict[int, Work]]:
    """Polls that share the files that are not ready; the first of the others are in all of them."""
    sizes = fitting(READY, most_fds() - IDLE)
    with ExitStack() as stack:
        idle, fds = stack.enter_context(eventfds(IDLE)), stack.enter_context(eventfds(sizes[-1]))
        for fd in fds:
            os.eventfd_write(fd, 1)
        yield {size: stack.enter_context(reference([*idle, *fds[:size]])) for size in sizes}


@contextmanager
def _fake_registered() -> Iterator[dict[int, Work]]:
    yield {size: fake_epoll(size, 1) for size in REGISTERED}


@contextmanager
def _fake_ready() -> Iterator[dict[int, Work]]:
    yield {size: fake_epoll(IDLE + size, size) for size in READY}


@contextmanager
def _longer() -> Iterator[dict[int, Work]]:
    """A connection to which bytes are sent, told and drained, over and over."""
    actions = (*_HEAD, *_ROUND * STEPS[-1])
    yield {steps: partial(judge, parse("; ".join(actions[:steps]))) for steps in STEPS}


ROWS: tuple[Row, ...] = (
    growing(name="grow-poll-registered", subject="reference poll(), 1 ready", unit="registered", prepare=_registered),
    growing(
        name="grow-poll-ready",
        subject=f"reference poll(), {IDLE:,} idle",
        unit="ready",
        prepare=_ready,
        is_per_unit=True,
    ),
    growing(
        name="grow-fake-registered", subject="fake epoll_wait, 1 ready", unit="registered", prepare=_fake_registered
    ),
    growing(
        name="grow-fake-ready",
        subject=f"fake epoll_wait, {IDLE:,} idle",
        unit="ready",
        prepare=_fake_ready,
        is_per_unit=True,
    ),
    growing(
        name="grow-judge-steps",
        subject="a scenario performed on the fake kernel and judged",
        unit="steps",
        prepare=_longer,
        is_per_unit=True,
    ),
)
