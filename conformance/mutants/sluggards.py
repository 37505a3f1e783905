"""Sluggards: pollers whose time is wrong - they spin, sleep over, round down, or start the clock anew."""

# ruff: noqa: ARG002  # an override need not look at all that it is given

from __future__ import annotations

import signal
import time

from conformance.loading import load, resolve
from conformance.mutants.rows import HONEST_POLLER, mutant
from conformance.mutants.wrapper import Asked, R, Wrapper, bits_of, key_of
from conformance.protocol import Event, Source

_DAY = 86_400.0


class Restless(Wrapper):
    """Does not wait in some cases where it should."""

    def spins(self, timeout: float | None) -> bool:
        """Whether this wait is none."""
        raise NotImplementedError

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Look where it should wait."""
        return super().harvest(0.0 if self.spins(timeout) else timeout, max_events)

    def ready(self, asked: Asked) -> bool:
        """Whether what it asks for is ready now."""
        return bool(bits_of(self.look(asked)) & asked.interest)


@mutant("TIM-03", "mio #1614, #1615, #1616 (2022)", "rest 0.9ms", "SPU-01", "TIM-09")
class RoundsDown(Restless):
    """Cuts timeouts to whole milliseconds: below one it does not wait."""

    def spins(self, timeout: float | None) -> bool:
        return timeout is not None and timeout < 0.001


@mutant("SPU-01", "shadow/shadow #1540", "eventfd 1; register 1 7 r level; rest 20ms", "SPU-06", "TIM-03")
class NeverWaits(Restless):
    """Where files are registered and none is ready, a wait with a timeout is a look."""

    def spins(self, timeout: float | None) -> bool:
        return timeout is not None and timeout < 1 and bool(self.book)


@mutant("TIM-09", "mio:POLL-26", "rest 20ms", "SPU-01", "SPU-04")
class NeverWaitsForNothing(Restless):
    """With nothing registered, returns at once."""

    def spins(self, timeout: float | None) -> bool:
        return not self.book


@mutant("SPU-02", "mio #808 (2018)", "unix 1 2; register 1 7 w level+oneshot; poll 0; rest 20ms", "SPU-01", "TIM-03")
class SpinsBesideFired(Restless):
    """Waits on the conditions, not on what is enabled: a ready one-shot that has fired keeps it awake."""

    def spins(self, timeout: float | None) -> bool:
        return any(asked.has_fired and self.ready(asked) for asked in self.book.values())


@mutant(
    "SPU-03", "mio #1303 (2020), mio:EDGE-07", "unix 1 2; register 1 7 w edge; poll 0; rest 20ms", "SPU-01", "TIM-03"
)
class SpinsBesideUndrained(Restless):
    """Emulates edge on a level set: an edge that was told and not drained keeps it awake."""

    def spins(self, timeout: float | None) -> bool:
        return any(asked.is_edge and not asked.is_oneshot and self.ready(asked) for asked in self.book.values())


@mutant(
    "SPU-06",
    "shadow/shadow #1540",
    "unix 1 2; register 1 7 r level; send 2 1; poll 0; drain 1; rest 20ms",
    "SPU-01",
    "TIM-03",
)
class SpinsAfterDraining(Restless):
    """A level registration that was told once counts as ready for ever."""

    def spins(self, timeout: float | None) -> bool:
        return any(asked.is_level and asked.told and asked.source is not None for asked in self.book.values())


@mutant(
    "SPU-04", "mio #1205, #1206 (2019)", "unix 1 2; register 1 7 w level; deregister 1; rest 20ms", "SPU-01", "TIM-09"
)
class SpinsBesideDeregistered(Restless):
    """A file that was deregistered still ends each wait, with nothing to tell."""

    def __init__(self, honest: object) -> None:
        super().__init__(honest)
        self.dead: list[Asked] = []

    def deregister(self, source: Source) -> None:
        """Forget the token, not the file."""
        asked = self.book.get(key_of(source))
        super().deregister(source)
        self.dead += [asked] if asked else []

    def spins(self, timeout: float | None) -> bool:
        return any(self.ready(asked) for asked in self.dead)


@mutant("SPU-05", "mio:POLL-02, shadow/shadow #1540", "eventfd 1; register 1 7 r level; await none send 1")
class NeverWaitsForEver(Restless):
    """A wait without end is a look."""

    def spins(self, timeout: float | None) -> bool:
        return timeout is None


@mutant("TIM-06", "mio #1948 (2026), #1349 (2020)", "eventfd 1; register 1 7 r level; await 2000000s send 1", "SPU-05")
class WrapsLongWaits(Restless):
    """Counts a timeout in 32 bits of microseconds: one of a day has passed before it began."""

    def spins(self, timeout: float | None) -> bool:
        return timeout is not None and timeout >= 3_600


@mutant("TIM-06", "mio #1657 (2023)", "unix 1 2; register 1 7 w level; poll 1day")
class OverflowsOnLongWaits(Wrapper):
    """Refuses a timeout of a day."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Add before the clamp."""
        if timeout is not None and timeout >= _DAY:
            raise OverflowError("timeout is too large")
        return super().harvest(timeout, max_events)


@mutant("TIM-01", "Smithay/calloop #142", "rest 0.9ms")
class AddsAMillisecond(Wrapper):
    """Adds a millisecond to each timeout, also to zero."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Round up what was whole."""
        return super().harvest(timeout if timeout is None else timeout + 0.001, max_events)


@mutant("LVL-02", "mio #1065 (2019)", "unix 1 2; register 1 7 w level; settle", "REG-02", "LVL-03")
class LooksAtNothing(Wrapper):
    """poll(0) skips the system call."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Nothing to wait for, nothing to ask."""
        return [] if timeout == 0 else super().harvest(timeout, max_events)


@mutant("TIM-05", "mio #1106 (2019)", "unix 1 2; register 1 7 w level; poll 120ms")
class CollectsUntilTheTimeout(Wrapper):
    """Collects events until the timeout has passed, instead of until there is one."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Wait it out."""
        events = super().harvest(timeout, max_events)
        if events and timeout is not None and timeout < 1:
            time.sleep(timeout)
        return events


@mutant("TIM-10", "mio #1140 (2019), mio:POLL-07", "eventfd 1; register 1 7 r level; await 120ms send 1", "TIM-05")
class SleepsThroughTheTimeout(Wrapper):
    """Where nothing is ready, sleeps for the whole timeout before it looks again."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Sleep instead of waiting."""
        events = super().harvest(0.0 if timeout else timeout, max_events)
        if events or not timeout:
            return events
        time.sleep(timeout)
        return super().harvest(0.0, max_events)


@mutant(
    "TIM-08", "bun #34780, capnproto #580, netty #5378", "signals 20ms",
    only_real="a signal does not end a wait of the fake kernel's time",
)  # fmt: skip
class StartsAnewOnSignals(Wrapper):
    """A signal starts the wait anew, with the full timeout."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Wait again for as long as signals come."""
        events = super().harvest(timeout, max_events)
        while not events and timeout and signal.getitimer(signal.ITIMER_REAL)[0]:
            events = super().harvest(timeout, max_events)
        return events


@mutant(
    "TIM-07", "mio #494, #742 (2017)", "signals 20ms", only_real="the fake kernel has no timers that send signals",
)  # fmt: skip
class RaisesOnSignals(Wrapper):
    """A signal makes poll raise."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Surface EINTR."""
        is_signalled = bool(timeout and signal.getitimer(signal.ITIMER_REAL)[0])
        events = super().harvest(timeout, max_events)
        if is_signalled and not events:
            raise InterruptedError("interrupted system call")
        return events


@mutant("TIM-07", "mio #1222 (2020)", "eventfd 1; register 1 7 r level; reregister 1 7 r level; poll 0")
class RaisesAfterReregister(Wrapper):
    """The poll after a reregister raises: cancelling the old request counts as its error."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Let the cancellation out."""
        for asked in self.book.values():
            if asked.before is not None and not asked.polls:
                raise OSError("operation cancelled")
        return super().harvest(timeout, max_events)


class Sleeper(Wrapper):
    """Falls asleep for ever in some waits."""

    def sleeps(self, timeout: float | None) -> bool:
        """Whether nobody will ever come back from this wait."""
        raise NotImplementedError

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Wait on a poller that watches nothing."""
        if not self.sleeps(timeout):
            return super().harvest(timeout, max_events)
        nobody = load(resolve(HONEST_POLLER).spec)()
        events: list[Event] = nobody.poll(None)  # type: ignore[attr-defined]  # a factory answers with an object
        return events


@mutant("TIM-02", "mio #1349 (2020)", "poll 0.9ms", "TIM-03", "SPU-01")
class SleepsForEver(Sleeper):
    """Takes a short timeout for none."""

    def sleeps(self, timeout: float | None) -> bool:
        return timeout is not None and 0 < timeout < 0.001


@mutant("LVL-07", "mio:LVL-04", "unix 1 2; register 1 7 w level; poll none")
class BlocksOverLevel(Sleeper):
    """A wait without end sleeps, although a level registration is ready."""

    def sleeps(self, timeout: float | None) -> bool:
        levels = [asked for asked in self.book.values() if asked.is_level and asked.kind != "user"]
        return timeout is None and any(bits_of(self.look(asked)) & asked.interest & 3 for asked in levels)


@mutant(
    "TIM-04", "shadow/shadow #1623, mio #1140 (2019)", "eventfd 1; register 1 7 r level; await none send 1", "PIP-05"
)
class WaitsOnASnapshot(Sleeper):
    """A wait without end begins with a look, and what becomes ready after it wakes nobody."""

    def sleeps(self, timeout: float | None) -> bool:
        files = [asked for asked in self.book.values() if asked.kind not in ("user", "waker")]
        return timeout is None and bool(files) and not any(bits_of(self.look(asked)) & R for asked in files)
