"""DGR: datagrams."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.facts import Account, Data, Debt
from conformance.guarantees import guarantee
from conformance.protocol import Capability, Interest
from conformance.verdict import Strength

MUST = Strength.MUST
ERR = 8


def _owed(account: Account, direction: Interest) -> Iterable[Debt]:
    return (debt for debt in account.debts_for("udp") if debt.direction is direction)


@guarantee(
    "DGR-01",
    MUST,
    "A datagram that arrives is reported readable.",
    why="queries are never answered",
    source="mio:UDP-01; udp(7)",
)
def datagram_is_readable(account: Account) -> Iterable[Debt]:
    return _owed(account, Interest.READABLE)


@guarantee(
    "DGR-02",
    MUST,
    "A UDP socket with room to send is reported writable, also after a datagram of it was refused.",
    why="a sender that asks first never sends, or never again once a datagram met nobody",
    source="mio:UDP-02; udp(7) ERRORS; poll(2) POLLOUT",
    needs=Capability.WRITABLE,
)
def idle_is_writable(account: Account) -> Iterable[Debt]:
    return _owed(account, Interest.WRITABLE)


@guarantee(
    "DGR-03",
    MUST,
    "Under level, a socket is reported until every datagram was received.",
    why="of two datagrams that come together one is served",
    source="mio:UDP-05",
    needs=Capability.LEVEL,
)
def level_repeats_datagrams(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account, Interest.READABLE) if debt.is_level and debt.origin == "repeat")


@guarantee(
    "DGR-04",
    MUST,
    "Under edge, a datagram that comes after recv met WouldBlock is reported.",
    why="a resolver answers once",
    source="mio:UDP-04",
    needs=Capability.EDGE,
)
def drained_datagrams_rearm(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account, Interest.READABLE) if debt.is_edge and debt.origin == "WouldBlock")


@guarantee(
    "DGR-05",
    MUST,
    "A datagram of no bytes is reported readable.",
    why="a keep-alive, which is empty, is never received and blocks what comes behind it",
    source="mio:UDP-06; udp(7); recv(2)",
)
def empty_datagram_is_readable(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account, Interest.READABLE) if debt.marks.get("empty"))


@guarantee(
    "DGR-06",
    MUST,
    "A datagram that was refused is reported readable to its sender: reading gives the error.",
    why="a client whose server is gone waits for the answer until its own timeout",
    source="mio:UDP-10; udp(7) ERRORS; poll(2) POLLERR",
)
def refusal_is_readable(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account, Interest.READABLE) if debt.shows(ERR))


@guarantee(
    "DGR-07",
    MUST,
    "A UDP socket that was deregistered still receives.",
    why="datagrams that come while a socket is parked are lost",
    source="mio:UDP-12; udp(7)",
)
def deregistered_receives(account: Account) -> Iterable[Data]:
    return (data for data in account.data if data.was_deregistered and data.kind == "udp")
