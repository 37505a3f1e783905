"""Honest: correct pollers, each of which uses one freedom to the full. None may be accused of breaking a MUST; more in `watchful`."""

# ruff: noqa: ARG002  # an override need not look at all that it is given

from __future__ import annotations

import contextlib
import select
import time
from collections.abc import Iterable
from typing import Any

from conformance.mutants.rows import honest
from conformance.mutants.wrapper import WAKER, Asked, Wrapper, bits_of, key_of
from conformance.protocol import Capability, Event, Interest, Readiness, Source, Trigger

LEVEL, EDGE, ONESHOT = Trigger
HINTS = Readiness.ERROR | Readiness.READ_CLOSED | Readiness.WRITE_CLOSED


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
        # what is rearmed by number may be another file by then
        self.capabilities &= ~Capability.CLOSE_FORGETS
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
        # what is rearmed by number may be another file by then
        self.capabilities &= ~Capability.CLOSE_FORGETS
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
