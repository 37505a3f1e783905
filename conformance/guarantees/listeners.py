"""LSN: listeners."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.facts import Account, Debt
from conformance.guarantees import guarantee
from conformance.protocol import Capability
from conformance.verdict import Strength

MUST = Strength.MUST


def _owed(account: Account) -> Iterable[Debt]:
    return account.debts_for("listener")


@guarantee(
    "LSN-01",
    MUST,
    "A listener is reported readable when a connection waits.",
    why="clients wait in the backlog until they give up",
    source="mio:TCP-09; accept(2); listen(2)",
)
def pending_is_readable(account: Account) -> Iterable[Debt]:
    return _owed(account)


@guarantee(
    "LSN-02",
    MUST,
    "Under level, a listener is reported until its backlog is empty.",
    why="of two clients that come together one is served",
    source="mio:TCP-13; epoll(7)",
    needs=Capability.LEVEL,
)
def level_listener_repeats(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account) if debt.is_level and debt.origin == "repeat")


@guarantee(
    "LSN-03",
    MUST,
    "Under edge, a connection that comes after accept met WouldBlock is reported.",
    why="a server accepts its first clients and no others",
    source="mio:TCP-11, mio:TCP-12; epoll(7)",
    needs=Capability.EDGE,
)
def accept_rearms(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account) if debt.is_edge and debt.origin == "WouldBlock")


@guarantee(
    "LSN-04",
    MUST,
    "A listener whose backlog is not empty at register is reported.",
    why="clients that come while a server starts are never served",
    source="mio:REG-03, mio:TCP-09",
)
def pending_at_register(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account) if debt.origin == "register" and debt.was_ready)


@guarantee(
    "LSN-05",
    MUST,
    "A one-shot listener reports again after each reregister.",
    why="a server that accepts in turns serves one client in all",
    source="mio:ONE-04, mio:TCP-09; epoll_ctl(2) EPOLLONESHOT",
    needs=Capability.ONESHOT,
)
def oneshot_listener_rearms(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account) if debt.origin == "rearm")
