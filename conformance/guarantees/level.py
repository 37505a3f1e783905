"""LVL: level."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.facts import Account, Debt, Fact
from conformance.guarantees import guarantee
from conformance.protocol import Capability, Interest
from conformance.verdict import Strength

MUST, SHOULD, MAY = Strength
LEVEL = Capability.LEVEL


@guarantee(
    "LVL-01",
    MUST,
    "A level registration is reported again as long as its condition holds.",
    why="a handler that reads a little at a time stalls with data left",
    source="mio:LVL-01, mio:LVL-02; epoll(7) Level-triggered; select(2)",
    needs=LEVEL,
)
def level_repeats(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.is_level and not debt.is_oneshot and debt.origin == "repeat")


@guarantee(
    "LVL-02",
    MUST,
    "poll(0) reports a level registration that is ready: looking is enough.",
    why="a loop that is always busy never sees its files",
    source="mio:POLL-03; epoll_wait(2) timeout 0; poll(2)",
    needs=LEVEL,
)
def zero_harvests(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.is_level and debt.waited == 0)


@guarantee(
    "LVL-03",
    MUST,
    "Writable repeats under level while there is room.",
    why="a sender that writes one piece per event stops in the middle",
    source="mio:LVL-05; epoll(7)",
    needs=LEVEL | Capability.WRITABLE,
)
def writable_repeats(account: Account) -> Iterable[Debt]:
    return (
        debt
        for debt in account.debts_for()
        if debt.is_level and debt.origin == "repeat" and debt.direction is Interest.WRITABLE
    )


@guarantee(
    "LVL-04",
    MUST,
    "A level registration that was drained and becomes ready again is reported again.",
    why="a connection lives for exactly one request",
    source="mio:LVL-01; epoll(7)",
    needs=LEVEL,
)
def level_comes_back(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.is_level and debt.origin == "WouldBlock")


@guarantee(
    "LVL-05",
    SHOULD,
    "A level registration whose condition has cleared is not reported.",
    why="each needless event costs a system call and a handler",
    source="mio:LVL-03, mio:POLL-11",
    needs=LEVEL,
)
def level_stops(account: Account) -> Iterable[Fact]:
    return (fact for fact in account.stops if fact.about == "level")


@guarantee(
    "LVL-06",
    MUST,
    "Level and edge registrations in one poller both keep their promises.",
    why="mixing a listener and connections in one loop starves one kind",
    source="mio:LVL-08; epoll(7)",
    needs=LEVEL | Capability.EDGE,
)
def level_and_edge_mix(account: Account) -> Iterable[Debt]:
    kinds = {bool(debt.is_level) for debt in account.debts_for()}
    return (debt for debt in account.debts_for() if len(kinds) == 2)


@guarantee(
    "LVL-07",
    MUST,
    "A wait without end returns while a level registration is ready.",
    why="a loop sleeps on data it has already been told of",
    source="mio:LVL-04; epoll_wait(2); select(2)",
    needs=LEVEL,
)
def level_does_not_block(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.is_level and debt.waited is None)


@guarantee(
    "LVL-08",
    MUST,
    "A change from edge to level reports what is ready, drained or not.",
    why="a program that switches to the simple trigger misses what was there",
    source="mio:LVL-10, mio:REG-07; epoll_ctl(2) EPOLL_CTL_MOD",
    needs=LEVEL | Capability.EDGE,
)
def edge_to_level(account: Account) -> Iterable[Debt]:
    return (
        debt for debt in account.debts_for() if debt.is_level and debt.marks.get("retrigger") and not debt.is_oneshot
    )
