"""Wrapper: an honest poller, word for word, with a book of what was asked; a subclass changes one decision.

    register / reregister / deregister ──► note, forget ──► the honest poller
    poll ──► harvest ──► tell (event by event) ──► take_note ──► the caller

The book knows more than a poller should - what poll(2) shows of each file at register and after each poll - because a lie must be told
at the right moment to be a small one.
"""

# ruff: noqa: ARG002  # an override need not look at all that it is given

from __future__ import annotations

import contextlib
import os
import select
import socket
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from conformance.protocol import Capability, Event, Interest, Readiness, Setter, Source, Trigger, Waker

__all__ = [
    "EVERY",
    "HANGUP",
    "SOCKETS",
    "WAKER",
    "Asked",
    "Deaf",
    "Wrapper",
    "bits_of",
    "inode",
    "key_of",
    "kind_of",
    "remove",
    "take",
]

R, W, P = Interest.READABLE, Interest.WRITABLE, Interest.PRIORITY
EVERY = (R, W, P)
RDHUP = 0x2000
HANGUP = select.POLLHUP
SOCKETS = ("unix", "tcp", "udp", "listener")
WAKER = "waker"
"""The waker's key in the book, and its kind."""


@dataclass(slots=True, eq=False)
class Asked:
    """What one register or reregister asked for, and what came of it."""

    source: Any
    kind: str
    token: int
    interest: Interest
    trigger: Trigger
    mask: int = 0
    """What poll(2) showed at the call."""
    before: Asked | None = None
    """What a reregister replaced; None for a register."""
    told: dict[Interest, int] = field(default_factory=dict)
    """Direction -> how often it was told."""
    last: int = 0
    """What poll(2) showed after the last poll."""
    polls: int = 0
    unready: int = 0
    """The directions that some poll found not ready."""
    has_fired: bool = False
    fired_mask: int = 0
    is_lost: bool = False
    """Left to the subclass."""

    @property
    def is_level(self) -> bool:
        return bool(self.trigger & Trigger.LEVEL)

    @property
    def is_edge(self) -> bool:
        return bool(self.trigger & Trigger.EDGE)

    @property
    def is_oneshot(self) -> bool:
        return bool(self.trigger & Trigger.ONESHOT)

    @property
    def is_plain_edge(self) -> bool:
        """Edge, not a one-shot, and not the waker."""
        return self.is_edge and not self.is_oneshot and self.source is not None

    @property
    def is_live(self) -> bool:
        """Neither a one-shot that has fired, nor one whose fd was closed."""
        return not self.has_fired and (self.kind in ("user", WAKER) or self.source.fileno() >= 0)

    @property
    def is_rearmed(self) -> bool:
        """A reregister of a one-shot that had fired."""
        return self.before is not None and self.before.has_fired

    def was_ready(self, direction: Interest) -> bool:
        """Whether `direction` was ready at the call."""
        return bool(bits_of(self.mask) & direction)


def bits_of(mask: int) -> Interest:
    """What a file is ready for that poll(2) shows as `mask`."""
    ready = Interest(0)
    if mask & (select.POLLIN | select.POLLHUP | select.POLLERR):
        ready |= R
    if mask & (select.POLLOUT | select.POLLERR):
        ready |= W
    if mask & select.POLLPRI:
        ready |= P
    return ready


def key_of(source: Source) -> object:
    """The source's place in the book: its number, or a user source itself."""
    return source.fileno() if hasattr(source, "fileno") else source


def kind_of(source: Any) -> str:
    """Tell files apart: user, unix, tcp, udp, listener, pipe, eventfd."""
    if not hasattr(source, "fileno"):
        return "user"
    if not hasattr(source, "family"):
        return "pipe" if stat.S_ISFIFO(os.fstat(source.fileno()).st_mode) else "eventfd"
    if source.type & socket.SOCK_DGRAM:
        return "udp"
    if source.family == socket.AF_UNIX:
        return "unix"
    return "listener" if source.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) else "tcp"


def inode(number: int) -> int:
    """What two fds of one socket or pipe have in common; eventfds share theirs."""
    return os.fstat(number).st_ino


def remove(honest: Any, source: Source) -> None:
    """Deregister it, unless it was closed meanwhile."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        honest.deregister(source)


def take(number: int, count: int) -> None:
    """Read and drop."""
    try:
        os.read(number, count)
    except OSError:
        return


class Wrapper:
    """Forwards every call to `honest`."""

    def __init__(self, honest: Any) -> None:
        self.honest = honest
        # the book is kept for one thread
        self.capabilities: Capability = honest.capabilities & ~Capability.MULTI_THREAD
        self.book: dict[object, Asked] = {}
        self.setters: dict[object, Setter] = {}
        self.is_polling = False

    # ── registrations ───────────────────────────────────────────────────────────────────────────────────────

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Forward, and note."""
        self.honest.register(source, token, interest, trigger)
        self.note(source, token, interest, trigger)

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Forward, and note what was replaced."""
        self.honest.reregister(source, token, interest, trigger)
        self.note(source, token, interest, trigger, self.book.get(key_of(source)))

    def deregister(self, source: Source) -> None:
        """Forward, and forget."""
        self.honest.deregister(source)
        self.forget(source)

    def note(
        self, source: Source, token: int, interest: Interest, trigger: Trigger, before: Asked | None = None
    ) -> Asked:
        """Enter into the book what was asked."""
        kind = before.kind if before else kind_of(source)
        asked = Asked(source, kind, token, interest, trigger, before=before)
        self.forget(source)
        self.book[key_of(source)] = asked
        asked.mask = asked.last = self.look(asked)
        return asked

    def forget(self, source: Source) -> Asked | None:
        """Strike the source from the book; answer what stood there."""
        return self.book.pop(key_of(source), None)

    def of(self, token: int) -> Asked | None:
        """What was asked under `token`; the latest, where a closed file left its entry behind."""
        return next((asked for asked in reversed(self.book.values()) if asked.token == token), None)

    def look(self, asked: Asked) -> int:
        """What poll(2) shows of it now; of a user source, its readiness in the same bits."""
        if asked.kind == WAKER:
            return 0
        if asked.kind == "user":
            value = self.setters[asked.source].get()
            return (select.POLLIN if value & R else 0) | (select.POLLOUT if value & W else 0)
        looker = select.poll()
        number = asked.source.fileno()
        if number < 0:
            return 0
        looker.register(number, select.POLLIN | select.POLLPRI | select.POLLOUT | RDHUP)
        shown = looker.poll(0)
        return shown[0][1] & ~select.POLLNVAL if shown else 0

    def rearm(self, asked: Asked) -> None:
        """Have the honest poller tell it anew."""
        self.honest.reregister(asked.source, asked.token, asked.interest, asked.trigger)

    # ── polls ───────────────────────────────────────────────────────────────────────────────────────────────

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        """Harvest, tell, take note."""
        self.is_polling = True
        try:
            events = self.harvest(timeout, max_events)
        finally:
            self.is_polling = False
        return self.retell(events)

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """What the honest poller has to tell."""
        found: list[Event] = self.honest.poll(timeout, max_events)
        return found

    def retell(self, events: Iterable[Event]) -> list[Event]:
        """Turn what was harvested into what is told."""
        told: list[Event] = []
        for event in events:
            asked = self.of(event[0])
            told += [event] if asked is None else self.tell(asked, event)
        self.take_note(told)
        return told

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """What to tell for one event."""
        return [event]

    def take_note(self, told: list[Event]) -> None:
        """Enter into the book what was told, and what poll(2) shows now."""
        for asked in self.book.values():
            asked.polls += 1
            asked.last = self.look(asked)
            asked.unready |= 7 & ~int(bits_of(asked.last))
        for token, readiness in told:
            if (found := self.of(token)) is not None:
                for direction in EVERY:
                    if readiness & direction:
                        found.told[direction] = found.told.get(direction, 0) + 1
                found.has_fired = found.is_oneshot
                found.fired_mask = found.last

    # ── the rest of the contract ────────────────────────────────────────────────────────────────────────────

    def poll_each(self, timeout: float | None, on_event: Callable[[Event], None]) -> None:
        """Dispatch what poll tells; what a handler has removed or replaced meanwhile is not told any more."""
        events = self.poll(timeout)
        owners = [self.of(event[0]) for event in events]  # now: later their tokens may be others'
        for event, owner in zip(events, owners, strict=True):
            if owner is None or any(asked is owner for asked in self.book.values()):
                on_event(event)

    def waker(self, token: int) -> Waker:
        """Forward, and note."""
        waker: Waker = self.honest.waker(token)
        self.book[WAKER] = Asked(None, WAKER, token, R, Trigger.EDGE)
        return waker

    def user_readiness(self) -> tuple[object, Setter]:
        """Forward, and keep the setter."""
        source, setter = self.honest.user_readiness()
        self.setters[source] = setter
        return source, setter

    def close(self) -> None:
        """Forward."""
        self.honest.close()


_HINTS = {R: Readiness.READ_CLOSED | Readiness.ERROR, W: Readiness.WRITE_CLOSED | Readiness.ERROR, P: Readiness(0)}


class Deaf(Wrapper):
    """Does not tell what it does not hear: a direction of an event, with the hints that go with it."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        """Whether this direction of this event is told."""
        raise NotImplementedError

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Leave out the directions that are not heard; an event without any is not told."""
        readiness = Readiness(event[1])
        for direction in EVERY:
            if event[1] & direction and not self.hears(asked, direction, event):
                readiness &= ~(Readiness(int(direction)) | _HINTS[direction])
        return [Event(event[0], readiness)] if readiness & 7 else []
