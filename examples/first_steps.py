"""A poll's first steps: waiting for nothing, a listener, a connection; a token changed; a readiness set by hand.

Each step is a function that answers what it saw. Run it: `python examples/first_steps.py`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from impl import Event, Interest, Poll, Readiness, Trigger
from impl.net import TcpListener, TcpStream


@contextmanager
def listening() -> Iterator[tuple[Poll, TcpListener]]:
    """A poll, and a listener at a free port."""
    with Poll() as poll, TcpListener.bind(("127.0.0.1", 0)) as listener:
        yield poll, listener


def waits_for_nothing(seconds: float) -> tuple[list[Event], float]:
    """Poll without a registration: no event comes, and the time passes. Answers the events and the seconds."""
    with Poll() as poll:
        began = time.monotonic()
        events = poll.poll(seconds)
        return events, time.monotonic() - began


def waits_for_a_connection() -> tuple[list[Event], list[Event]]:
    """Poll a listener before and after somebody connects."""
    with listening() as (poll, listener):
        poll.register(listener, 0, Interest.READABLE, Trigger.EDGE)
        before = poll.poll(0)
        with TcpStream.connect(listener.local_address()):
            return before, poll.poll(5)


def waits_to_be_connected() -> tuple[Event, bool]:
    """Connect and poll: writable means that connecting has come to an end, `is_connected` says to which."""
    with listening() as (poll, listener), TcpStream.connect(listener.local_address()) as stream:
        poll.register(stream, 0, Interest.WRITABLE, Trigger.EDGE)
        (event,) = poll.poll(5)
        return event, stream.is_connected()


def changes_its_token() -> list[Event]:
    """Reregister: token and interest are replaced, and whatever is ready already is told anew."""
    with listening() as (poll, listener), TcpStream.connect(listener.local_address()) as stream:
        poll.register(stream, 0, Interest.READABLE, Trigger.EDGE)
        poll.reregister(stream, 2, Interest.WRITABLE, Trigger.EDGE)
        return poll.poll(5)


def sets_a_readiness() -> tuple[Readiness, Readiness]:
    """Set a readiness by hand. What was set can be read back at once; when the poll tells of it is not promised."""
    with Poll() as poll:
        _, setter = poll.user_readiness()
        before = setter.get()
        setter.set(Readiness.READABLE)
        return before, setter.get()


def main() -> None:
    """Take the steps one after the other."""
    events, seconds = waits_for_nothing(0.5)
    print(f"nothing registered: {len(events)} events after {seconds:.2f} s")
    before, after = waits_for_a_connection()
    print(f"listener: {len(before)} events before, {len(after)} after somebody connected")
    event, connected = waits_to_be_connected()
    print(f"stream: {event.readiness!r}, connected: {connected}")
    print(f"reregistered: {changes_its_token()}")
    print("readiness set by hand: {!r}, then {!r}".format(*sets_a_readiness()))


if __name__ == "__main__":
    main()
