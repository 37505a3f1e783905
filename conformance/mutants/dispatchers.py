"""Dispatchers: loops that go wrong when a handler changes registrations."""

# ruff: noqa: ARG002  # an override need not look at all that it is given

from __future__ import annotations

import contextlib
from collections.abc import Callable

from conformance.loading import load, resolve
from conformance.mutants.rows import HONEST_POLLER, mutant
from conformance.mutants.users import MindingSets, MindingWakes
from conformance.mutants.wrapper import Asked, Wrapper, bits_of, key_of, remove
from conformance.protocol import Event, Interest, Readiness, Setter, Source, Trigger, Waker

R, W = Interest.READABLE, Interest.WRITABLE
OnEvent = Callable[[Event], None]


class Dispatcher(Wrapper):
    """Knows whose handler runs, what of the batch is still to come, and what handlers have removed."""

    current: int | None = None
    """The token whose handler runs; None outside of all."""

    def __init__(self, honest: object) -> None:
        super().__init__(honest)
        self.rest: list[Event] = []
        self.removed: dict[int, None] = {}
        self.given_up: dict[int, None] = {}
        """The tokens that were removed or replaced since poll_each began."""

    def poll_each(self, timeout: float | None, on_event: OnEvent) -> None:
        """Dispatch, one after another."""
        self.given_up, self.removed = {}, {}
        self.rest = list(self.poll(timeout))
        batch = tuple(self.rest)
        while self.rest:
            event = self.rest.pop(0)
            if self.is_due(event):
                self.current = event[0]
                self.call(on_event, event)
                self.current = None
        self.finish(batch)

    def is_due(self, event: Event) -> bool:
        """Whether the handler is called for it."""
        return event[0] not in self.given_up

    def call(self, on_event: OnEvent, event: Event) -> None:
        """Call the handler."""
        on_event(event)

    def finish(self, batch: tuple[Event, ...]) -> None:
        """Do what is done when the batch is over."""

    def forget(self, source: Source) -> Asked | None:
        """Strike it from the book, and note whose token that was."""
        asked = super().forget(source)
        if asked is not None:
            self.given_up[asked.token] = None
        return asked

    def deregister(self, source: Source) -> None:
        """Note whose registration was removed."""
        asked = self.book.get(key_of(source))
        super().deregister(source)
        if asked is not None:
            self.removed[asked.token] = None

    @property
    def is_inside(self) -> bool:
        """Whether a handler runs."""
        return self.current is not None

    def is_pending(self, token: int) -> bool:
        """Whether the batch in progress may still tell it."""
        return any(event[0] == token for event in self.rest)

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Leave out what the subclass has lost."""
        return [] if asked.is_lost else [event]


# ── what must not be dispatched any more ────────────────────────────────────────────────────────────────────────


@mutant(
    "DSP-01", "mio:REG-15, asyncio remove_reader()", "unix 1 2; register 1 7 w level; register 2 8 w level; dispatch 0 deregister 2"
)  # fmt: skip
class DispatchesTheRemoved(Dispatcher):
    """What a handler removes is called all the same, if it was harvested with it."""

    def is_due(self, event: Event) -> bool:
        """Do not ask who is gone."""
        return super().is_due(event) or event[0] in self.removed


@mutant(
    "DSP-02", "asyncio remove_writer(), Handle.cancel()",
    "unix 1 2; send 1 1; register 2 7 rw level; dispatch 0 deregister 2", "DSP-01",
)  # fmt: skip
class FinishesThePair(Dispatcher):
    """Calls for reading, then for writing, whatever the first call has done to the registration."""

    def call(self, on_event: OnEvent, event: Event) -> None:
        """Call twice where both directions are told."""
        if event[1] & 3 != 3:
            on_event(event)
            return
        on_event(Event(event[0], event[1] & ~Readiness.WRITABLE))
        if self.is_due(event) or event[0] in self.removed:
            on_event(Event(event[0], Readiness.WRITABLE))


@mutant(
    "DSP-03", "asyncio add_reader(), mio:REG-06",
    "unix 1 2; register 1 7 w level; register 2 8 w level; dispatch 0 reregister 2 9 w level",
)  # fmt: skip
class DispatchesReplacedTokens(Dispatcher):
    """An event that was harvested is called under the token of that time, though a handler has replaced it."""

    def is_due(self, event: Event) -> bool:
        """Ask only who is gone."""
        return event[0] not in self.removed


@mutant(
    "DSP-04", "asyncio remove_writer()",
    "unix 1 2; register 1 7 w level; register 2 8 rw level; dispatch 0 reregister 2 8 r level", "REG-04",
)  # fmt: skip
class DispatchesDroppedDirections(Dispatcher):
    """A registration that a handler narrows is called for all that was harvested."""

    def is_due(self, event: Event) -> bool:
        """Take a token that is the same for a registration that is."""
        return super().is_due(event) or (event[0] not in self.removed and self.of(event[0]) is not None)


@mutant(
    "DSP-10", "epoll(7) Possible pitfalls, If using an event cache",
    "unix 1 2; register 1 7 w level; eventfd 3; send 3 1; register 3 8 r level;"
    " dispatch 0 deregister 3 and close 3 and eventfd 4 and register 4 9 r level",
)  # fmt: skip
class DispatchesByNumber(Dispatcher):
    """Harvests numbers, and looks up whose they are when it calls."""

    def __init__(self, honest: object) -> None:
        super().__init__(honest)
        self.numbers: dict[int, object] = {}

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        """Take the numbers down."""
        self.numbers = {asked.token: key for key, asked in self.book.items()}
        return super().poll(timeout, max_events)

    def is_due(self, event: Event) -> bool:
        """Also who has the number of one that was removed."""
        return super().is_due(event) or self.heir(event) is not None

    def heir(self, event: Event) -> Asked | None:
        """Who was registered under the number since, asking for some of it."""
        asked = self.book.get(self.numbers.get(event[0]))
        is_new = asked is not None and asked.before is None and event[0] in self.removed
        return asked if asked is not None and is_new and asked.interest & event[1] else None

    def call(self, on_event: OnEvent, event: Event) -> None:
        """Call whoever has the number now."""
        heir = self.heir(event) if event[0] in self.given_up else None
        on_event(Event(heir.token, event[1] & Readiness(int(heir.interest))) if heir else event)


# ── what must be told, or done ──────────────────────────────────────────────────────────────────────────────────


@mutant(
    "DSP-05", "mio:REG-32",
    "unix 1 2; register 1 7 w level; dispatch 0 register 2 8 w level; settle", "REG-02", "DSP-18",
)  # fmt: skip
class ForgetsAdditions(Dispatcher):
    """A registration that a handler adds goes into a list of which the loop has a copy."""

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Lose it."""
        super().register(source, token, interest, trigger)
        self.book[key_of(source)].is_lost = self.is_inside


@mutant(
    "DSP-06", "mio:EDGE-16",
    "unix 1 2; register 1 7 w edge; register 2 8 w edge; dispatch 0 deregister 1; settle", "EDG-02",
)  # fmt: skip
class EndsTheBatch(Dispatcher):
    """When a handler removes a registration, the rest of the batch is thrown away."""

    def deregister(self, source: Source) -> None:
        """Throw it away."""
        super().deregister(source)
        if self.is_inside:
            self.rest.clear()


@mutant(
    "DSP-07", "mio:REG-06, asyncio add_reader()",
    "unix 1 2; register 1 7 w edge; register 2 8 w edge; dispatch 0 reregister 2 8 w edge; settle", "EDG-02", "REG-16",
)  # fmt: skip
class LosesTheReplaced(Dispatcher):
    """What was about to be called when a handler reregistered it is silenced in the batch, and never told."""

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Lose it."""
        before = self.book.get(key_of(source))
        super().reregister(source, token, interest, trigger)
        self.book[key_of(source)].is_lost = before is not None and self.is_inside and self.is_pending(before.token)


@mutant(
    "DSP-08", "mio:ONE-04, epoll_ctl(2) EPOLLONESHOT",
    "unix 1 2; register 1 7 w level+oneshot; dispatch 0 reregister 1 7 w level+oneshot; settle", "ONE-04", "ONE-08",
)  # fmt: skip
class DisarmsAfterTheHandler(Dispatcher):
    """A one-shot is disabled when its handler has returned, also where that has rearmed it."""

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Let it be disabled later."""
        before = self.book.get(key_of(source))
        super().reregister(source, token, interest, trigger)
        is_own = before is not None and before.token == self.current
        self.book[key_of(source)].is_lost = is_own and bool(trigger & Trigger.ONESHOT)


@mutant(
    "DSP-09", "mio:EDGE-03, epoll(7) Q9",
    "unix 1 2; register 2 7 r edge; send 1 1; dispatch 0 drain 2; send 1 1; settle", "EDG-03",
)  # fmt: skip
class NotesEdgesAfterTheBatch(Dispatcher):
    """When the batch is over, notes each edge that was told as undrained, also those that a handler has drained."""

    def finish(self, batch: tuple[Event, ...]) -> None:
        """Note them."""
        for token, readiness in batch:
            asked = self.of(token)
            if asked and asked.is_plain_edge and readiness & R and asked.kind != "user" and asked.source.fileno() >= 0:
                asked.is_lost |= not bits_of(self.look(asked)) & R


@mutant("DSP-11", "pollcheck contract, DISPATCH", "unix 1 2; register 1 7 w level; dispatch none", "TIM-04", "REG-02")
class WaitsForAStop(Dispatcher):
    """poll_each without a timeout waits for a wake-up that nobody gives, and calls nobody."""

    def poll_each(self, timeout: float | None, on_event: OnEvent) -> None:
        """Wait on a poller that watches nothing."""
        if timeout is None:
            load(resolve(HONEST_POLLER).spec)().poll(None)  # type: ignore[attr-defined]  # a factory answers with an object
        super().poll_each(timeout, on_event)


@mutant(
    "DSP-12", "pollcheck contract, DISPATCH",
    "unix 1 2; register 1 7 w level; register 2 8 w level; dispatch 0 deregister 2",
)  # fmt: skip
class RaisesOverTheRemoved(Dispatcher):
    """poll_each looks up each token, and raises where a handler has removed it."""

    def is_due(self, event: Event) -> bool:
        """Look it up."""
        if event[0] in self.removed:
            raise KeyError(event[0])
        return super().is_due(event)


@mutant("DSP-13", "mio:REG-32", "unix 1 2; register 1 7 w level; dispatch 0 register 2 8 w level", "REG-13")
class RefusesInside(Dispatcher):
    """register inside a handler is refused: the loop is busy."""

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Refuse."""
        if self.is_inside:
            raise BlockingIOError("the loop is dispatching")
        super().register(source, token, interest, trigger)


@mutant("DSP-14", "asyncio call_soon_threadsafe(), mio:WAK-03", "waker 7; wake 1; dispatch 0 wake 1; settle", "WAK-03")
class WakesNobodyInside(Dispatcher, MindingWakes):
    """A wake inside a handler is left out, since the loop is awake."""

    def on_wake(self, waker: Waker) -> None:
        """Ring only for who may sleep."""
        if not self.is_inside:
            waker.wake()


@mutant(
    "DSP-15", "mio:CUS-26",
    "user 1; register 1 7 r level; unix 2 3; register 2 8 w level; dispatch 0 set 1 r; settle", "USR-01", "USR-06",
)  # fmt: skip
class IgnoresSetsInside(Dispatcher, MindingSets):
    """A set inside a handler is noted, and not queued."""

    def on_set(self, source: object, setter: Setter, value: Readiness) -> None:
        """Queue only what comes from outside."""
        if not self.is_inside:
            setter.set(value)


@mutant(
    "DSP-18", "mio:LIFE-08, selectors unregister()",
    "eventfd 1; register 1 7 w level; dispatch 0 deregister 1 and close 1 and eventfd 2 and register 2 8 w level; settle",
    "DSP-05", "REG-02",
)  # fmt: skip
class RemovesAtTheEnd(Dispatcher):
    """What handlers remove is taken out at the end of the batch, by number: a newcomer goes in its place."""

    def __init__(self, honest: object) -> None:
        super().__init__(honest)
        self.doomed: list[object] = []

    def deregister(self, source: Source) -> None:
        """Put the number on the list; what it has taken from others is as good as there."""
        asked = self.book.get(key_of(source))
        if asked is not None and asked.is_lost:
            self.forget(source)
            return
        super().deregister(source)
        if self.is_inside:
            self.doomed.append(key_of(source))

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """What was taken out is put back."""
        asked = self.book.get(key_of(source))
        if asked is None or not asked.is_lost:
            super().reregister(source, token, interest, trigger)
            return
        self.honest.register(source, token, interest, trigger)
        self.note(source, token, interest, trigger, asked)

    def finish(self, batch: tuple[Event, ...]) -> None:
        """Take out whoever has the numbers now."""
        for key in self.doomed:
            if (asked := self.book.get(key)) is not None and not asked.is_lost:
                with contextlib.suppress(OSError, ValueError):
                    remove(self.honest, asked.source)
                asked.is_lost = True
        self.doomed.clear()
