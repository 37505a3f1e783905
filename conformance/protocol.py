"""The words a poller and its judge share; what counts as an event.

A poller under test needs nothing from here: flags are compared by value and an event is any 2-tuple of ints, so an adapter may
bring its own. This module is the vocabulary in which the contract is written down; `docs/writing-an-adapter.md` walks through it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, runtime_checkable

__all__ = [
    "BASIC_METHODS",
    "CAPABILITY_METHODS",
    "MAX_TIMEOUT",
    "MAX_TOKEN",
    "NOTHING",
    "REFUSALS",
    "Capability",
    "Dispatcher",
    "Event",
    "HasFileno",
    "Interest",
    "Poller",
    "Readiness",
    "Setter",
    "Source",
    "Trigger",
    "UserReadinessPoller",
    "Waker",
    "WakingPoller",
    "event_flaw",
]

MAX_TOKEN = 2**63 - 1
"""The largest token that is ever passed; the smallest is 0."""

MAX_TIMEOUT = 2_000_000.0
"""The longest finite timeout, in seconds, that a poller must accept. Beyond it, `OverflowError` or `ValueError` is lawful."""

REFUSALS = (OSError, ValueError, KeyError)
"""What `register`, `reregister` and `deregister` raise to refuse a call, changing nothing."""


class Interest(enum.IntFlag):
    """What a registration asks for. Never empty."""

    READABLE = 1
    WRITABLE = 2
    PRIORITY = 4


class Readiness(enum.IntFlag):
    """What an event tells. Only READABLE and WRITABLE are portable; the other bits are hints and may come unasked."""

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


class Capability(enum.IntFlag):
    """What a poller claims to offer beyond the basic contract. A claim is probed; what is not claimed is not applicable."""

    LEVEL = 1
    EDGE = 2
    ONESHOT = 4
    WRITABLE = 8
    PRIORITY = 16
    CLOSED_HINTS = 32
    """Reports READ_CLOSED and WRITE_CLOSED on stream sockets."""
    ERROR_HINT = 64
    MAX_EVENTS = 128
    TOKEN_CHANGE = 256
    """`reregister` may change the token."""
    CLOSE_FORGETS = 512
    """Closing the last fd of a file ends its registration. Without it, every scenario deregisters before it closes."""
    WAKE = 1024
    """Has `waker(token)`; at most one per poller."""
    USER_READINESS = 2048
    """Has `user_readiness() -> (source, setter)`."""
    DISPATCH = 4096
    """Has `poll_each(timeout, on_event)`: calls the handler itself, so removal inside a handler silences within the batch."""
    DUP = 8192
    """Two fds of one open file description may be registered apart."""
    REGULAR_FILES = 16384
    """Accepts what epoll refuses with EPERM."""
    MULTI_THREAD = 32768
    """register, reregister and deregister may come from any thread and take effect on a poll in progress."""


NOTHING = Capability(0)
"""The claim of no capability."""


class Event(NamedTuple):
    """One report: whose registration, and what it is ready for."""

    token: int
    readiness: Readiness


@runtime_checkable
class HasFileno(Protocol):
    """Anything that names a file by its fd: a socket, a pipe end, a file object."""

    def fileno(self) -> int: ...


Source = Any
"""A `HasFileno`, or what the poller's own `user_readiness()` returned; an adapter may annotate it as narrowly as it likes.

A source *is* its `fileno()` at the call: another object with the same number is the same source. A user source is itself.
"""


class Waker(Protocol):
    """Wakes a poll in progress, or the next one. Reports READABLE under the token it was made with; wakes may merge."""

    def wake(self) -> None:
        """Owe the poller one event for the waker's token. Callable from any thread."""
        ...


class Setter(Protocol):
    """The writing half of a user-set readiness. Callable from any thread."""

    def set(self, readiness: Readiness, /) -> None:
        """Replace the readiness; the empty set withdraws it."""
        ...

    def get(self) -> Readiness:
        """Answer the value last set."""
        ...


class Poller(Protocol):
    """The basic contract, as `docs/writing-an-adapter.md` explains it.

    Optional: an attribute `emulated: Capability`, what the adapter and not the loop provides.
    """

    @property
    def capabilities(self) -> Capability:
        """What it claims to offer; constant from construction."""
        ...

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Start watching `source`. Not refused for an open, pollable file that is not yet registered.

        Raises:
            OSError, ValueError, KeyError: refused; nothing has changed.
        """
        ...

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Replace the registration of `source`; rearms a one-shot that has fired.

        Raises:
            OSError, ValueError, KeyError: refused; nothing has changed.
        """
        ...

    def deregister(self, source: Source) -> None:
        """Stop watching `source`: no later poll reports its token.

        Raises:
            OSError, ValueError, KeyError: refused; nothing has changed.
        """
        ...

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        """Wait for events, `timeout` seconds at most: None for ever, 0 only looks. Never raises."""
        ...

    def close(self) -> None:
        """Free every fd the poller opened and leave the sources open. Called once, no poll running."""
        ...


class WakingPoller(Poller, Protocol):
    """A poller that claims `Capability.WAKE`."""

    def waker(self, token: int) -> Waker:
        """Make the poller's waker; asked at most once per poller."""
        ...


class UserReadinessPoller(Poller, Protocol):
    """A poller that claims `Capability.USER_READINESS`."""

    def user_readiness(self) -> tuple[object, Setter]:
        """Make a source that becomes ready when its setter says so, and that setter."""
        ...


class Dispatcher(Poller, Protocol):
    """A poller that claims `Capability.DISPATCH`."""

    def poll_each(self, timeout: float | None, on_event: Callable[[Event], None]) -> None:
        """Poll once and call `on_event` for each event; registrations may change inside it. It never raises."""
        ...


BASIC_METHODS = ("register", "reregister", "deregister", "poll", "close")
"""Without one of these nothing can be judged (exit 2)."""

CAPABILITY_METHODS = {
    Capability.WAKE: "waker",
    Capability.USER_READINESS: "user_readiness",
    Capability.DISPATCH: "poll_each",
}
"""Capability -> the method that a poller claiming it must have."""


def event_flaw(event: object) -> str | None:
    """Say what is wrong with `event` as an event, or None: any 2-tuple of ints (not bools) with known bits is one."""
    if not isinstance(event, tuple) or len(event) != 2:
        return f"got {event!r}, but an event should be a tuple (token, readiness)"
    token, readiness = event
    for name, value in (("token", token), ("readiness", readiness)):
        if not isinstance(value, int) or isinstance(value, bool):
            return f"got {value!r} as {name}, but it should be an int"
    if readiness & ~_ALL_READINESS:
        return f"got readiness {readiness:#x}, but its bits should be among {_ALL_READINESS:#x}"
    return None


_ALL_READINESS = 0b111111
