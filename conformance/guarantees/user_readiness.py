"""USR: user readiness."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.facts import Account, Call, Debt, Fact, Quiet, Rest
from conformance.guarantees import guarantee
from conformance.protocol import Capability
from conformance.verdict import Strength

MUST, SHOULD, MAY = Strength
USER = Capability.USER_READINESS


def _owed(account: Account) -> Iterable[Debt]:
    return account.debts_for("user")


def _quiet(account: Account, *reasons: str) -> Iterable[Quiet]:
    return (quiet for quiet in account.quiets_about(*reasons) if quiet.kind == "user")


@guarantee(
    "USR-01",
    MUST,
    "A readiness that is set and asked for is reported, in the end.",
    why="a message from another thread is never fetched",
    source="mio:CUS-03",
    needs=USER,
)
def set_is_told(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account) if debt.origin == "set")


@guarantee(
    "USR-02",
    MUST,
    "A readiness that was set before register is reported.",
    why="a channel that is filled before the loop starts is never read",
    source="mio:CUS-02",
    needs=USER,
)
def set_before_register(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account) if debt.origin == "register" and debt.was_ready)


@guarantee(
    "USR-03",
    MUST,
    "get() answers the value last set: set replaces and never merges.",
    why="a readiness that was withdrawn lives on",
    source="mio:CUS-07, mio:CUS-08, mio:CUS-38",
    needs=USER,
)
def get_answers_the_last_set(account: Account) -> Iterable[Call]:
    return (call for call in account.calls if call.state == "set")


@guarantee(
    "USR-04",
    MUST,
    "The last value of several sets is the one that is reported in the end.",
    why="the final state of a queue is hidden by an earlier one",
    source="mio:CUS-11, mio:CUS-08",
    needs=USER,
)
def the_last_value_is_told(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account) if debt.origin == "set" and debt.marks.get("replaced"))


@guarantee(
    "USR-05",
    MUST,
    "Under level, a readiness that stays set is reported again.",
    why="a consumer that takes one item per event stops with items left",
    source="mio:CUS-14",
    needs=USER | Capability.LEVEL,
)
def level_repeats(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account) if debt.is_level and debt.origin == "repeat")


@guarantee(
    "USR-06",
    MUST,
    "Under edge, a set after an event is reported again.",
    why="a channel works once",
    source="mio:CUS-15",
    needs=USER | Capability.EDGE,
)
def edge_tells_each_change(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account) if debt.is_edge and debt.origin == "set")


@guarantee(
    "USR-07",
    MUST,
    "A readiness that is set while a one-shot is disabled is reported after reregister.",
    why="the item that came while the consumer was busy is never fetched",
    source="mio:CUS-17",
    needs=USER | Capability.ONESHOT,
)
def kept_while_disabled(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account) if debt.origin == "rearm")


@guarantee(
    "USR-08",
    MUST,
    "A readiness that was not asked for is not reported.",
    why="a consumer is woken for the producer's side",
    source="mio:CUS-09, mio:CUS-10, mio:CUS-19",
    needs=USER,
)
def outside_interest(account: Account) -> Iterable[Quiet]:
    return _quiet(account, "interest", "dropped")


@guarantee(
    "USR-09",
    MUST,
    "A set from another thread ends a wait in progress.",
    why="the loop sleeps on a full queue",
    source="mio:CUS-25, mio:CUS-26",
    needs=USER,
)
def set_ends_a_wait(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account) if debt.was_blocked)


@guarantee(
    "USR-10",
    MUST,
    "After the readiness is withdrawn, the poller rests.",
    why="an empty queue keeps the loop spinning",
    source="mio:CUS-13",
    needs=USER | Capability.LEVEL,
)
def withdrawn_rests(account: Account) -> Iterable[Rest]:
    return (rest for rest in account.rests if account.has_user and "await" not in rest.bait)


@guarantee(
    "USR-11",
    MUST,
    "deregister silences a user source, also one with an event pending.",
    why="a handler runs for a queue that was torn down",
    source="mio:CUS-20",
    needs=USER,
)
def deregister_silences(account: Account) -> Iterable[Quiet]:
    return _quiet(account, "deregistered")


@guarantee(
    "USR-12",
    MUST,
    "A user source is silent after a one-shot event until it is reregistered.",
    why="two workers take from one queue at once",
    source="mio:CUS-17, mio:ONE-01",
    needs=USER | Capability.ONESHOT,
)
def fired_is_silent(account: Account) -> Iterable[Quiet]:
    return _quiet(account, "fired")


@guarantee(
    "USR-13",
    MAY,
    "A readiness that is set and withdrawn before a poll may vanish, and a set may be told later than the next poll.",
    why="set_readiness promises neither order nor promptness",
    source="mio:CUS-04, mio:CUS-06, mio:CUS-12, mio:CUS-05, mio:CUS-16",
    needs=USER,
    floor=0,
)
def no_order_and_no_promptness(account: Account) -> Iterable[Fact]:
    return (freedom for freedom in account.freedoms if freedom.about in ("withdrawn", "later set"))


@guarantee(
    "USR-14",
    MUST,
    "User sources and files are reported by the same poll loop.",
    why="one half of the program goes deaf when the other is busy",
    source="mio:CUS-36",
    needs=USER,
)
def beside_files(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account) if debt.others >= 1)


@guarantee(
    "USR-16",
    SHOULD,
    "A plain reregister of an edge user source reports a readiness that is still set, again.",
    why="a consumer that asks once more is not told what is there",
    source="mio:CUS-18, mio:REG-10",
    needs=USER | Capability.EDGE,
)
def reregister_reports(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts if debt.kind == "user" and debt.origin == "again")
