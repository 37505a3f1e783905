"""ONE: one-shot."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.facts import Account, Call, Debt, Fact, Quiet, Stop
from conformance.guarantees import guarantee
from conformance.protocol import Capability, Trigger
from conformance.verdict import Strength

MUST, SHOULD, MAY = Strength
ONESHOT = Capability.ONESHOT
HANGUPS = 0x18


def _rearmed(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.origin == "rearm")


@guarantee(
    "ONE-01",
    MUST,
    "A one-shot registration is silent after its event until it is reregistered.",
    why="two workers get the same connection at once",
    source="mio:ONE-01, mio:ONE-08; epoll_ctl(2) EPOLLONESHOT",
    needs=ONESHOT,
    floor=3,
)
def fired_is_silent(account: Account) -> Iterable[Quiet]:
    return account.quiets_about("fired")


@guarantee(
    "ONE-02",
    MUST,
    "The event disables the whole registration, both directions.",
    why="a handler that owns the connection is disturbed from the other side",
    source="mio:ONE-02; epoll_ctl(2) EPOLLONESHOT",
    needs=ONESHOT | Capability.WRITABLE,
)
def both_directions_are_disabled(account: Account) -> Iterable[Quiet]:
    return (quiet for quiet in account.quiets_about("fired") if quiet.seen & 5 == 5)


@guarantee(
    "ONE-03",
    MUST,
    "Disabled is not deregistered: reregister and deregister of a fired one-shot are done.",
    why="a program cannot take up again, or give up, what it was told once",
    source="mio:ONE-03, mio:REG-18; epoll_ctl(2) EPOLLONESHOT",
    needs=ONESHOT,
)
def fired_is_still_registered(account: Account) -> Iterable[Call]:
    return (call for call in account.calls if call.marks.get("fired") and call.state == "lawful")


@guarantee(
    "ONE-04",
    MUST,
    "reregister enables a one-shot again: what is or becomes ready is reported.",
    why="each connection gets one request and no second",
    source="mio:ONE-04; epoll_ctl(2) EPOLLONESHOT, EPOLL_CTL_MOD",
    needs=ONESHOT,
    floor=3,
)
def reregister_enables(account: Account) -> Iterable[Debt]:
    return _rearmed(account)


@guarantee(
    "ONE-05",
    MUST,
    "Readiness gained while it was disabled is reported after reregister.",
    why="the request that came while the worker was busy is lost",
    source="mio:ONE-05",
    needs=ONESHOT,
)
def gained_while_disabled(account: Account) -> Iterable[Debt]:
    return (debt for debt in _rearmed(account) if debt.marks.get("gained"))


@guarantee(
    "ONE-06",
    MUST,
    "A one-shot that is reregistered without being drained is reported again.",
    why="a worker that takes one message per turn never gets the second",
    source="mio:ONE-06",
    needs=ONESHOT,
)
def rearmed_undrained(account: Account) -> Iterable[Debt]:
    return (debt for debt in _rearmed(account) if debt.marks.get("undrained"))


@guarantee(
    "ONE-07",
    MUST,
    "Only an event that is returned disables: what did not fit into `max_events` is still owed.",
    why="under load a connection is disabled and nobody was told",
    source="mio:ONE-09; epoll_wait(2) maxevents",
    needs=ONESHOT | Capability.MAX_EVENTS,
)
def overflow_does_not_fire(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.is_oneshot and debt.is_overdrawn)


@guarantee(
    "ONE-08",
    MUST,
    "A level registration with oneshot is disabled by its event as well.",
    why="the flag is ignored under one trigger and honoured under the other",
    source="mio:ONE-10",
    needs=ONESHOT | Capability.LEVEL,
)
def level_oneshot_is_silent(account: Account) -> Iterable[Quiet]:
    return (quiet for quiet in account.quiets_about("fired") if quiet.trigger & Trigger.LEVEL)


@guarantee(
    "ONE-09",
    MUST,
    "Hang-up and error do not pierce a disabled registration.",
    why="a peer that leaves runs a handler that was switched off",
    source="mio:ONE-11; epoll_ctl(2) EPOLLONESHOT",
    needs=ONESHOT,
)
def hangup_does_not_pierce(account: Account) -> Iterable[Quiet]:
    return (quiet for quiet in account.quiets_about("fired") if quiet.seen & HANGUPS)


@guarantee(
    "ONE-10",
    MUST,
    "Polls that report nothing do not disable: the first event is still owed.",
    why="a loop that looks often disarms what it watches",
    source="mio:ONE-12",
    needs=ONESHOT,
)
def empty_polls_do_not_fire(account: Account) -> Iterable[Fact]:
    return (
        debt
        for debt in account.debts_for()
        if debt.is_oneshot and debt.marks.get("polled") and debt.origin in ("register", "rearm")
    )


@guarantee(
    "ONE-11",
    SHOULD,
    "A reregister of a one-shot that is not ready makes no event.",
    why="a worker that gives an idle connection back gets it at once, again and again",
    source="mio:ONE-07",
    needs=ONESHOT,
)
def rearmed_and_idle(account: Account) -> Iterable[Stop]:
    return (stop for stop in account.stops if stop.about == "rearm")
