"""tornado's `IOLoop`, shown to pollcheck from outside its tree.

`docs/writing-an-adapter.md` walks through this file.
"""

# the contract passes more than this poller claims

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tornado.ioloop import IOLoop

from conformance.protocol import Capability, Event, HasFileno, Interest, Readiness, Trigger

_EVENTS = (
    (Interest.READABLE, IOLoop.READ, Readiness.READABLE),
    (Interest.WRITABLE, IOLoop.WRITE, Readiness.WRITABLE),
)


class TornadoPoller:
    """One `IOLoop`; a registration is a handler, and the handler knows its token."""

    capabilities = Capability.LEVEL | Capability.WRITABLE | Capability.WAKE | Capability.DISPATCH | Capability.DUP

    _on_event: Callable[[Event], None]  # of the poll in progress

    def __init__(self) -> None:
        self._loop = IOLoop(make_current=False)

    def register(self, source: HasFileno, token: int, interest: Interest, trigger: Trigger) -> None:
        """`IOLoop.add_handler`."""

        def handler(fd: Any, events: int) -> None:
            readiness = sum(told for _, event, told in _EVENTS if events & event)
            self._tell(Event(token, Readiness(readiness)))

        self._loop.add_handler(source.fileno(), handler, _events(interest))

    def reregister(self, source: HasFileno, token: int, interest: Interest, trigger: Trigger) -> None:
        """`IOLoop.update_handler`: the handler stays, and with it the token, so TOKEN_CHANGE is not claimed."""
        self._loop.update_handler(source.fileno(), _events(interest))

    def deregister(self, source: HasFileno) -> None:
        """`IOLoop.remove_handler`."""
        self._loop.remove_handler(source.fileno())

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        """Let the loop call its handlers, and collect what they were called for."""
        events: list[Event] = []
        self.poll_each(timeout, events.append)
        return events

    def poll_each(self, timeout: float | None, on_event: Callable[[Event], None]) -> None:
        """Run the loop until a handler was called, or the time is over."""
        self._on_event = on_event
        timer = None
        if timeout == 0:
            self._loop.stop()  # before start: one look without waiting
        elif timeout is not None:
            timer = self._loop.call_later(timeout, self._loop.stop)
        self._loop.start()
        if timer is not None:
            self._loop.remove_timeout(timer)

    def waker(self, token: int) -> TornadoWaker:
        """Make a waker of `IOLoop.add_callback`, which any thread may call."""
        return TornadoWaker(lambda: self._loop.add_callback(self._tell, Event(token, Readiness.READABLE)))

    def close(self) -> None:
        """`IOLoop.close`: its own fds, not those of its handlers."""
        self._loop.close()

    def _tell(self, event: Event) -> None:
        self._on_event(event)
        self._loop.stop()


class TornadoWaker:
    """What the contract wants of a waker."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.wake = wake


def make() -> TornadoPoller:
    """Make a poller; this is the entry point."""
    return TornadoPoller()


# Read before `make` is called: on the fake world, patch what tornado's loop is made of.
make.fake_profiles = ("tornado",)  # type: ignore[attr-defined]


def _events(interest: Interest) -> int:
    return sum(event for asked, event, _ in _EVENTS if interest & asked)
