"""The selectors of the standard library, over epoll, poll and select."""

# the contract passes more than this poller claims

from __future__ import annotations

import select
import selectors

from conformance.protocol import Capability, Event, HasFileno, Interest, Readiness, Trigger

__all__ = ["SelectorPoller", "make_epoll", "make_poll", "make_select"]


class SelectorPoller:
    """A `selectors.BaseSelector`. It is level-triggered, and `data`, which it keeps for its user, is the token.

    It knows readable and writable only, and tells a hang-up or an error as either. It keeps its own table of
    fds, so that a file must be unregistered before it is closed (`BaseSelector.unregister`).
    """

    def __init__(self, selector: selectors.BaseSelector, more: Capability) -> None:
        """Adapt `selector`, which can do `more` than all selectors can."""
        self.capabilities = Capability.LEVEL | Capability.WRITABLE | Capability.TOKEN_CHANGE | Capability.DUP | more
        self._selector = selector

    def register(self, source: HasFileno, token: int, interest: Interest, trigger: Trigger) -> None:
        """`BaseSelector.register`, of the bare number."""
        fd = source.fileno()
        if isinstance(self._selector, selectors.SelectSelector):
            # What select(2) refuses (a closed fd; numbers from FD_SETSIZE up) it would refuse only in poll.
            select.select([fd], [], [], 0)
        self._selector.register(fd, _events(interest), token)

    def reregister(self, source: HasFileno, token: int, interest: Interest, trigger: Trigger) -> None:
        """`BaseSelector.modify`."""
        self._selector.modify(source.fileno(), _events(interest), token)

    def deregister(self, source: HasFileno) -> None:
        """`BaseSelector.unregister`."""
        self._selector.unregister(source.fileno())

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        """`BaseSelector.select`."""
        return [Event(key.data, _READINESS[events]) for key, events in self._selector.select(timeout)]

    def close(self) -> None:
        """`BaseSelector.close`."""
        self._selector.close()


def make_epoll() -> SelectorPoller:
    """Make a poller over `selectors.EpollSelector`."""
    return SelectorPoller(selectors.EpollSelector(), Capability(0))


def make_poll() -> SelectorPoller:
    """Make a poller over `selectors.PollSelector`."""
    return SelectorPoller(selectors.PollSelector(), Capability.REGULAR_FILES)


def make_select() -> SelectorPoller:
    """Make a poller over `selectors.SelectSelector`."""
    return SelectorPoller(selectors.SelectSelector(), Capability.REGULAR_FILES)


def _events(interest: Interest) -> int:
    readable = selectors.EVENT_READ if interest & Interest.READABLE else 0
    return readable | (selectors.EVENT_WRITE if interest & Interest.WRITABLE else 0)


_READINESS = {
    selectors.EVENT_READ: Readiness.READABLE,
    selectors.EVENT_WRITE: Readiness.WRITABLE,
    selectors.EVENT_READ | selectors.EVENT_WRITE: Readiness.READABLE | Readiness.WRITABLE,
}
