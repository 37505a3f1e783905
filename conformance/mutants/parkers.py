"""Parkers: pollers that fail files which somebody else looks at, duplicates, interrupts, or gives up for a while."""

# ruff: noqa: ARG002  # an override need not look at all that it is given

from __future__ import annotations

import os
import select
import signal
import socket

from conformance.mutants.rows import mutant
from conformance.mutants.wrapper import SOCKETS, Asked, Deaf, Wrapper, bits_of, inode, key_of, remove, take
from conformance.protocol import Event, Interest, Readiness, Source, Trigger

R = Interest.READABLE
_NUMBERS = range(3, 256)
"""Where another number of the same file is looked for."""


@mutant(
    "EDG-13", "mio:EDGE-15, mio:TCP-19",
    "unix 1 2; register 2 7 r edge; send 1 1; peek 2; settle", "EDG-01", "REG-01",
)  # fmt: skip
class LosesFirstBytes(Deaf):
    """Under edge, what comes first to a socket that was idle at register is not told, peeked at or not."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        is_first = not asked.told.get(R) and not asked.was_ready(R) and asked.kind in ("unix", "tcp", "udp")
        return not (direction is R and is_first and asked.is_plain_edge)


@mutant("ONE-11", "mio:ONE-07",
    "unix 1 2; register 2 7 r level+oneshot; send 1 1; poll 0; drain 2; reregister 2 7 r level+oneshot; poll 0",
)  # fmt: skip
class TellsOfRearming(Wrapper):
    """A one-shot that is rearmed is told at once, ready or not."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Add it, where nothing else is told."""
        events = super().harvest(timeout, max_events)
        for asked in self.book.values() if not events else ():
            is_new = asked.is_rearmed and not asked.polls and asked.is_live and asked.kind in SOCKETS
            if is_new and not bits_of(self.look(asked)) & asked.interest:
                return [Event(asked.token, Readiness(int(asked.interest & 3)))]
        return events

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """What was told ahead is not told twice."""
        return [] if asked.has_fired else [event]


@mutant(
    "TIM-14", "mio:POLL-23, signal(7)",
    "unix 1 2; register 2 7 r level; signals 20ms; send 1 1; settle", "REG-01", "LVL-02",
)  # fmt: skip
class ForgetsOverSignals(Wrapper):
    """What was registered when a wait was interrupted is not heard of again."""

    def harvest(self, timeout: float | None, max_events: int | None) -> list[Event]:
        """Lose all, where a handler was waiting."""
        events = super().harvest(timeout, max_events)
        if timeout and callable(signal.getsignal(signal.SIGALRM)):
            for asked in self.book.values():
                asked.is_lost = asked.source is not None
        return events

    def tell(self, asked: Asked, event: Event) -> list[Event]:
        """Leave out what was lost."""
        return [] if asked.is_lost else [event]


@mutant(
    "LIF-13", "mio:LIFE-05, epoll(7) Q6",
    "unix 1 2; register 2 7 w level; dup 2 3; deregister 2; poll 0", "REG-09", "REG-10",
)  # fmt: skip
class LeavesItToClose(Wrapper):
    """deregister of a socket that has another number is left to close(2), which does not end it."""

    def deregister(self, source: Source) -> None:
        """Look for another number."""
        asked = self.book.get(key_of(source))
        if asked is not None and asked.kind in SOCKETS and self._has_another(asked.source.fileno()):
            self.forget(source)
        else:
            super().deregister(source)

    def register(self, source: Source, token: int, interest: Interest, trigger: Trigger) -> None:
        """Take out what deregister left."""
        if key_of(source) not in self.book:
            remove(self.honest, source)
        super().register(source, token, interest, trigger)

    @staticmethod
    def _has_another(number: int) -> bool:
        sought = inode(number)
        for other in _NUMBERS:
            try:
                if other != number and os.fstat(other).st_ino == sought:
                    return True
            except OSError:
                continue
        return False


class Emptying(Wrapper):
    """Reads what deregister finds in files of some kinds."""

    kinds: tuple[str, ...] = ()
    most = 1 << 20

    def deregister(self, source: Source) -> None:
        """Read it."""
        asked = self.book.get(key_of(source))
        super().deregister(source)
        if asked is not None and asked.kind in self.kinds and bits_of(self.look(asked)) & R:
            take(asked.source.fileno(), self.most)


@mutant(
    "LIF-14", "mio:REG-17",
    "unix 1 2; register 2 7 r level; send 1 3; deregister 2; recv 2 7", "EOF-07", "EOF-03",
)  # fmt: skip
class EmptiesAtDeregister(Emptying):
    """deregister throws away what was not read yet."""

    kinds = ("unix", "tcp", "pipe")


@mutant(
    "DGR-07", "mio:UDP-12",
    "udp 1 2; register 2 7 r level; send 1 3; deregister 2; send 1 4; recv 2 9", "EOF-07",
)  # fmt: skip
class EatsADatagram(Emptying):
    """deregister throws away a datagram that was not read yet."""

    kinds = ("udp",)


@mutant("DGR-05", "mio:UDP-06", "udp 1 2; register 2 7 r level; empty 1; settle", "DGR-01", "REG-01")
class OverlooksEmptyDatagrams(Deaf):
    """Counts bytes: a datagram of none is not told."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        if asked.kind != "udp" or direction is not R or self.look(asked) & select.POLLERR:
            return True
        return not bits_of(self.look(asked)) & R or bool(asked.source.recv(1, socket.MSG_PEEK))


@mutant("DGR-06", "mio:UDP-10", "udp 1 2; register 1 7 r level; close 2; send 1 3; settle", "REG-01", "REG-02")
class HidesRefusals(Deaf):
    """A datagram that was refused is not told to who reads."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind == "udp" and direction is R and self.look(asked) & select.POLLERR)


@mutant(
    "USR-16", "mio:CUS-18, mio:REG-10",
    "user 1; register 1 7 r edge; set 1 r; poll 0; reregister 1 7 r edge; rest 0.9ms", "REG-15",
)  # fmt: skip
class RemembersUsers(Deaf):
    """A user source that was told is not told again because it is reregistered."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        before = asked.before
        is_again = before is not None and before.is_plain_edge and bool(before.told.get(direction))
        return not (asked.kind == "user" and is_again and asked.is_plain_edge and not asked.polls)
