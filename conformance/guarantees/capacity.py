"""CAP: capacity, fairness, starvation."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.facts import Account, Debt, Fact, Wait
from conformance.guarantees import guarantee
from conformance.protocol import Capability
from conformance.verdict import Strength

MUST, SHOULD, MAY = Strength
MAX_EVENTS = Capability.MAX_EVENTS


def _overdrawn(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts if debt.is_must and debt.is_overdrawn)


@guarantee(
    "CAP-01",
    MUST,
    "A poll returns at most `max_events` events.",
    why="a caller with a buffer of that size overruns it",
    source="mio:POLL-12; epoll_wait(2) maxevents",
    needs=MAX_EVENTS,
)
def at_most_max_events(account: Account) -> Iterable[Wait]:
    return account.waits_about("capacity")


@guarantee(
    "CAP-02",
    MUST,
    "What did not fit is told by later polls.",
    why="under load, connections are forgotten",
    source="mio:POLL-13; epoll_wait(2) maxevents",
    needs=MAX_EVENTS,
)
def overflow_is_told_later(account: Account) -> Iterable[Debt]:
    return (debt for debt in _overdrawn(account) if debt.is_file)


@guarantee(
    "CAP-03",
    MUST,
    "With a small `max_events`, level registrations that are always ready take turns.",
    why="the first connections of a busy server starve the others",
    source="mio:LVL-06; epoll_wait(2) NOTES, round robin",
    needs=MAX_EVENTS | Capability.LEVEL,
)
def level_takes_turns(account: Account) -> Iterable[Debt]:
    return (debt for debt in _overdrawn(account) if debt.is_file and debt.is_level and not debt.is_oneshot)


@guarantee(
    "CAP-04",
    MUST,
    "The waker is told however many files are always ready.",
    why="a busy loop can no longer be stopped",
    source="mio:WAK-11, mio:POLL-15",
    needs=MAX_EVENTS | Capability.WAKE,
)
def waker_is_not_starved(account: Account) -> Iterable[Debt]:
    return (debt for debt in _overdrawn(account) if debt.kind == "waker")


@guarantee(
    "CAP-05",
    MUST,
    "User readiness is told however many files are always ready.",
    why="a channel into the loop goes deaf under load",
    source="mio:POLL-15, mio:POLL-17, mio:CUS-31, mio:CUS-32",
    needs=MAX_EVENTS | Capability.USER_READINESS,
)
def user_readiness_is_not_starved(account: Account) -> Iterable[Debt]:
    return (debt for debt in _overdrawn(account) if debt.kind == "user")


@guarantee(
    "CAP-06",
    MUST,
    "Files are told however many user sources are always ready.",
    why="a busy channel stops the network",
    source="mio:CUS-37, mio:POLL-15",
    needs=MAX_EVENTS | Capability.USER_READINESS,
)
def files_are_not_starved(account: Account) -> Iterable[Debt]:
    users = any(debt.kind == "user" for debt in account.debts)
    return (debt for debt in _overdrawn(account) if debt.is_file and users)


@guarantee(
    "CAP-07",
    MAY,
    "The events of a poll come in any order.",
    why="neither tokens nor the time of register say who is served first",
    source="mio:POLL-18, mio:TOK-07; epoll_wait(2)",
    floor=0,
)
def any_order(account: Account) -> Iterable[Fact]:
    return (freedom for freedom in account.freedoms if freedom.about == "order")
