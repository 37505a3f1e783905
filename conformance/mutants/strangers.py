"""Strangers: pollers that fail another thread, whose calls come while they wait."""

# ruff: noqa: ARG002  # an override need not look at all that it is given

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from conformance.mutants.rows import mutant
from conformance.mutants.wrapper import Asked, Wrapper, bits_of, key_of, remove
from conformance.protocol import Capability, Event, Interest, Source, Trigger

R = Interest.READABLE


class Shared(Wrapper):
    """A wrapper that two threads may use: the book and what it says of are changed together."""

    def __init__(self, honest: object) -> None:
        super().__init__(honest)
        self.capabilities |= Capability.MULTI_THREAD
        self.lock = threading.RLock()
        self.home = threading.get_ident()

    @property
    def is_elsewhere(self) -> bool:
        """Whether the caller is another thread."""
        return self.is_polling or threading.get_ident() != self.home

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Forward, alone."""
        with self.lock:
            super().register(source, token, interest, trigger)

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Forward, alone."""
        with self.lock:
            super().reregister(source, token, interest, trigger)

    def deregister(self, source: Source) -> None:
        """Forward, alone."""
        with self.lock:
            super().deregister(source)

    def retell(self, events: Iterable[Event]) -> list[Event]:
        """Look into the book alone."""
        with self.lock:
            return super().retell(events)

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Leave out what the subclass has lost."""
        return [] if asked.is_lost else [event]


# ── what a poll in progress does not heed ───────────────────────────────────────────────────────────────────────


class PuttingOff(Shared):
    """Puts some calls of another thread off to the next poll."""

    def __init__(self, honest: object) -> None:
        super().__init__(honest)
        self.put_off: list[tuple[object, Callable[[], None]]] = []

    def puts_off(self, source: Source, interest: Interest, trigger: Trigger, before: Asked | None) -> bool:
        """Whether a call that would be granted is put off."""
        raise NotImplementedError

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Enter it into the book now, and make it later."""
        with self.lock:
            self.catch_up(key_of(source))
            known = self.book.get(key_of(source))
            is_granted = known is None or not _is_open(known)
            if self.is_elsewhere and is_granted and self.puts_off(source, interest, trigger, None):
                self.note(source, token, interest, trigger)
                make = self.honest.register
                self.put_off.append((key_of(source), lambda: make(source, token, interest, trigger)))
            else:
                super().register(source, token, interest, trigger)

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Enter it into the book now, and make it later."""
        with self.lock:
            self.catch_up(key_of(source))
            before = self.book.get(key_of(source))
            if self.is_elsewhere and before and _is_open(before) and self.puts_off(source, interest, trigger, before):
                self.note(source, token, interest, trigger, before)
                change = self.honest.reregister
                self.put_off.append((key_of(source), lambda: change(source, token, interest, trigger)))
            else:
                super().reregister(source, token, interest, trigger)

    def deregister(self, source: Source) -> None:
        """Make first what was put off."""
        with self.lock:
            self.catch_up(key_of(source))
            super().deregister(source)

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Make first what was put off."""
        with self.lock:
            for key, _ in list(self.put_off):
                self.catch_up(key)
        return super().harvest(timeout, max_events)

    def catch_up(self, key: object) -> None:
        """Make what was put off for it."""
        late = [make for other, make in self.put_off if other == key]
        self.put_off = [(other, make) for other, make in self.put_off if other != key]
        for make in late:
            make()


def _is_open(asked: Asked) -> bool:
    return asked.source is not None and (asked.kind == "user" or asked.source.fileno() >= 0)


@mutant("THR-01", "mio:THR-01, mio:REG-30", "unix 1 2; meanwhile none register 1 7 w level", "REG-02", "THR-08")
class PutsOffRegisters(PuttingOff):
    """A register from another thread takes effect when the next poll begins."""

    def puts_off(self, source: Source, interest: Interest, trigger: Trigger, before: Asked | None) -> bool:
        """Files that are new."""
        return before is None and hasattr(source, "fileno")


@mutant(
    "THR-02", "mio:THR-02, epoll_ctl(2) EPOLL_CTL_MOD",
    "unix 1 2; register 1 7 r level; meanwhile none reregister 1 7 rw level", "REG-05",
)  # fmt: skip
class PutsOffReregisters(PuttingOff):
    """A reregister from another thread that adds a direction takes effect when the next poll begins."""

    def puts_off(self, source: Source, interest: Interest, trigger: Trigger, before: Asked | None) -> bool:
        """What adds a direction, and rearms nothing."""
        return before is not None and not before.is_oneshot and bool(interest & ~before.interest)


@mutant(
    "THR-03", "mio:ONE-04, mio:REG-30",
    "unix 1 2; register 1 7 w level+oneshot; poll 0; meanwhile none reregister 1 7 w level+oneshot", "ONE-04",
)  # fmt: skip
class PutsOffRearming(PuttingOff):
    """A one-shot that another thread reregisters is rearmed when the next poll begins."""

    def puts_off(self, source: Source, interest: Interest, trigger: Trigger, before: Asked | None) -> bool:
        """What has fired."""
        return before is not None and before.has_fired


@mutant("THR-10", "mio:CUS-02, mio:REG-30", "user 1; set 1 r; meanwhile none register 1 7 r level", "USR-02")
class PutsOffUsers(PuttingOff):
    """A user source that another thread registers takes effect when the next poll begins."""

    def puts_off(self, source: Source, interest: Interest, trigger: Trigger, before: Asked | None) -> bool:
        """User sources that are new."""
        return before is None and not hasattr(source, "fileno")


# ── what is not done at all ─────────────────────────────────────────────────────────────────────────────────────


@mutant(
    "THR-04", "mio:REG-14, mio:REG-16",
    "unix 1 2; register 2 7 r level; meanwhile 40ms deregister 2; send 1 1; poll 0", "REG-09", "REG-10",
)  # fmt: skip
class IgnoresDeregisterMeanwhile(Shared):
    """A deregister that comes from another thread is struck from the books, and the kernel is not told."""

    def deregister(self, source: Source) -> None:
        """Strike it."""
        with self.lock:
            if self.is_elsewhere and key_of(source) in self.book:
                self.forget(source)
            else:
                super().deregister(source)

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Take out what deregister left."""
        with self.lock:
            if key_of(source) not in self.book:
                remove(self.honest, source)
            super().register(source, token, interest, trigger)


@mutant(
    "THR-05", "mio:REG-06, mio:REG-16",
    "unix 1 2; register 2 7 r level; meanwhile 40ms reregister 2 8 r level; send 1 1; poll 0", "TOK-04", "TOK-05",
)  # fmt: skip
class KeepsTokensMeanwhile(Shared):
    """A reregister that comes from another thread does not change the token."""

    def reregister(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Keep the old one."""
        with self.lock:
            before = self.book.get(key_of(source))
            if before is None or not self.is_elsewhere:
                super().reregister(source, token, interest, trigger)
                return
            self.honest.reregister(source, before.token, interest, trigger)
            self.note(source, token, interest, trigger, before)


@mutant("THR-06", "mio:THR-01, mio:THR-02", "unix 1 2; meanwhile 40ms register 1 7 w level", "REG-13")
class RefusesMeanwhile(Shared):
    """register from another thread is refused while a poll is in progress."""

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Refuse."""
        if self.is_polling:
            raise BlockingIOError("a poll is in progress")
        super().register(source, token, interest, trigger)


# ── what a poll in progress loses ───────────────────────────────────────────────────────────────────────────────


@mutant(
    "THR-07", "mio:THR-02, mio:REG-16",
    "unix 1 2; pipe 3 4; register 2 7 r level; register 3 8 r edge; meanwhile none deregister 2 and send 4 1", "EDG-01",
)  # fmt: skip
class DropsThePollInProgress(Shared):
    """What a poll finds is thrown away if another thread has deregistered something meanwhile."""

    is_spoilt = False

    def deregister(self, source: Source) -> None:
        """Spoil it."""
        super().deregister(source)
        self.is_spoilt |= self.is_polling

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Throw it away, and go on waiting."""
        self.is_spoilt = False
        until = None if timeout is None else time.monotonic() + timeout
        events = super().harvest(timeout, max_events)
        if not (events and self.is_spoilt):
            return events
        return super().harvest(None if until is None else max(0.0, until - time.monotonic()), max_events)


@mutant(
    "THR-08", "mio:THR-01, mio:REG-31",
    "unix 1 2; meanwhile none register 1 7 w level and register 2 8 w level; settle", "THR-01", "REG-02",
)  # fmt: skip
class HearsOneOfABurst(Shared):
    """Of the registrations that another thread makes during one poll, only the first is heard of."""

    made = 0

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Lose those after the first."""
        with self.lock:
            super().register(source, token, interest, trigger)
            self.book[key_of(source)].is_lost = self.is_elsewhere and self.made > 0
            self.made += self.is_elsewhere

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Count anew."""
        self.made = 0
        return super().harvest(timeout, max_events)


@mutant(
    "THR-09", "mio:THR-04, mio:EDGE-04",
    "unix 1 2; register 2 7 r edge; send 1 1; poll 0; meanwhile none drain 2 and send 1 1", "EDG-04", "EDG-03",
)  # fmt: skip
class ComparesAcrossThePoll(Shared):
    """Compares what is ready with what was when it began to wait: an edge that another thread drained meanwhile is none."""

    def __init__(self, honest: object) -> None:
        super().__init__(honest)
        self.undrained: dict[Asked, None] = {}

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Look first; compare only what came while it waited."""
        self.undrained = {}
        events = super().harvest(0.0, max_events)
        if events or timeout == 0:
            return events
        told = [asked for asked in self.book.values() if asked.is_plain_edge and asked.told.get(R)]
        self.undrained = {asked: None for asked in told if bits_of(self.look(asked)) & R}
        return super().harvest(timeout, max_events)

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Leave out what was undrained."""
        return [] if asked in self.undrained and event[1] & R else [event]
