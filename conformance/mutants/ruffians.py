"""Ruffians: bad pollers to survive. Each is a failure of the poller, and never of the run."""

# ruff: noqa: ARG002  # an override need not look at all that it is given

from __future__ import annotations

import ctypes
import os
from typing import Any

from conformance.mutants.rows import mutant
from conformance.mutants.sluggards import Sleeper
from conformance.mutants.wrapper import Asked, Wrapper, bits_of, key_of, take
from conformance.protocol import Event, Interest, Readiness, Source, Trigger, Waker


@mutant("TIM-04", "mio #570, #571 (2017)", "eventfd 1; register 1 7 r level; await none send 1", "LVL-07", "WAK-02")
class Hangs(Sleeper):
    """poll(None) never returns."""

    def sleeps(self, timeout: float | None) -> bool:
        return timeout is None


@mutant("TIM-12", "shadow/shadow #2260", "unix 1 2; register 1 7 w level; poll 0")
class Aborts(Wrapper):
    """Asserts, and takes the process with it."""

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Give up, as compiled code does: on the fake world, too, that is no call of Python's."""
        ctypes.CDLL(None).abort()
        return [event]


@mutant("REG-18", "jolt-lang/jolt #655", "eventfd 1; register 1 7 r level", "TIM-07", "LIF-06")
class RaisesFromEverything(Wrapper):
    """Every method raises."""

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Raise."""
        raise RuntimeError("register")

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Raise."""
        raise RuntimeError("reregister")

    def deregister(self, source: Source) -> None:
        """Raise."""
        raise RuntimeError("deregister")

    def waker(self, token: int) -> Waker:
        """Raise."""
        raise RuntimeError("waker")

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        """Raise."""
        raise RuntimeError("poll")

    def close(self) -> None:
        """Raise."""
        super().close()
        raise RuntimeError("close")


@mutant("REG-18", "selectors register() Raises", "unix 1 2; register 1 7 r level; register 1 7 r level")
class RefusesWithTypeError(Wrapper):
    """Refuses a second register with a TypeError."""

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Use the wrong word."""
        if key_of(source) in self.book:
            raise TypeError("registered already")
        super().register(source, token, interest, trigger)


@mutant("REG-13", "mio #582, #584 (2017)", "pipe 1 2; close 1; register 2 7 w level", "PIP-03")
class RefusesDeadPeers(Wrapper):
    """register of a file whose other end has gone is refused with EPIPE."""

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Look first."""
        super().register(source, token, interest, trigger)
        if self.book[key_of(source)].mask & 0x18:
            super().deregister(source)
            raise BrokenPipeError("the other end has gone")


@mutant(
    "LIF-10",
    "mio 1daa5d6b, #605 (2017)",
    "eventfd 1; register 1 7 r level; deregister 1; register 1 7 r level; deregister 1; register 1 7 r level",
    "REG-11",
    "REG-13",
)
class RunsOutOfSlots(Wrapper):
    """deregister does not free its slot: after two of them, register is refused."""

    freed = 0

    def deregister(self, source: Source) -> None:
        """Lose the slot."""
        super().deregister(source)
        self.freed += 1

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Look for a slot."""
        if self.freed >= 2:
            raise OSError("no slot is free")
        super().register(source, token, interest, trigger)


@mutant("LIF-03", "mio #605, #1031 (2017)", "eventfd 1; register 1 7 r level")
class LeaksFds(Wrapper):
    """Opens a pipe for each registration, and never closes it."""

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Open one."""
        super().register(source, token, interest, trigger)
        os.pipe()


@mutant("TIM-11", "mio:TYP-11", "unix 1 2; register 1 7 w level; poll 0")
class ReturnsGarbage(Wrapper):
    """Returns the names of things."""

    def retell(self, events: Any) -> Any:
        """Spell them out."""
        return [str(event) for event in super().retell(events)]


@mutant("TIM-11", "select.epoll.poll(), selectors select()", "unix 1 2; register 1 7 w level; poll 0")
class ReturnsNone(Wrapper):
    """Returns None."""

    def retell(self, events: Any) -> Any:
        """Forget the return statement."""
        super().retell(events)


@mutant("TOK-01", "mio #184 (2015)", "unix 1 2; register 1 7 w level; poll 0")
class InventsTokens(Wrapper):
    """Adds an event for a token that nobody gave it."""

    def retell(self, events: Any) -> list[Event]:
        """Add one to what there is."""
        told = super().retell(events)
        return [*told, Event(987_654_321, Readiness.READABLE)] if told else told


@mutant("REG-03", "shadow/shadow #141", "eventfd 1; register 1 7 r level; send 1 1; poll 0")
class InventsReadiness(Wrapper):
    """Tells each direction that there is."""

    def retell(self, events: Any) -> list[Event]:
        """Say readable and writable."""
        return [Event(token, Readiness(3)) for token, _ in super().retell(events)]


@mutant("LIF-04", "mio #776, #423 (2016)", "eventfd 1; register 1 7 r level; deregister 1")
class ClosesSources(Wrapper):
    """deregister closes the file."""

    def deregister(self, source: Source) -> None:
        """Clean up after the user."""
        super().deregister(source)
        if hasattr(source, "fileno"):
            os.close(source.fileno())


@mutant("LIF-05", "mio:TCP-15, uvloop add_reader", "eventfd 1; register 1 7 r level")
class MakesBlocking(Wrapper):
    """register takes O_NONBLOCK off the file."""

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Set what it should leave alone."""
        super().register(source, token, interest, trigger)
        if hasattr(source, "fileno"):
            os.set_blocking(source.fileno(), True)


@mutant("LIF-06", "mio 382a821b (2017)", "eventfd 1; register 1 7 r level")
class RaisesAtClose(Wrapper):
    """close() raises while something is registered."""

    def close(self) -> None:
        """Complain."""
        super().close()
        if self.book:
            raise RuntimeError("still in use")


@mutant("SPU-01", "shadow/shadow #1540", "rest 20ms", "TIM-09", "TIM-03")
class Spins(Wrapper):
    """Never waits."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Look, whatever was asked."""
        return super().harvest(0.0, max_events)


@mutant(
    "EOF-07",
    "pollcheck contract, mio #423 (2016)",
    "unix 1 2; register 1 7 r level; send 2 1; poll 0; drain 1",
    "EOF-03",
)
class ReadsAByte(Wrapper):
    """Reads a byte to see whether the file is really readable."""

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Take it."""
        if event[1] & Readiness.READABLE and asked.kind in ("unix", "tcp", "pipe") and bits_of(self.look(asked)) & 1:
            take(asked.source.fileno(), 1)
        return [event]


@mutant(
    "EOF-03", "mio #423, #444 (2016)", "unix 1 2; register 1 7 r level; send 2 1; close 2; poll 0; drain 1", "EOF-07"
)
class ThrowsAwayTheRest(Wrapper):
    """At the end of a stream, throws away what was not read yet."""

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Read it all."""
        if event[1] & Readiness.READ_CLOSED and asked.kind in ("unix", "tcp", "pipe"):
            take(asked.source.fileno(), 1 << 20)
        return [event]
