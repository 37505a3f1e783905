"""The bits of poll(2), which are also those of epoll(7), and the words of the contract."""

from __future__ import annotations

import functools
import select

from conformance.protocol import Interest, Readiness

__all__ = ["bits_of", "readiness_of"]


@functools.cache
def bits_of(interest: Interest) -> int:
    """Say what to ask for. POLLRDHUP only beside POLLIN: alone it would repeat for whoever waits to write."""
    bits = select.POLLIN | select.POLLRDHUP if interest & Interest.READABLE else 0
    bits |= select.POLLOUT if interest & Interest.WRITABLE else 0
    return bits | (select.POLLPRI if interest & Interest.PRIORITY else 0)


@functools.cache
def readiness_of(bits: int, interest: Interest) -> Readiness:
    """Say what the bits shown mean to whoever asked for `interest`.

    A hang-up or an error is shown unasked; it ends all waiting, so it is told in each direction that was
    asked for.
    """
    ended = select.POLLHUP | select.POLLERR
    readiness = Readiness(0)
    if interest & Interest.READABLE and bits & (select.POLLIN | ended):
        readiness |= Readiness.READABLE
    if interest & Interest.WRITABLE and bits & (select.POLLOUT | ended):
        readiness |= Readiness.WRITABLE
    if interest & Interest.PRIORITY and bits & select.POLLPRI:
        readiness |= Readiness.PRIORITY
    if bits & select.POLLERR:
        readiness |= Readiness.ERROR
    if bits & select.POLLHUP:
        readiness |= Readiness.READ_CLOSED | Readiness.WRITE_CLOSED
    if bits & select.POLLRDHUP:
        readiness |= Readiness.READ_CLOSED
    return readiness
