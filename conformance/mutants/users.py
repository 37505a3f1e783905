"""Users: pollers that fail those who set a readiness, or wake."""

# ruff: noqa: ARG002  # an override need not look at all that it is given

from __future__ import annotations

from collections.abc import Callable

from conformance.mutants.rows import mutant
from conformance.mutants.sluggards import Restless
from conformance.mutants.wrapper import WAKER, Asked, Deaf, Wrapper
from conformance.protocol import Event, Interest, Readiness, Setter, Waker

# ── user readiness ──────────────────────────────────────────────────────────────────────────────────────────────


@mutant("USR-01", "mio #892 (2018)", "user 1; register 1 7 r level; set 1 r; settle", "USR-06", "USR-04")
class IgnoresSets(Deaf):
    """Tells of a user source only what was set when it was registered."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return asked.kind != "user" or asked.was_ready(direction)


@mutant("USR-02", "mio #556, #557 (2017)", "user 1; set 1 r; register 1 7 r level; settle", "USR-05")
class ForgetsEarlierSets(Deaf):
    """A readiness that was set before register is lost."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return asked.kind != "user" or asked.before is not None or not asked.was_ready(direction)


@mutant("USR-05", "mio #892 (2018)", "user 1; register 1 7 r level; set 1 r; settle", "USR-14")
class TellsSetsOnce(Deaf):
    """Under level, tells a readiness that stays set once."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        is_level = asked.is_level and not asked.is_oneshot
        return not (asked.kind == "user" and is_level and asked.told.get(direction) and asked.last & int(direction))


@mutant("USR-06", "mio #463 (2016)", "user 1; register 1 7 r edge; set 1 r; poll 0; set 1 -; set 1 r; settle", "USR-01")
class HearsOneSet(Deaf):
    """Under edge, tells of the first set only."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind == "user" and asked.is_edge and not asked.is_oneshot and asked.told.get(direction))


@mutant(
    "USR-14",
    "rcore-os/tgoskits #676, mio:CUS-36",
    "unix 1 2; user 3; register 1 7 w level; register 3 8 r level; set 3 r; settle",
    "USR-01",
    "USR-02",
)
class PrefersFiles(Wrapper):
    """Where files have something to tell, user sources are not asked; what they had is lost."""

    def retell(self, events: list[Event]) -> list[Event]:  # type: ignore[override]  # the base takes any iterable
        """Leave them out."""
        users = [event for event in events if (asked := self.of(event[0])) and asked.kind == "user"]
        files = [event for event in events if event not in users]
        return super().retell(files or users)


class _Lying:
    """A setter whose `set` goes through the poller first; `get` answers what the user set."""

    def __init__(self, setter: Setter, on_set: Callable[[Setter, Readiness], None]) -> None:
        self._setter, self._on_set = setter, on_set
        self._value = Readiness(0)

    def set(self, readiness: Readiness, /) -> None:
        """Let the poller decide what becomes of it."""
        self._value = Readiness(readiness)
        self._on_set(self._setter, self._value)

    def get(self) -> Readiness:
        """Answer the value last set."""
        return self._value


class MindingSets(Wrapper):
    """Decides what becomes of each `set`."""

    def user_readiness(self) -> tuple[object, Setter]:
        """Hand out a setter that asks us."""
        source, setter = super().user_readiness()
        return source, _Lying(setter, lambda inner, value: self.on_set(source, inner, value))

    def on_set(self, source: object, setter: Setter, value: Readiness) -> None:
        """Pass it on, or not."""
        setter.set(value)


@mutant("USR-03", "mio:CUS-08", "user 1; set 1 r; set 1 w")
class MergesSets(Wrapper):
    """set adds to the readiness instead of replacing it."""

    def user_readiness(self) -> tuple[object, Setter]:
        """Hand out a setter that merges."""
        source, setter = super().user_readiness()
        return source, _Merging(setter)


class _Merging:
    def __init__(self, setter: Setter) -> None:
        self._setter = setter

    def set(self, readiness: Readiness, /) -> None:
        """Add to what is set."""
        self._setter.set(self._setter.get() | readiness if readiness else readiness)

    def get(self) -> Readiness:
        """Answer what has gathered."""
        return self._setter.get()


@mutant("USR-04", "mio:CUS-11", "user 1; register 1 7 rw level; set 1 r; set 1 w; settle", "USR-01", "USR-06")
class KeepsTheFirstSet(MindingSets):
    """Of two sets before a poll, the first is the one that is told."""

    def on_set(self, source: object, setter: Setter, value: Readiness) -> None:
        """Ignore the second."""
        asked = self.book.get(source)
        if asked is None or not setter.get() or asked.last == self.look(asked):
            setter.set(value)


@mutant(
    "USR-07",
    "mio:CUS-17",
    "user 1; register 1 7 r edge+oneshot; set 1 r; poll 0; set 1 w; reregister 1 7 w edge+oneshot; settle",
    "USR-01",
    "USR-14",
)
class IgnoresSetsWhileDisabled(MindingSets):
    """A set that comes while a one-shot is disabled leaves nothing to tell when it is reregistered."""

    def on_set(self, source: object, setter: Setter, value: Readiness) -> None:
        """Nobody is listening."""
        asked = self.book.get(source)
        setter.set(Readiness(0) if asked and asked.has_fired else value)


@mutant("USR-09", "mio #570, #571 (2017)", "user 1; register 1 7 r level; await none set 1", "USR-01")
class SetsWakeNobody(MindingSets):
    """A set during a wait is noted, and wakes nobody."""

    def __init__(self, honest: object) -> None:
        super().__init__(honest)
        self.noted: list[tuple[Setter, Readiness]] = []

    def on_set(self, source: object, setter: Setter, value: Readiness) -> None:
        """Note it for the next poll."""
        if self.is_polling:
            self.noted.append((setter, value))
        else:
            setter.set(value)

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Do what was noted."""
        while self.noted:
            setter, value = self.noted.pop(0)
            setter.set(value)
        return super().harvest(timeout, max_events)


@mutant(
    "USR-10", "mio #785, #875 (2018)", "user 1; register 1 7 r level; set 1 r; set 1 -; rest 20ms", "SPU-01", "TIM-03"
)
class SpinsAfterWithdrawal(MindingSets, Restless):
    """A readiness that was withdrawn leaves its node in the queue, and the queue keeps the poller awake."""

    is_withdrawn = False

    def on_set(self, source: object, setter: Setter, value: Readiness) -> None:
        """Notice a withdrawal."""
        self.is_withdrawn |= bool(setter.get() and not value)
        setter.set(value)

    def spins(self, timeout: float | None) -> bool:
        return self.is_withdrawn


# ── wakers ──────────────────────────────────────────────────────────────────────────────────────────────────────


@mutant("WAK-01", "mio #1336 (2020)", "waker 7; wake 1; settle", "WAK-03", "WAK-07")
class WakesAsWritable(Wrapper):
    """The waker reports WRITABLE: it was registered under the wrong flag."""

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Change the bit."""
        return [Event(event[0], Readiness.WRITABLE)] if asked.kind == WAKER else [event]


@mutant(
    "WAK-04", "mio 943d4249 (2020), oxidecomputer/helios #169", "waker 7; wake 1; poll 0; wake 1; settle",
    "WAK-01", "WAK-03",
)  # fmt: skip
class WakesOnce(Deaf):
    """The waker is never emptied, so that the second wake makes no edge."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return asked.kind != WAKER or not asked.told


@mutant(
    "WAK-07",
    "mio:WAK-11, mio #538 (2017)",
    "unix 1 2; register 1 7 w level; waker 9; wake 1; settle",
    "WAK-01",
    "WAK-03",
)
class WakesOnlyWhenIdle(Deaf):
    """Where files have something to tell, a wake is lost."""

    is_busy = False

    def retell(self, events: list[Event]) -> list[Event]:  # type: ignore[override]  # the base takes any iterable
        """See whether there is more than the waker."""
        self.is_busy = len(events) > 1
        return super().retell(events)

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return asked.kind != WAKER or not self.is_busy


@mutant("WAK-05", "mio #767, #836 (2017)", "waker 7; wake 1; poll 0; rest 20ms", "SPU-01", "TIM-03")
class SpinsAfterWake(Restless):
    """The byte that woke it stays in the pipe, and wakes it again."""

    def spins(self, timeout: float | None) -> bool:
        return WAKER in self.book and bool(self.book[WAKER].told)


class _Bell:
    """A waker whose `wake` goes through the poller first."""

    def __init__(self, waker: Waker, on_wake: Callable[[Waker], None]) -> None:
        self._waker, self._on_wake = waker, on_wake

    def wake(self) -> None:
        """Let the poller decide what becomes of it."""
        self._on_wake(self._waker)


class MindingWakes(Wrapper):
    """Decides what becomes of each `wake`."""

    def waker(self, token: int) -> Waker:
        """Hand out a waker that asks us."""
        return _Bell(super().waker(token), self.on_wake)

    def on_wake(self, waker: Waker) -> None:
        """Pass it on, or not."""
        raise NotImplementedError


@mutant("WAK-03", "mio:WAK-03", "waker 7; wake 1; settle", "WAK-01", "WAK-04")
class ForgetsEarlyWakes(MindingWakes):
    """A wake while no poll is in progress is lost."""

    def on_wake(self, waker: Waker) -> None:
        """Ring only for who is there."""
        if self.is_polling:
            waker.wake()


@mutant("WAK-02", "mio #1722 (2023)", "waker 7; await none wake 0", "WAK-01")
class WakesNobody(MindingWakes):
    """A wake during a wait does not end it; the next poll is told."""

    is_noted = False

    def on_wake(self, waker: Waker) -> None:
        """Note it for the next poll."""
        if self.is_polling:
            self.is_noted = True
        else:
            waker.wake()


@mutant("WAK-06", "mio:WAK-10, mio #1706", "waker 7; wake 2000", "WAK-01")
class FillsThePipe(MindingWakes):
    """Each wake writes into a pipe of a page that only poll empties; the one that does not fit raises."""

    written = 0

    def on_wake(self, waker: Waker) -> None:
        """Write a byte."""
        self.written += 1
        if self.written > 1_000:
            raise BlockingIOError("the pipe is full")
        waker.wake()

    def take_note(self, told: list[Event]) -> None:
        """Empty the pipe."""
        super().take_note(told)
        self.written = 0
