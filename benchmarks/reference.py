"""What the reference's `poll` costs, beside the selectors' and beside bare epoll."""

from __future__ import annotations

import os
import resource
import select
import selectors
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial

import impl
from benchmarks.rows import Pair, Row, compared
from benchmarks.turns import Work

__all__ = ["ROWS", "Number", "eventfds", "reference"]

REGISTERED, FEW = 5_000, 100
READY = (1, 250, 5_000)
_SPARE = 100
"""Fds that the process needs for itself."""


class Number:
    """A source that is just a number."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def fileno(self) -> int:
        """Answer the number."""
        return self._fd


def most_fds() -> int:
    """Raise the limit of this process as far as it goes; answer how many eventfds fit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard - _SPARE


@contextmanager
def eventfds(count: int) -> Iterator[list[int]]:
    """Open so many, none of them ready."""
    most_fds()
    fds: list[int] = []
    try:
        fds.extend(os.eventfd(0, os.EFD_NONBLOCK) for _ in range(count))
        yield fds
    finally:
        for fd in fds:
            os.close(fd)


@contextmanager
def reference(fds: Sequence[int]) -> Iterator[Work]:
    """Register all with a reference poll, under their numbers; give the call that looks."""
    with impl.Poll() as poll:
        for fd in fds:
            poll.register(Number(fd), fd, impl.Interest.READABLE, impl.Trigger.LEVEL)
        yield partial(poll.poll, 0)


@contextmanager
def _selectors(fds: Sequence[int]) -> Iterator[Work]:
    with selectors.EpollSelector() as selector:
        for fd in fds:
            selector.register(fd, selectors.EVENT_READ, fd)
        yield partial(selector.select, 0)


@contextmanager
def _raw(fds: Sequence[int]) -> Iterator[Work]:
    with select.epoll() as raw:
        for fd in fds:
            raw.register(fd, select.EPOLLIN)
        yield partial(raw.poll, 0, len(fds))


@contextmanager
def _beside(ready: int, other: Callable[[Sequence[int]], AbstractContextManager[Work]], count: int) -> Iterator[Pair]:
    """The reference with all registered, and the other with the first `count`; the first `ready` are ready."""
    with ExitStack() as stack:
        fds = stack.enter_context(eventfds(REGISTERED))
        for fd in fds[:ready]:
            os.eventfd_write(fd, 1)
        mine = stack.enter_context(reference(fds))
        theirs = stack.enter_context(other(fds[:count]))
        for look in (mine, theirs):
            told = look()
            assert isinstance(told, list)
            assert len(told) == ready
        yield Pair(subject=mine, against=theirs)


ROWS: tuple[Row, ...] = (
    *(
        compared(
            name=f"poll-{ready}-{other}",
            subject=f"reference poll(), {ready:,} ready of {REGISTERED:,}",
            against=against,
            target=target,
            prepare=partial(_beside, ready, looker, REGISTERED),
        )
        for other, against, target, looker in (
            ("selectors", "selectors.EpollSelector.select", 1.0, _selectors),
            ("epoll", "select.epoll.poll", 2.2, _raw),
        )
        for ready in READY
    ),
    compared(
        name="poll-registered",
        subject=f"reference poll(), 1 ready of {REGISTERED:,}",
        against=f"1 ready of {FEW}",
        target=1.2,
        prepare=partial(_beside, 1, reference, FEW),
    ),
)
