"""Honest: correct pollers, each of which uses one freedom to the full. None may be accused of breaking a MUST.

What a variant holds back, it throws away when its registration is replaced or has gone; since a closed file is forgotten without a
call, it asks whether the number is still the same file, and where it cannot tell (eventfds share an inode) it holds nothing back.
"""

# ruff: noqa: ARG002  # an override need not look at all that it is given

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Iterable
from typing import Any

from conformance.mutants.rows import honest
from conformance.mutants.wrapper import WAKER, Asked, Wrapper, bits_of, key_of
from conformance.protocol import Capability, Event, Interest, Readiness, Source, Trigger

LEVEL, EDGE, ONESHOT = Trigger
HINTS = Readiness.ERROR | Readiness.READ_CLOSED | Readiness.WRITE_CLOSED


def identity(asked: Asked) -> tuple[int, int] | None:
    """What file its number is; None where that cannot be told."""
    if asked.kind in ("eventfd", WAKER, "user"):
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


@honest("mio:POLL-09")
class EarlyEmptyReturns(Wrapper):
    """Each third wait is only a look."""

    turns = 0

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Look, and go."""
        self.turns += 1
        return super().harvest(0.0 if self.turns % 3 == 0 else timeout, max_events)


@honest("mio:REG-29")
class SplitDirections(Wrapper):
    """Tells readable and writable of one registration as two events of one batch, where there is room."""

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        """Part them."""
        events: list[Event] = []
        whole = super().poll(timeout, max_events)
        room = len(whole) * 2 if max_events is None else max_events
        for index, (token, readiness) in enumerate(whole):
            is_parted = readiness & 3 == 3 and len(events) + len(whole) - index < room
            events += (
                [Event(token, readiness & ~Readiness.WRITABLE), Event(token, readiness & ~Readiness.READABLE)]
                if is_parted
                else [Event(token, readiness)]
            )
        return events


@honest("mio:REG-29, mio:EDGE-08")
class MergedDirections(Wrapper):
    """Adds to each event what else is ready of the registration, told before or not."""

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Add it."""
        more = bits_of(self.look(asked)) & asked.interest & 3 if asked.kind != WAKER else 0
        return [Event(event[0], Readiness(event[1] | int(more)))]


@honest("mio:HUP-01, mio:HUP-03")
class HintsStripped(Wrapper):
    """Tells readable, writable and priority, and claims no hints."""

    def __init__(self, honest: Any) -> None:
        super().__init__(honest)
        self.capabilities &= ~(Capability.CLOSED_HINTS | Capability.ERROR_HINT)

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Leave them out."""
        return [Event(event[0], event[1] & ~HINTS)]


@honest("mio:HUP-07, mio:HUP-08")
class UnaskedHints(Wrapper):
    """Adds every hint that is true, asked for or not."""

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Say all that poll(2) shows."""
        mask = self.look(asked) if asked.kind in ("unix", "tcp") else 0
        more = Readiness(0)
        more |= Readiness.READ_CLOSED if mask & (0x2000 | select.POLLHUP) else more
        more |= Readiness.WRITE_CLOSED if mask & select.POLLHUP else more
        return [Event(event[0], event[1] | more)]


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
        late = [event for asked, event in self.held if self.of(event[0]) is asked and self.may_tell(asked)]
        self.held = []
        late = late[:max_events]
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


@honest("mio:POLL-12, mio:POLL-13")
class OneEventPerCall(Wrapper):
    """Tells one event per poll, whatever max_events allows."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Ask for one."""
        return super().harvest(timeout, 1)


@honest("mio:POLL-18")
class ReversedOrder(Wrapper):
    """Tells each batch backwards."""

    def retell(self, events: Iterable[Event]) -> list[Event]:
        """Turn it round."""
        return super().retell(events)[::-1]


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


@honest("mio:POLL-06")
class CoarseTimers(Wrapper):
    """Rounds timeouts up to five milliseconds."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Round up."""
        return super().harvest(max(timeout, 0.005) if timeout else timeout, max_events)


@honest("mio:POLL-09, mio:CUS-27")
class ExtraWakeups(Wrapper):
    """Cuts each wait short: after half of it, or 5 ms, it returns with nothing."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Cut it."""
        short = 0.005 if timeout is None else min(timeout / 2, 0.005) if timeout < 0.06 else timeout / 2
        return super().harvest(timeout and short if timeout is not None else short, max_events)


@honest("trio.lowlevel, epoll_ctl(2) EPOLLONESHOT")
class LevelOverOneshot(Wrapper):
    """Level is a one-shot that each poll rearms."""

    def __init__(self, honest: Any) -> None:
        super().__init__(honest)
        self.spent: list[Asked] = []

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Make it a one-shot below."""
        self.honest.register(source, token, interest, _below(trigger))
        self.note(source, token, interest, trigger)

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Make it a one-shot below."""
        self.honest.reregister(source, token, interest, _below(trigger))
        self.note(source, token, interest, trigger, self.book.get(key_of(source)))

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Rearm what was told."""
        spent, self.spent = self.spent, []
        for asked in spent:
            if self.of(asked.token) is asked:
                with contextlib.suppress(OSError, ValueError):
                    self.honest.reregister(asked.source, asked.token, asked.interest, _below(asked.trigger))
        return super().harvest(timeout, max_events)

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Remember to rearm it."""
        if asked.is_level and not asked.is_oneshot:
            self.spent.append(asked)
        return [event]


def _below(trigger: Trigger) -> Trigger:
    return trigger | ONESHOT if trigger & LEVEL else trigger


@honest("mio:EDGE-08, select(2)")
class EdgeOverLevel(Wrapper):
    """Edge is level that rests after an event and is looked at again after 3 ms."""

    def __init__(self, honest: Any) -> None:
        super().__init__(honest)
        self.resting: list[Asked] = []

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Make it level below."""
        self.honest.register(source, token, interest, _level(source, trigger))
        self.note(source, token, interest, trigger)

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Make it level below."""
        self.honest.reregister(source, token, interest, _level(source, trigger))
        self.note(source, token, interest, trigger, self.book.get(key_of(source)))

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Wait a little without the resting ones, then with them, for as long as was asked."""
        until = None if timeout is None else time.monotonic() + timeout
        if timeout != 0 and self.resting:
            nap = 0.003 if timeout is None else min(0.003, timeout)
            if events := super().harvest(nap, max_events):
                return events
        resting, self.resting = self.resting, []
        for asked in resting:
            if self.of(asked.token) is asked:
                with contextlib.suppress(OSError, ValueError):
                    self.honest.reregister(
                        asked.source, asked.token, asked.interest, _level(asked.source, asked.trigger)
                    )
        return super().harvest(None if until is None else max(0.0, until - time.monotonic()), max_events)

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Let it rest."""
        if asked.source is not None and asked.is_edge and not asked.is_oneshot:
            self.resting.append(asked)
        return [event]


def _level(source: Source, trigger: Trigger) -> Trigger:
    """Below, an edge is a level one-shot: it rests until it is rearmed."""
    return LEVEL | ONESHOT if trigger & EDGE and hasattr(source, "fileno") else trigger


@honest("mio:REG-22, asyncio add_reader()")
class DoubleRegisterReplaces(Wrapper):
    """A second register replaces the first."""

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Try it, then replace."""
        try:
            super().register(source, token, interest, trigger)
        except FileExistsError:
            super().reregister(source, token, interest, trigger)


@honest("mio:REG-24, mio:REG-08")
class StrayCallsAreDone(Wrapper):
    """reregister of what is not registered registers it; deregister of it says nothing."""

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Try it, then register."""
        try:
            super().reregister(source, token, interest, trigger)
        except FileNotFoundError:
            super().register(source, token, interest, trigger)

    def deregister(self, source: Source) -> None:
        """Say nothing to the refusal."""
        with contextlib.suppress(FileNotFoundError):
            super().deregister(source)


@honest("selectors register() Raises")
class RefusesWithKeyError(Wrapper):
    """Refuses as the selectors do, with KeyError and ValueError."""

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Change the word."""
        try:
            super().register(source, token, interest, trigger)
        except OSError as error:
            raise KeyError(str(error)) from None

    def deregister(self, source: Source) -> None:
        """Change the word."""
        try:
            super().deregister(source)
        except OSError as error:
            raise ValueError(str(error)) from None


@honest("mio:LIFE-11, epoll(7) Q2")
class SharedFds(Wrapper):
    """Another epoll watches the same files, and is looked at in between."""

    def __init__(self, honest: Any) -> None:
        super().__init__(honest)
        self.other = select.epoll()

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Let the other watch it, too, with everything."""
        super().register(source, token, interest, trigger)
        if hasattr(source, "fileno"):
            with contextlib.suppress(OSError):
                self.other.register(source.fileno(), select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Look at the other first."""
        self.other.poll(0)
        return super().harvest(timeout, max_events)

    def close(self) -> None:
        """Close the other, too."""
        self.other.close()
        super().close()


@honest("mio:REG-10")
class SilentReregister(Watchful):
    """A reregister of an edge that changes nothing is not handed on, so that it makes no edge."""

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Skip it, where the file is still the one that was registered."""
        before = self.book.get(key_of(source))
        is_same = before is not None and (before.token, before.interest, before.trigger) == (token, interest, trigger)
        if not (before and is_same and before.is_edge and not before.is_oneshot and self.stands(before)):
            super().reregister(source, token, interest, trigger)
