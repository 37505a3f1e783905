"""THR: threads - registrations that another thread changes while a poll is in progress."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.facts import Account, Call, Debt, Fact, Quiet
from conformance.guarantees import guarantee
from conformance.protocol import Capability
from conformance.verdict import Strength

MUST, SHOULD, MAY = Strength
THREADS = Capability.MULTI_THREAD


def _changed(account: Account, *origins: str) -> Iterable[Debt]:
    """What is owed because of a call from another thread, told or not by a poll that this call met."""
    owed = (debt for debt in account.debts if debt.is_must and debt.marks.get("thread") and debt.kind != "user")
    return (debt for debt in owed if debt.origin in origins and (debt.was_blocked or not debt.held))


def _quiet(account: Account, reason: str) -> Iterable[Quiet]:
    return (quiet for quiet in account.quiets_about(reason) if quiet.place == "thread")


@guarantee(
    "THR-01",
    MUST,
    "A register from another thread takes effect on a poll in progress.",
    why="a connection that is handed to a sleeping loop is not served until something else happens",
    source="mio:REG-30, mio:THR-01; epoll_wait(2) NOTES",
    needs=THREADS,
)
def registered_meanwhile(account: Account) -> Iterable[Debt]:
    return _changed(account, "register")


@guarantee(
    "THR-02",
    MUST,
    "A reregister from another thread that adds a direction takes effect on a poll in progress.",
    why="a thread that has something to send waits for a loop that sleeps",
    source="mio:REG-30, mio:THR-02; epoll_ctl(2) EPOLL_CTL_MOD",
    needs=THREADS | Capability.WRITABLE,
)
def reregistered_meanwhile(account: Account) -> Iterable[Debt]:
    yield from _changed(account, "added")
    yield from (
        debt for debt in _changed(account, "register", "repeat") if debt.is_level and debt.marks.get("reinterest")
    )


@guarantee(
    "THR-03",
    MUST,
    "A one-shot that another thread reregisters is reported by the poll in progress.",
    why="a pool of workers gives connections back to a loop that does not notice",
    source="mio:ONE-04, mio:REG-30; epoll_ctl(2) EPOLLONESHOT",
    needs=THREADS | Capability.ONESHOT,
)
def rearmed_meanwhile(account: Account) -> Iterable[Debt]:
    return _changed(account, "rearm")


@guarantee(
    "THR-04",
    MUST,
    "After a deregister from another thread has returned, no poll that begins then reports the token.",
    why="a thread tears down what the loop still calls",
    source="mio:REG-14, mio:REG-16, mio:THR-02",
    needs=THREADS,
)
def deregistered_meanwhile(account: Account) -> Iterable[Quiet]:
    return _quiet(account, "deregistered")


@guarantee(
    "THR-05",
    MUST,
    "After another thread has replaced a token, no poll that begins then reports the old one.",
    why="an event goes to the thread that has given the connection away",
    source="mio:REG-06, mio:REG-16",
    needs=THREADS | Capability.TOKEN_CHANGE,
)
def retokened_meanwhile(account: Account) -> Iterable[Quiet]:
    return _quiet(account, "retoken")


@guarantee(
    "THR-06",
    MUST,
    "A lawful call from another thread is not refused while a poll is in progress, and raises nothing.",
    why="a thread can hand nothing to the loop",
    source="mio:THR-01, mio:THR-02",
    needs=THREADS,
    floor=2,
)
def lawful_meanwhile(account: Account) -> Iterable[Call]:
    return (call for call in account.calls if call.state == "lawful" and call.marks.get("thread"))


@guarantee(
    "THR-07",
    MUST,
    "A poll in progress whose registrations another thread changes still tells what becomes ready elsewhere.",
    why="a change to one connection makes the loop deaf to all others",
    source="mio:THR-02, mio:REG-16; epoll_wait(2) NOTES",
    needs=THREADS,
)
def the_others_are_told(account: Account) -> Iterable[Debt]:
    return (
        debt
        for debt in account.debts_for()
        if debt.marks.get("overlap") and not debt.marks.get("thread") and (debt.was_blocked or not debt.held)
    )


@guarantee(
    "THR-08",
    MUST,
    "Each of several registrations that another thread makes during one poll is reported.",
    why="of a burst of accepted connections one is served",
    source="mio:THR-01, mio:REG-31",
    needs=THREADS,
)
def all_are_told(account: Account) -> Iterable[Debt]:
    return (
        debt
        for debt in account.debts_for()
        if debt.marks.get("thread") and debt.origin == "register" and debt.others >= 1
    )


@guarantee(
    "THR-09",
    MUST,
    "An edge that another thread drains to WouldBlock is reported by the poll in progress when it is ready again.",
    why="workers read what the loop watches, and the loop tells them once",
    source="mio:THR-04, mio:EDGE-04",
    needs=THREADS | Capability.EDGE,
)
def drained_meanwhile(account: Account) -> Iterable[Debt]:
    return (debt for debt in _changed(account, "WouldBlock") if debt.is_edge)


@guarantee(
    "THR-10",
    MUST,
    "A user source that is ready and that another thread registers is reported by the poll in progress.",
    why="a channel that is attached to a sleeping loop is read when something else happens",
    source="mio:CUS-02, mio:REG-30",
    needs=THREADS | Capability.USER_READINESS,
)
def user_registered_meanwhile(account: Account) -> Iterable[Debt]:
    owed = (debt for debt in account.debts_for("user") if debt.marks.get("thread") and debt.origin == "register")
    return (debt for debt in owed if debt.was_blocked or not debt.held)


@guarantee(
    "THR-11",
    MAY,
    "A poll that overlaps a deregister or a reregister may tell the registration as it was before.",
    why="only what happens before a poll begins binds it",
    source="mio:REG-16; epoll_wait(2) NOTES",
    needs=THREADS,
    floor=0,
)
def overlap_may_tell_the_old(account: Account) -> Iterable[Fact]:
    return (freedom for freedom in account.freedoms if freedom.about == "overlap")
