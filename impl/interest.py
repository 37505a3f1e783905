"""The words of the interface and their translation into epoll's bits and back.

The tables below are the whole of the translation. `_ASKED` says which bits a registration asks the kernel
for, `_TOLD` what an event may say when the kernel shows some bits. They differ because epoll shows EPOLLHUP
and EPOLLERR unasked (epoll_ctl(2)): a program that only wants to read must still learn that reading will not
block any more, so a hang-up counts as readable and as writable *where that was asked*, and is told as a hint
besides.
"""

from __future__ import annotations

import enum
import functools
import select
from typing import NamedTuple

__all__ = ["Event", "Interest", "Readiness", "Trigger", "epoll_mask", "readiness_of"]


class Interest(enum.IntFlag):
    """What a registration asks for. Never empty."""

    READABLE = 1
    WRITABLE = 2
    PRIORITY = 4


class Readiness(enum.IntFlag):
    """What an event tells. ERROR and the two CLOSED bits are hints: they come unasked and only when true."""

    READABLE = 1
    WRITABLE = 2
    PRIORITY = 4
    ERROR = 8
    READ_CLOSED = 16
    WRITE_CLOSED = 32


class Trigger(enum.IntFlag):
    """When a registration tells: exactly one of LEVEL and EDGE, with or without ONESHOT."""

    LEVEL = 1
    EDGE = 2
    ONESHOT = 4


class Event(NamedTuple):
    """One report: whose registration, and what it is ready for."""

    token: int
    readiness: Readiness


_ASKED = (
    # EPOLLRDHUP goes with EPOLLIN only. Whoever waits to write would be told of a half-closed peer again and
    # again, though he may still write; and a one-shot would be used up by news that its owner did not ask
    # for.
    (Interest.READABLE, select.EPOLLIN | select.EPOLLRDHUP),
    (Interest.WRITABLE, select.EPOLLOUT),
    (Interest.PRIORITY, select.EPOLLPRI),
)
"""Interest -> the bits to ask for (epoll_ctl(2))."""

_TRIGGERED = (
    (Trigger.EDGE, select.EPOLLET),
    (Trigger.ONESHOT, select.EPOLLONESHOT),
)
"""Trigger -> the bits to add. Level-triggered, and not one-shot, is what epoll does unasked."""

_TOLD = (
    (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR, Interest.READABLE, Readiness.READABLE),
    (select.EPOLLOUT | select.EPOLLHUP | select.EPOLLERR, Interest.WRITABLE, Readiness.WRITABLE),
    (select.EPOLLPRI, Interest.PRIORITY, Readiness.PRIORITY),
    (select.EPOLLERR, None, Readiness.ERROR),
    (select.EPOLLRDHUP | select.EPOLLHUP, None, Readiness.READ_CLOSED),
    (select.EPOLLHUP, None, Readiness.WRITE_CLOSED),
)
"""Any of these bits shown -> (the interest it takes, or None for a hint; what to tell)."""


@functools.cache
def epoll_mask(interest: Interest, trigger: Trigger) -> int:
    """Translate what a registration asks for into the event mask of epoll_ctl(2).

    Raises:
        ValueError: the interest is empty or unknown, or the trigger is not exactly one of LEVEL and EDGE.
    """
    if not 0 < interest <= _ALL_INTEREST:
        raise ValueError(f"got interest {interest!r}, but it should be READABLE, WRITABLE, PRIORITY or a union of them")
    if trigger not in _ALL_TRIGGERS:
        raise ValueError(f"got trigger {trigger!r}, but it should be LEVEL or EDGE, with or without ONESHOT")
    asked = sum(bits for flag, bits in _ASKED if interest & flag)
    return asked | sum(bits for flag, bits in _TRIGGERED if trigger & flag)


@functools.cache
def readiness_of(mask: int, interest: Interest) -> Readiness:
    """Translate the bits that epoll_wait(2) showed into what to tell a registration with this interest."""
    readiness = Readiness(0)
    for bits, takes, told in _TOLD:
        if mask & bits and (takes is None or interest & takes):
            readiness |= told
    return readiness


_ALL_INTEREST = Interest.READABLE | Interest.WRITABLE | Interest.PRIORITY
_ALL_TRIGGERS = tuple(when | often for when in (Trigger.LEVEL, Trigger.EDGE) for often in (0, Trigger.ONESHOT))
