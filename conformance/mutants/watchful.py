"""Watchful: the honest variants that tell what they were not just told, or hold it back.

What a variant holds back, it throws away when its registration is replaced or has gone; since a closed file is forgotten without a
call, it asks whether the number is still the same file, and where it cannot tell it holds nothing back: eventfds share an inode, and
so do both ends of a pipe.
"""

# ruff: noqa: ARG002  # an override need not look at all that it is given

from __future__ import annotations

import os
from typing import Any

from conformance.mutants.rows import honest
from conformance.mutants.wrapper import WAKER, Asked, Wrapper, bits_of, key_of
from conformance.protocol import Event, Interest, Readiness, Source, Trigger

HINTS = Readiness.ERROR | Readiness.READ_CLOSED | Readiness.WRITE_CLOSED


def identity(asked: Asked) -> tuple[int, int] | None:
    """What file its number is; None where that cannot be told."""
    if asked.kind in ("eventfd", "pipe", WAKER, "user"):
        return None
    try:
        found = os.fstat(asked.source.fileno())
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino)


class Watchful(Wrapper):
    """Knows which of its registrations are still those that were asked for."""

    def __init__(self, honest: Any) -> None:
        super().__init__(honest)
        self.identities: dict[Asked, tuple[int, int] | None] = {}

    def note(
        self, source: Source, token: int, interest: Interest, trigger: Trigger, before: Asked | None = None
    ) -> Asked:
        """Take the identity down."""
        asked = super().note(source, token, interest, trigger, before)
        self.identities[asked] = identity(asked)
        return asked

    def stands(self, asked: Asked) -> bool:
        """Whether it is registered, enabled, and still the same file."""
        known = self.identities.get(asked)
        is_same = known is not None and identity(asked) == known
        return is_same and self.of(asked.token) is asked and not asked.has_fired


@honest("mio:SPUR-01, mio:SPUR-02")
class NeedlessEvents(Watchful):
    """Each third poll tells some registration again, ready or not."""

    turns = 0

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Add one where there is room."""
        events = super().harvest(timeout, max_events)
        self.turns += 1
        told = [token for token, _ in events]
        if self.turns % 3 == 0 and (max_events is None or len(events) < max_events):
            for asked in list(self.book.values()):
                if not asked.is_oneshot and asked.token not in told and asked.interest & 3 and self.stands(asked):
                    return [*events, Event(asked.token, Readiness(int(asked.interest & 3)))]
        return events


class Holding(Watchful):
    """Holds some events back for one poll."""

    def __init__(self, honest: Any) -> None:
        super().__init__(honest)
        self.held: list[tuple[Asked, Event]] = []

    def parts(self, asked: Asked, event: Event) -> tuple[int, int]:
        """The bits to tell now, and those to hold back."""
        raise NotImplementedError

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        """Tell what was held back first; a wait is none while something is."""
        held = [(asked, event) for asked, event in self.held if self.of(event[0]) is asked and self.may_tell(asked)]
        late = [event for _, event in held[:max_events]]
        self.held = held[len(late) :]
        room = None if max_events is None else max_events - len(late)
        if room == 0:
            self.take_note(late)
            return late
        events = super().poll(0.0 if late else timeout, room)
        self.take_note(late)
        return late + events

    def may_tell(self, asked: Asked) -> bool:
        """Whether what was held back may still be told."""
        return self.stands(asked)

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Part it."""
        now, later = self.parts(asked, event)
        if later:
            self.held.append((asked, Event(event[0], Readiness(later))))
        return [Event(event[0], Readiness(now))] if now else []


@honest("mio:CUS-04, mio:CUS-06")
class LateUsers(Holding):
    """Tells user readiness one poll late."""

    def parts(self, asked: Asked, event: Event) -> tuple[int, int]:
        """Hold users back."""
        is_late = asked.kind == "user" and not asked.is_oneshot
        return (0, int(event[1])) if is_late else (int(event[1]), 0)

    def may_tell(self, asked: Asked) -> bool:
        """A user source cannot be closed."""
        return True


@honest("mio:REG-29, mio:POLL-18")
class HalfEvents(Holding):
    """Tells readable now and writable by the next poll."""

    def parts(self, asked: Asked, event: Event) -> tuple[int, int]:
        """Hold WRITABLE back, where both are told."""
        is_parted = event[1] & 3 == 3 and not asked.is_oneshot and self.stands(asked)
        return (int(event[1]) & ~2, 2) if is_parted else (int(event[1]), 0)


@honest("mio:POLL-18, epoll(7)")
class LateWritable(Holding):
    """Tells writable one poll late."""

    def parts(self, asked: Asked, event: Event) -> tuple[int, int]:
        """Hold it back."""
        is_late = event[1] & 2 and not event[1] & HINTS and not asked.is_oneshot and self.stands(asked)
        return (int(event[1]) & ~2, 2) if is_late else (int(event[1]), 0)


@honest("mio:EDGE-08, mio:SPUR-01")
class RepeatedEdges(Watchful):
    """Tells an edge that was not drained again, in each second poll."""

    turns = 0

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Add what is still ready, where there is room."""
        events = super().harvest(timeout, max_events)
        self.turns += 1
        told = [token for token, _ in events]
        for asked in list(self.book.values()) if self.turns % 2 else []:
            ready = bits_of(self.look(asked)) & asked.interest & 3 if asked.source is not None else 0
            is_again = asked.is_edge and not asked.is_oneshot and asked.token not in told and ready
            if is_again and self.stands(asked) and (max_events is None or len(events) < max_events):
                events.append(Event(asked.token, Readiness(int(ready))))
        return events


@honest("mio:REG-10")
class SilentReregister(Watchful):
    """A reregister of an edge that changes nothing is not handed on, so that it makes no edge."""

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Skip it, where the file is still the one that was registered."""
        before = self.book.get(key_of(source))
        is_same = before is not None and (before.token, before.interest, before.trigger) == (token, interest, trigger)
        if not (before and is_same and before.is_edge and not before.is_oneshot and self.stands(before)):
            super().reregister(source, token, interest, trigger)
