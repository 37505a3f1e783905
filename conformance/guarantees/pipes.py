"""PIP: pipes and eventfds."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.facts import Account, Debt
from conformance.guarantees import guarantee
from conformance.protocol import Capability, Interest
from conformance.verdict import Strength

MUST = Strength.MUST
IN, OUT, ERR, HUP = 1, 4, 8, 16
W = Interest.WRITABLE


@guarantee(
    "PIP-01",
    MUST,
    "A pipe with bytes in it is reported readable.",
    why="the output of a child is never read",
    source="mio:UNIX-01; pipe(7)",
)
def bytes_are_readable(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for("read end") if debt.shows(IN))


@guarantee(
    "PIP-02",
    MUST,
    "The read end is reported readable when the last writer is gone.",
    why="a child that exits without a word is waited for for ever",
    source="mio:UNIX-02; poll(2) POLLHUP",
)
def writer_gone_is_readable(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for("read end") if debt.shows(HUP))


@guarantee(
    "PIP-03",
    MUST,
    "The write end is reported writable when the last reader is gone.",
    why="a writer waits for room in a pipe that nobody reads",
    source="mio:UNIX-03; poll(2) POLLERR",
    needs=Capability.WRITABLE,
)
def reader_gone_is_writable(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for("write end") if debt.shows(ERR))


@guarantee(
    "PIP-04",
    MUST,
    "A pipe that was full is reported writable when it was read.",
    why="a producer stops at the first back-pressure",
    source="mio:UNIX-01, mio:EDGE-11; pipe(7)",
    needs=Capability.WRITABLE,
)
def room_is_writable(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for("write end") if debt.origin == "WouldBlock" and debt.shows(OUT))


@guarantee(
    "PIP-05",
    MUST,
    "An eventfd whose counter is not zero is reported readable.",
    why="a notification between threads is lost",
    source="eventfd(2); mio:LIFE-10",
)
def counter_is_readable(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for("eventfd") if debt.shows(IN) and debt.direction is not W)


@guarantee(
    "PIP-06",
    MUST,
    "An eventfd that can take a write is reported writable.",
    why="a producer that met the limit never goes on",
    source="eventfd(2)",
    needs=Capability.WRITABLE,
)
def counter_is_writable(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for("eventfd") if debt.direction is W)
