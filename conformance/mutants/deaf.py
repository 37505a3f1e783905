"""Deaf: pollers that never tell one kind of news - of one kind of file, one direction, one moment."""

# ruff: noqa: ARG002  # an override need not look at all that it is given

from __future__ import annotations

import select

from conformance.mutants.rows import mutant
from conformance.mutants.wrapper import HANGUP, RDHUP, Asked, Deaf, R, W, bits_of
from conformance.protocol import Event, Interest, Readiness

IN, ERR = select.POLLIN, select.POLLERR
ENDED = Readiness.READ_CLOSED
HUNG_UP = Readiness.WRITE_CLOSED
ERROR = Readiness.ERROR

# ── datagrams ───────────────────────────────────────────────────────────────────────────────────────────────────


@mutant("DGR-01", "mio #1080 (2019)", "udp 1 2; register 1 7 r level; send 2 1; settle", "REG-01", "LVL-02")
class IgnoresDatagrams(Deaf):
    """Never tells that a datagram has arrived."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind == "udp" and direction is R)


@mutant("DGR-02", "mio:UDP-02", "udp 1 2; register 1 7 w level; settle", "REG-02", "LVL-02")
class IgnoresIdleDatagramSockets(Deaf):
    """Never tells that a UDP socket can be written."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind == "udp" and direction is W)


@mutant("DGR-03", "mio:UDP-05, mio #892 (2018)", "udp 1 2; register 1 7 r level; send 2 1; settle", "LVL-01", "LVL-02")
class TellsDatagramsOnce(Deaf):
    """Under level, tells of the first datagram only, however many wait."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind == "udp" and direction is R and asked.is_level and asked.told.get(R))


@mutant(
    "DGR-04", "mio #1310 (2020)", "udp 1 2; register 1 7 r edge; send 2 1; poll 0; drain 1; send 2 1; settle",
    "EDG-03", "EDG-04",
)  # fmt: skip
class LosesUdpRegistrations(Deaf):
    """A UDP socket does not stay registered for edges after its first event."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind == "udp" and asked.is_edge and asked.told.get(direction))


# ── pipes and eventfds ──────────────────────────────────────────────────────────────────────────────────────────


@mutant("PIP-01", "mio:UNIX-01", "pipe 1 2; register 1 7 r level; send 2 1; settle", "REG-01", "LVL-02")
class IgnoresBytesInPipes(Deaf):
    """Never tells that a pipe has bytes in it."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind == "pipe" and direction is R and not event[1] & HUNG_UP)


@mutant(
    "PIP-02", "tokio-core #117, smol-rs/smol #131", "pipe 1 2; register 1 7 r level; close 2; settle",
    "EOF-01", "REG-01",
)  # fmt: skip
class IgnoresVanishedWriters(Deaf):
    """Takes a bare hang-up for nothing: the reader of a pipe is never told that its writer has gone."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind == "pipe" and direction is R and event[1] & HUNG_UP)


@mutant("PIP-03", "mio #1350 (2020)", "pipe 1 2; register 2 7 w level; close 1; settle", "LVL-01", "LVL-03")
class IgnoresVanishedReaders(Deaf):
    """Takes a bare error for nothing: the writer of a pipe is never told that its reader has gone."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind == "pipe" and direction is W and event[1] & ERROR)


@mutant(
    "PIP-04", "mio #725 (2017)", "pipe 1 2; register 2 7 w edge; poll 0; fill 2; drain 1; settle", "EDG-03", "EDG-07"
)
class ForgetsFullPipes(Deaf):
    """Tells once that a pipe can be written, and no more after it was full."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind == "pipe" and direction is W and asked.is_edge and asked.told.get(W))


@mutant("PIP-05", "rust-lang/miri #4374", "eventfd 1; register 1 7 r level; send 1 1; settle", "REG-01", "LVL-02")
class IgnoresCounters(Deaf):
    """Never tells that an eventfd's counter is not zero."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind == "eventfd" and direction is R)


@mutant("PIP-06", "eventfd(2), EPOLLOUT", "eventfd 1; register 1 7 w level; settle", "REG-02", "LVL-02")
class IgnoresRoomInCounters(Deaf):
    """Never tells that an eventfd can be written."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind == "eventfd" and direction is W)


# ── listeners ───────────────────────────────────────────────────────────────────────────────────────────────────


@mutant("LSN-01", "mio:TCP-09", "listen 1; fresh 2; register 1 7 r level; connect 2 1; settle", "REG-01", "LVL-02")
class IgnoresConnections(Deaf):
    """Tells a listener of no connection, unless it waited at register."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return asked.kind != "listener" or asked.was_ready(R)


@mutant(
    "LSN-02", "mio #1126, #1131 (2019)", "listen 1; fresh 2; connect 2 1; register 1 7 r level; settle",
    "LVL-01", "LVL-02",
)  # fmt: skip
class TellsListenersOnce(Deaf):
    """Under level, tells a listener of the first connection only, however many wait."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind == "listener" and asked.is_level and asked.told.get(R))


@mutant(
    "LSN-03",
    "mio #1131 (2019)",
    "listen 1; fresh 2; fresh 3; register 1 7 r edge; connect 2 1; poll 0; drain 1; connect 3 1; settle",
    "EDG-03",
    "EDG-04",
)
class DoesNotRearmAfterAccept(Deaf):
    """Under edge, an accept that meets WouldBlock does not arm the listener again."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind == "listener" and asked.is_edge and asked.told.get(R))


@mutant(
    "LSN-04", "hermit-os/kernel #2491", "listen 1; fresh 2; connect 2 1; register 1 7 r level; settle",
    "REG-02", "LVL-02",
)  # fmt: skip
class IgnoresQueuedConnections(Deaf):
    """Does not tell a listener of a connection that was queued when it was registered."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return asked.kind != "listener" or asked.before is not None or not asked.was_ready(R)


@mutant(
    "LSN-05",
    "mio-pool, mio #808 (2018)",
    "listen 1; fresh 2; connect 2 1; register 1 7 r edge+oneshot; poll 0; reregister 1 7 r edge+oneshot; settle",
    "ONE-04",
    "ONE-06",
)
class DoesNotRearmListeners(Deaf):
    """A one-shot listener tells once; reregister is in vain."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind == "listener" and asked.is_rearmed)


# ── connecting ──────────────────────────────────────────────────────────────────────────────────────────────────


def _was_unconnected(asked: Asked) -> bool:
    """A TCP socket that was not connected when it was first registered; it shows OUT and HUP then, or nothing."""
    first = asked
    while first.before is not None:
        first = first.before
    return asked.kind == "tcp" and first.mask & (select.POLLOUT | HANGUP | IN) in (0, select.POLLOUT | HANGUP)


@mutant("CON-01", "mio #648", "listen 1; fresh 2; register 2 7 w level; connect 2 1; settle", "REG-01", "REG-02")
class IgnoresCompletedConnects(Deaf):
    """Never tells that a connect has completed."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (_was_unconnected(asked) and direction is W and not event[1] & ERROR)


@mutant("CON-02", "mio #555, #603 (2017)", "fresh 1; register 1 7 w level; refuse 1; settle", "REG-02", "LVL-02")
class IgnoresFailedConnects(Deaf):
    """Never tells a writer that its connect has failed."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind == "tcp" and _was_unconnected(asked) and direction is W and event[1] & ERROR)


@mutant("CON-03", "mio #555, #603 (2017)", "fresh 1; register 1 7 r level; refuse 1; settle", "REG-02", "LVL-02")
class HidesFailedConnectsFromReaders(Deaf):
    """Never tells a reader that the connect has failed."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (_was_unconnected(asked) and direction is R and event[1] & ERROR)


@mutant("CON-04", "mio:TCP-06", "listen 1; fresh 2; connect 2 1; register 2 7 w level; settle", "CON-01", "REG-02")
class IgnoresFastConnects(Deaf):
    """Waits for a connect to complete that had completed when the socket was registered."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind == "tcp" and direction is W and asked.before is None and asked.was_ready(W))


# ── the end of a stream ─────────────────────────────────────────────────────────────────────────────────────────


@mutant("EOF-01", "tokio-core #117", "unix 1 2; register 1 7 r level; close 2; settle", "REG-01", "HUP-08")
class IgnoresClosedPeers(Deaf):
    """Takes a hang-up for nothing: a reader is never told that its peer has closed."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind in ("unix", "tcp") and direction is R and event[1] & HUNG_UP)


@mutant("EOF-02", "rcore-os/tgoskits #676", "unix 1 2; register 1 7 r level; shutdown 2 wr; settle", "REG-01", "EDG-09")
class IgnoresHalfClose(Deaf):
    """Never tells a reader that its peer has shut down writing."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (direction is R and event[1] & ENDED and not event[1] & HUNG_UP)


@mutant("EOF-04", "mio:EOF-04", "unix 1 2; register 1 7 r level; close 2; settle", "LVL-01", "LVL-02")
class TellsTheEndOnce(Deaf):
    """Under level, tells the end of a stream once."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        is_ended = bool(event[1] & ENDED)
        is_repeated = asked.is_lost
        if direction is R and asked.is_level and is_ended:
            asked.is_lost = True
            return not is_repeated
        return True


@mutant("EOF-05", "mio #933, #939 (2019)", "unix 1 2; register 1 7 w level; shutdown 2 wr; settle", "REG-02", "LVL-03")
class TakesHalfCloseForClose(Deaf):
    """Stops telling that a half-closed socket can be written."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (direction is W and self.look(asked) & (RDHUP | HANGUP) == RDHUP)


@mutant("EOF-06", "mio #533 (2017)", "unix 1 2; close 2; register 1 7 r level; settle", "REG-02", "EOF-01")
class IgnoresEarlierEnds(Deaf):
    """Does not tell the end of a stream that had come before the file was registered."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.before is None and direction is R and asked.mask & (RDHUP | HANGUP))


@mutant(
    "EOF-08",
    "mio #394 (2016)",
    "unix 1 2; register 1 7 r edge+oneshot; close 2; poll 0; reregister 1 7 r edge+oneshot; settle",
    "ONE-04",
    "ONE-06",
)
class DoesNotRearmAtTheEnd(Deaf):
    """A one-shot that is reregistered at the end of a stream tells nothing."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.is_rearmed and direction is R and asked.mask & (RDHUP | HANGUP))


# ── hang-up and errors ──────────────────────────────────────────────────────────────────────────────────────────


@mutant("HUP-01", "mio #533 (2017)", "tcp 1 2; register 1 7 r level; reset 2; settle", "EOF-01", "REG-01")
class HidesResetsFromReaders(Deaf):
    """Never tells a reader that the connection was reset."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind in ("tcp", "unix") and direction is R and event[1] & ERROR)


@mutant("HUP-02", "mio #725 (2017)", "tcp 1 2; register 1 7 w level; reset 2; settle", "REG-02", "LVL-03")
class HidesResetsFromWriters(Deaf):
    """Never tells a writer that the connection was reset."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.kind in ("tcp", "unix") and direction is W and event[1] & ERROR)


@mutant("HUP-07", "mio #1370 (2020)", "unix 1 2; register 1 7 r edge+oneshot; close 2; settle", "EOF-01", "REG-01")
class HidesHangupFromOneshots(Deaf):
    """Does not tell a one-shot of a hang-up or an error."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.is_oneshot and event[1] & (HUNG_UP | ERROR))


@mutant("EDG-09", "rcore-os/tgoskits #676", "unix 1 2; register 1 7 r edge; close 2; settle", "EOF-01", "EDG-01")
class TellsNoEdgeAtTheEnd(Deaf):
    """The end of a stream makes no edge."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return not (asked.is_edge and not asked.is_oneshot and direction is R and event[1] & (ENDED | HUNG_UP))


# ── dups, and the company of others ─────────────────────────────────────────────────────────────────────────────


@mutant(
    "REG-17",
    "rcore-os/tgoskits #504",
    "unix 1 2; eventfd 3; register 1 7 w level; register 2 8 w level; register 3 9 w level; settle",
    "REG-02",
    "LVL-02",
)
class HearsTwo(Deaf):
    """Tells of the first two registrations only."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        return asked in list(self.book.values())[:2]


@mutant("LVL-06", "mio:LVL-08", "unix 1 2; register 1 7 w level; register 2 8 w edge; settle", "EDG-02", "REG-02")
class PrefersLevel(Deaf):
    """Tells no edge while a level registration is ready."""

    def hears(self, asked: Asked, direction: Interest, event: Event) -> bool:
        others = [other for other in self.book.values() if other.is_level and other is not asked]
        return asked.is_level or not any(bits_of(self.look(other)) & other.interest for other in others)
