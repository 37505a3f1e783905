"""`select.poll`, bare: poll(2) with a table from fd to token."""

# the contract passes more than this poller claims

from __future__ import annotations

import select

from conformance.protocol import Capability, Event, HasFileno, Interest, Trigger
from impl.adapters.poll_bits import bits_of, readiness_of

__all__ = ["PollPoller", "make"]


class PollPoller:
    """poll(2) knows nothing but level. Python keeps the array of fds; the tokens are kept here."""

    capabilities = (
        Capability.LEVEL
        | Capability.WRITABLE
        | Capability.PRIORITY
        | Capability.CLOSED_HINTS
        | Capability.ERROR_HINT
        | Capability.TOKEN_CHANGE
        | Capability.DUP
        | Capability.REGULAR_FILES
    )
    emulated = Capability.TOKEN_CHANGE

    def __init__(self) -> None:
        self._poll = select.poll()
        self._asked: dict[int, tuple[int, Interest]] = {}  # fd -> token and interest

    def register(self, source: HasFileno, token: int, interest: Interest, trigger: Trigger) -> None:
        """Add an entry to the array, or replace it: Python's poll does not refuse a second register."""
        fd = source.fileno()
        self._poll.register(fd, bits_of(interest))
        self._asked[fd] = (token, interest)

    def reregister(self, source: HasFileno, token: int, interest: Interest, trigger: Trigger) -> None:
        """Replace an entry of the array."""
        fd = source.fileno()
        self._poll.modify(fd, bits_of(interest))
        self._asked[fd] = (token, interest)

    def deregister(self, source: HasFileno) -> None:
        """Take an entry out of the array."""
        fd = source.fileno()
        self._poll.unregister(fd)
        del self._asked[fd]

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        """poll(2), whose time is in milliseconds; Python rounds up and waits out what a signal interrupted."""
        events = []
        for fd, bits in self._poll.poll(None if timeout is None else timeout * 1000):
            token, interest = self._asked[fd]
            events.append(Event(token, readiness_of(bits, interest)))
        return events

    def close(self) -> None:
        """Do nothing: poll(2) has no fd of its own."""


def make() -> PollPoller:
    """Make a poller over poll(2)."""
    return PollPoller()
