"""HUP: hang-up, half-close, errors."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.facts import Account, Debt, Fact, Hint
from conformance.guarantees import guarantee
from conformance.protocol import Capability, Interest, Readiness
from conformance.verdict import Strength

MUST, SHOULD, MAY = Strength
R, W, P = Interest.READABLE, Interest.WRITABLE, Interest.PRIORITY
IN, OUT, ERR, HUP = 1, 4, 8, 16


def _hints(account: Account, about: str, hint: Readiness) -> Iterable[Hint]:
    return (fact for fact in account.hints if fact.about == about and fact.hint is hint)


@guarantee(
    "HUP-01",
    MUST,
    "A reset connection is reported readable.",
    why="an error that nobody reads keeps a dead connection alive",
    source="mio:EOF-08, mio:HUP-02; poll(2) POLLERR",
)
def reset_is_readable(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for("tcp", "unix") if debt.direction is R and debt.shows(ERR))


@guarantee(
    "HUP-02",
    MUST,
    "A reset connection is reported writable.",
    why="a sender waits for room on a connection that is gone",
    source="mio:EOF-07, mio:EOF-08; poll(2) POLLERR",
    needs=Capability.WRITABLE,
)
def reset_is_writable(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for("tcp", "unix") if debt.direction is W and debt.shows(ERR))


@guarantee(
    "HUP-03",
    MUST,
    "READ_CLOSED is told only of a socket whose peer stopped sending, or that hung up.",
    why="a program closes a healthy connection",
    source="mio:HUP-09",
    needs=Capability.CLOSED_HINTS,
)
def read_closed_is_true(account: Account) -> Iterable[Hint]:
    return _hints(account, "lie", Readiness.READ_CLOSED)


@guarantee(
    "HUP-04",
    MUST,
    "WRITE_CLOSED is told only of a socket that can no longer send.",
    why="a program stops answering a client that only finished its request",
    source="mio:HUP-05, mio:HUP-09, mio:HUP-04, mio:HUP-10",
    needs=Capability.CLOSED_HINTS,
)
def write_closed_is_true(account: Account) -> Iterable[Hint]:
    return _hints(account, "lie", Readiness.WRITE_CLOSED)


@guarantee(
    "HUP-05",
    MUST,
    "ERROR is told only of a socket that has an error.",
    why="a program tears down a connection that works",
    source="mio:HUP-06",
    needs=Capability.ERROR_HINT,
)
def error_is_true(account: Account) -> Iterable[Hint]:
    return _hints(account, "lie", Readiness.ERROR)


@guarantee(
    "HUP-06",
    SHOULD,
    "An event for a socket whose peer stopped sending carries READ_CLOSED.",
    why="a program that relies on the hint reads once more than needed",
    source="mio:HUP-08; epoll_ctl(2) EPOLLRDHUP",
    needs=Capability.CLOSED_HINTS,
)
def read_closed_is_told(account: Account) -> Iterable[Hint]:
    return (fact for fact in account.hints if fact.hint is Readiness.READ_CLOSED)


@guarantee(
    "HUP-07",
    MUST,
    "A one-shot reports a hang-up as its event.",
    why="the one event that a worker waits for never comes",
    source="mio:HUP-02, mio:HUP-08; epoll_ctl(2) EPOLLHUP",
    needs=Capability.ONESHOT,
)
def oneshot_tells_hangup(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.is_oneshot and debt.shows(HUP | ERR))


@guarantee(
    "HUP-08",
    MUST,
    "A socket that its owner shut down is reported readable: reading gives no bytes.",
    why="a program that shuts down to wake its reader does not wake it",
    source="mio:TCP-20, mio:HUP-13, mio:UNIX-06; shutdown(2)",
)
def own_shutdown_is_told(account: Account) -> Iterable[Debt]:
    return (
        debt
        for debt in account.debts_for("tcp", "unix")
        if debt.direction is R and debt.marks["shut"] and debt.shows(HUP)
    )


@guarantee(
    "HUP-09",
    MUST,
    "Out-of-band data is reported to a registration that asks for PRIORITY.",
    why="urgent data is the one thing that must not wait",
    source="mio:HUP-14; epoll_ctl(2) EPOLLPRI; poll(2) POLLPRI",
    needs=Capability.PRIORITY,
)
def priority_is_told(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.direction is P)


@guarantee(
    "HUP-10",
    MAY,
    "A file that hung up or has an error may be told to whoever watches it, whatever was asked for.",
    why="poll and epoll report both always; a program that ignores them deregisters, or spins",
    source="mio:HUP-07, mio:LVL-09; poll(2) POLLHUP, POLLERR; epoll_ctl(2) EPOLLHUP",
    floor=0,
)
def hangups_may_be_told(account: Account) -> Iterable[Fact]:
    return (freedom for freedom in account.freedoms if freedom.about == "hangup")
