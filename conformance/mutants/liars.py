"""Liars: pollers that tell what is not so - of the wrong source, in the wrong direction, too often, too late, or after the end."""

# ruff: noqa: ARG002  # an override need not look at all that it is given

from __future__ import annotations

import os

from conformance.mutants.rows import mutant
from conformance.mutants.wrapper import HANGUP, Asked, R, W, Wrapper, bits_of, key_of, remove
from conformance.protocol import Event, Interest, Readiness, Source, Trigger

LEVEL, EDGE, ONESHOT = Trigger
READ_CLOSED, WRITE_CLOSED, ERROR = Readiness.READ_CLOSED, Readiness.WRITE_CLOSED, Readiness.ERROR

# ── interest ────────────────────────────────────────────────────────────────────────────────────────────────────


@mutant("REG-04", "mio 27b66d2e (2014)", "unix 1 2; register 1 7 rw level; reregister 1 7 r level; poll 0", "REG-06")
class AddsToTheInterest(Wrapper):
    """reregister adds to the interest instead of replacing it."""

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Keep the old directions."""
        before = self.book.get(key_of(source))
        super().reregister(source, token, interest | before.interest if before else interest, trigger)


class Stale(Wrapper):
    """Keeps events that should have been thrown away, and tells them at the head of the next poll."""

    def __init__(self, honest: object) -> None:
        super().__init__(honest)
        self.stale: list[Event] = []

    def keep(self, asked: Asked | None, *, outside: int = 0) -> None:
        """Keep what is ready of it now, outside of the interest `outside`."""
        ready = bits_of(self.look(asked)) & asked.interest & ~outside if asked else Interest(0)
        if asked and ready and not asked.told and asked.is_live:
            self.stale.append(Event(asked.token, Readiness(int(ready))))

    def poll(self, timeout: float | None, max_events: int | None = None) -> list[Event]:
        """Tell the stale ones first."""
        if not self.stale:
            return super().poll(timeout, max_events)
        stale, self.stale = self.stale[:max_events], []
        return stale


@mutant("REG-06", "mio 0a808942 (2016)", "unix 1 2; register 1 7 rw edge; reregister 1 7 r edge; poll 0", "REG-04")
class KeepsPendingOutsideInterest(Stale):
    """What was pending at reregister is told, though the new interest does not ask for it."""

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Keep the pending event."""
        before = self.book.get(key_of(source))
        super().reregister(source, token, interest, trigger)
        if before is not None and before.token == token:
            self.keep(before, outside=interest)


@mutant("REG-10", "mio #1760, #219", "unix 1 2; register 1 7 w edge; deregister 1; poll 0", "REG-09")
class TellsPendingAfterDeregister(Stale):
    """What was pending at deregister is told by the next poll."""

    def deregister(self, source: Source) -> None:
        """Keep the pending event."""
        asked = self.book.get(key_of(source))
        super().deregister(source)
        if asked is not None and asked.kind != "user":
            self.keep(asked)


@mutant(
    "USR-11", "mio #532, #534 (2017)", "user 1; register 1 7 r level; set 1 r; deregister 1; poll 0", "REG-09", "REG-10"
)
class LeavesUsersInTheQueue(Stale):
    """A user source that is deregistered with an event pending stays in the queue."""

    def deregister(self, source: Source) -> None:
        """Keep the pending event."""
        asked = self.book.get(key_of(source))
        super().deregister(source)
        if asked is not None and asked.kind == "user":
            self.keep(asked)


@mutant("REG-03", "shadow/shadow #141", "unix 1 2; register 1 7 r level; send 2 1; poll 0")
class TellsBothDirections(Wrapper):
    """Tells what a file is ready for, asked for or not."""

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Add all that poll(2) shows."""
        is_user = asked.kind == "user"
        more = Interest(0) if is_user else bits_of(self.look(asked)) & (R | W)
        return [Event(event[0], Readiness(event[1] | int(more)))]


@mutant("USR-08", "mio:CUS-09", "user 1; register 1 7 r level; set 1 rw; poll 0", "REG-03", "REG-04")
class TellsAllThatWasSet(Wrapper):
    """Tells all that was set on a user source, asked for or not."""

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Put the whole value in."""
        return [Event(event[0], self.setters[asked.source].get())] if asked.kind == "user" else [event]


@mutant("HUP-09", "mio #896, #897 (2018)", "tcp 1 2; register 1 7 rp level; urgent 2; settle", "REG-03")
class MistakesPriorityForWritable(Wrapper):
    """PRIORITY and WRITABLE are one bit."""

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Swap the bit."""
        if not event[1] & Readiness.PRIORITY:
            return [event]
        return [Event(event[0], event[1] & ~Readiness.PRIORITY | Readiness.WRITABLE)]


# ── deregister, close, tokens ───────────────────────────────────────────────────────────────────────────────────


@mutant("REG-09", "mio #1073, #1129 (2019)", "unix 1 2; register 1 7 w level; deregister 1; poll 0", "REG-10")
class IgnoresDeregister(Wrapper):
    """deregister sets a flag that nobody reads."""

    def deregister(self, source: Source) -> None:
        """Refuse what is not registered, and do nothing else."""
        if key_of(source) not in self.book:
            self.honest.deregister(source)
        self.forget(source)

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Take out what deregister left."""
        if key_of(source) not in self.book:
            remove(self.honest, source)
        super().register(source, token, interest, trigger)


@mutant("REG-09", "janvidar/uhub #87", "unix 1 2; register 1 7 rw level; deregister 1; poll 0", "REG-10")
class DeregistersReadingTwice(Wrapper):
    """deregister takes out reading twice, and leaves writing."""

    def deregister(self, source: Source) -> None:
        """Leave WRITABLE."""
        asked = self.book.get(key_of(source))
        if asked is None or not asked.interest & W:
            super().deregister(source)
            return
        self.honest.reregister(source, asked.token, W, asked.trigger)
        self.forget(source)

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Take out what deregister left."""
        if key_of(source) not in self.book:
            remove(self.honest, source)
        super().register(source, token, interest, trigger)


@mutant("TOK-04", "rust-lang/miri #4374", "unix 1 2; register 1 7 w edge; reregister 1 8 w edge; poll 0", "TOK-05")
class KeepsTheOldToken(Wrapper):
    """An entry that is on the ready list at reregister is told under the old token."""

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Answer for who had it before."""
        before = asked.before
        is_stale = before is not None and not asked.polls and bits_of(asked.mask) & before.interest
        return [Event(before.token, event[1])] if before is not None and is_stale else [event]


@mutant("TOK-03", "mio:TOK-04, epoll_ctl(2) epoll_data", "unix 1 2; register 1 4294967296 w level; settle", "TOK-01")
class CutsTokens(Wrapper):
    """Keeps the lower 32 bits of a token."""

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Cut it."""
        return [Event(event[0] & 0xFFFFFFFF, event[1])]


@mutant("TOK-01", "mio #556, #557 (2017)", "user 1; set 1 r; register 1 7 r level; poll 0", "USR-02", "USR-05")
class TellsDefaultToken(Wrapper):
    """A readiness that was set before register is told under token 0."""

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Take the token of the time of the set."""
        return [Event(0, event[1])] if asked.kind == "user" and asked.mask and asked.before is None else [event]


@mutant("LIF-01", "mio #776 (2017), #361", "unix 1 2; register 1 7 w level; close 1; poll 0")
class HoldsTheFile(Wrapper):
    """Keeps a dup of each file, so that closing it does not end its registration."""

    def __init__(self, honest: object) -> None:
        super().__init__(honest)
        self.dups: dict[object, int] = {}

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Take a dup."""
        super().register(source, token, interest, trigger)
        if hasattr(source, "fileno"):
            old, self.dups[source] = self.dups.get(source), os.dup(source.fileno())
            if old is not None:
                os.close(old)

    def deregister(self, source: Source) -> None:
        """Let go of it."""
        super().deregister(source)
        if source in self.dups:
            os.close(self.dups.pop(source))

    def close(self) -> None:
        """Let go of all."""
        for number in self.dups.values():
            os.close(number)
        super().close()


# ── one-shot ────────────────────────────────────────────────────────────────────────────────────────────────────


class Rearming(Wrapper):
    """Registers some one-shots as if they were none."""

    def strips(self, source: Source, trigger: Trigger) -> bool:
        """Whether ONESHOT is left out."""
        raise NotImplementedError

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Leave ONESHOT out."""
        super().register(source, token, interest, trigger & ~ONESHOT if self.strips(source, trigger) else trigger)

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Leave ONESHOT out."""
        super().reregister(source, token, interest, trigger & ~ONESHOT if self.strips(source, trigger) else trigger)


@mutant("ONE-01", "shadow/shadow #349", "unix 1 2; register 1 7 r edge+oneshot; send 2 1; poll 0; send 2 1; poll 0")
class IgnoresEdgeOneshot(Rearming):
    """Takes edge with oneshot for edge."""

    def strips(self, source: Source, trigger: Trigger) -> bool:
        return bool(trigger & EDGE)


@mutant("ONE-08", "mio #808 (2018)", "unix 1 2; register 1 7 w level+oneshot; poll 0; poll 0", "ONE-01")
class IgnoresLevelOneshot(Rearming):
    """Takes level with oneshot for level."""

    def strips(self, source: Source, trigger: Trigger) -> bool:
        return bool(trigger & LEVEL) and hasattr(source, "fileno")


@mutant(
    "USR-12", "mio #808 (2018)", "user 1; register 1 7 r level+oneshot; set 1 r; poll 0; poll 0", "ONE-01", "ONE-08"
)
class IgnoresUserOneshot(Rearming):
    """Takes level with oneshot for level on a user source: the flag is only looked at together with edge."""

    def strips(self, source: Source, trigger: Trigger) -> bool:
        return bool(trigger & LEVEL) and not hasattr(source, "fileno")


@mutant(
    "ONE-02", "mio 0.6 kqueue, mio:ONE-02", "unix 1 2; register 1 7 rw level+oneshot; poll 0; send 2 1; poll 0",
    "ONE-01", "ONE-08",
)  # fmt: skip
class DisablesOneDirection(Wrapper):
    """A one-shot's event disables only the directions that it tells."""

    def take_note(self, told: list[Event]) -> None:
        """Leave the others registered."""
        super().take_note(told)
        for token, readiness in told:
            asked = self.of(token)
            rest = asked.interest & ~readiness & 3 if asked else 0
            if asked and asked.is_oneshot and asked.source is not None and rest:
                self.honest.reregister(asked.source, token, Interest(rest), asked.trigger)


@mutant("ONE-09", "mio:ONE-11", "unix 1 2; register 1 7 w edge+oneshot; poll 0; close 2; poll 0", "ONE-01")
class LetsHangupPierce(Wrapper):
    """A hang-up is told to a one-shot that has fired."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Add the hang-ups, where there is room."""
        events = super().harvest(timeout, max_events)
        for asked in self.book.values():
            is_pierced = asked.has_fired and not asked.is_lost and self.look(asked) & HANGUP
            if is_pierced and (max_events is None or len(events) < max_events):
                asked.is_lost = True
                events.append(Event(asked.token, Readiness(int(asked.interest & 3)) | READ_CLOSED | WRITE_CLOSED))
        return events


@mutant(
    "ONE-01",
    "mio (found while reading), mio:POLL-11",
    "unix 1 2; register 1 7 w edge+oneshot; poll 0; poll 0",
    "REG-09",
    "LIF-01",
)
class DoesNotClearEvents(Wrapper):
    """A poll that finds nothing leaves the events of the last one in the buffer."""

    buffer: tuple[Event, ...] = ()

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Answer with the buffer."""
        self.buffer = tuple(super().harvest(timeout, max_events)) or self.buffer
        return list(self.buffer[:max_events])


# ── hints ───────────────────────────────────────────────────────────────────────────────────────────────────────


@mutant("HUP-03", "tokio #5098, #5231", "unix 1 2; register 1 7 w level; poll 0")
class SaysReadClosed(Wrapper):
    """Says READ_CLOSED with each event of a socket."""

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Add it."""
        return [Event(event[0], event[1] | READ_CLOSED)] if asked.kind in ("unix", "tcp") else [event]


@mutant("HUP-04", "mio #933, #939 (2019)", "unix 1 2; register 1 7 r level; shutdown 2 wr; poll 0")
class SaysHalfIsWhole(Wrapper):
    """Says WRITE_CLOSED when the peer has only stopped sending."""

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Take the half for the whole."""
        return [Event(event[0], event[1] | WRITE_CLOSED)] if event[1] & READ_CLOSED else [event]


@mutant("HUP-05", "mio #941, #958 (2019)", "unix 1 2; register 1 7 r level; close 2; poll 0")
class SaysErrorAtTheEnd(Wrapper):
    """Says ERROR where a connection has ended as it should."""

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Add it."""
        return [Event(event[0], event[1] | ERROR)] if event[1] & READ_CLOSED else [event]


@mutant("HUP-06", "mio #1091 (2019)", "unix 1 2; register 1 7 r level; shutdown 2 wr; poll 0")
class HidesReadClosed(Wrapper):
    """Claims the closed hints, and never says READ_CLOSED."""

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Leave it out."""
        return [Event(event[0], event[1] & ~READ_CLOSED)]


@mutant(
    "HUP-08", "mio #941, #958 (2019)", "unix 1 2; register 1 7 r level; shutdown 1 rdwr; settle", "EOF-01", "REG-01"
)
class SaysHangupInstead(Wrapper):
    """Tells a hang-up of a socket as hints alone, also where there is something to read."""

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Let the hints stand for the direction."""
        is_over = event[1] & WRITE_CLOSED and asked.kind in ("unix", "tcp")
        return [Event(event[0], event[1] & ~Readiness.READABLE)] if is_over else [event]


# ── repetition, order, room ─────────────────────────────────────────────────────────────────────────────────────


@mutant("LVL-05", "rust-lang/miri #4374", "unix 1 2; register 1 7 r level; send 2 1; poll 0; drain 1; poll 0")
class TellsLevelOnceMore(Wrapper):
    """Leaves a level entry on the ready list when its condition has cleared, and tells it once more."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Add what was told and is no longer so, where there is room."""
        events = super().harvest(timeout, max_events)
        for asked in self.book.values():
            is_over = asked.is_level and not asked.is_oneshot and asked.told.get(R) and not self.look(asked) & 1
            if is_over and asked.source is not None and not asked.is_lost and not events:
                asked.is_lost = True
                events.append(Event(asked.token, Readiness.READABLE))
        return events
