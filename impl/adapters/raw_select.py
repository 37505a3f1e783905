"""`select.select`, bare: three sets of fds and a table from fd to token."""

# the contract passes more than this poller claims

from __future__ import annotations

import select

from conformance.protocol import Capability, Event, HasFileno, Interest, Readiness, Trigger

__all__ = ["SelectPoller", "make"]

_SETS = (
    (Interest.READABLE, Readiness.READABLE),
    (Interest.WRITABLE, Readiness.WRITABLE),
    (Interest.PRIORITY, Readiness.PRIORITY),
)
"""The three sets of select(2), in the order of its arguments: what puts an fd in, what it means to be there."""


class SelectPoller:
    """select(2) knows nothing but level and remembers nothing: registrations and tokens are kept here."""

    capabilities = (
        Capability.LEVEL
        | Capability.WRITABLE
        | Capability.PRIORITY
        | Capability.TOKEN_CHANGE
        | Capability.DUP
        | Capability.REGULAR_FILES
    )
    emulated = Capability.TOKEN_CHANGE

    def __init__(self) -> None:
        self._asked: dict[int, tuple[int, Interest]] = {}  # fd -> token and interest

    def register(self, source: HasFileno, token: int, interest: Interest, trigger: Trigger) -> None:
        """Put the fd into the sets. A second register replaces the first."""
        fd = source.fileno()
        # What select refuses (a closed fd; numbers from FD_SETSIZE up) it would refuse only in poll.
        select.select([fd], [], [], 0)
        self._asked[fd] = (token, interest)

    def reregister(self, source: HasFileno, token: int, interest: Interest, trigger: Trigger) -> None:
        """Put the fd into other sets."""
        fd = source.fileno()
        if fd not in self._asked:
            raise KeyError(fd)
        self._asked[fd] = (token, interest)

    def deregister(self, source: HasFileno) -> None:
        """Take the fd out of the sets."""
        del self._asked[source.fileno()]

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        """select(2)."""
        reads, writes, excepts = (
            [fd for fd, (_, asked) in self._asked.items() if asked & interest] for interest, _ in _SETS
        )
        found: dict[int, Readiness] = {}
        for ready, (_, readiness) in zip(select.select(reads, writes, excepts, timeout), _SETS, strict=True):
            for fd in ready:
                found[fd] = found.get(fd, Readiness(0)) | readiness
        return [Event(self._asked[fd][0], readiness) for fd, readiness in found.items()]

    def close(self) -> None:
        """Do nothing: select(2) has no fd of its own."""


def make() -> SelectPoller:
    """Make a poller over select(2)."""
    return SelectPoller()
