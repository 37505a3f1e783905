"""WAK: wakers."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.facts import Account, Call, Debt, Fact, Rest
from conformance.guarantees import guarantee
from conformance.protocol import Capability
from conformance.verdict import Strength

MUST, SHOULD, MAY = Strength
WAKE = Capability.WAKE


def _owed(account: Account) -> Iterable[Debt]:
    return account.debts_for("waker")


@guarantee(
    "WAK-01",
    MUST,
    "A wake is reported, READABLE, under the waker's token.",
    why="a message to the loop is never seen",
    source="mio:WAK-01; asyncio call_soon_threadsafe()",
    needs=WAKE,
)
def wake_is_told(account: Account) -> Iterable[Debt]:
    return _owed(account)


@guarantee(
    "WAK-02",
    MUST,
    "A wake from another thread ends a wait in progress.",
    why="the loop cannot be stopped until traffic comes",
    source="mio:WAK-02, mio:WAK-09; asyncio call_soon_threadsafe()",
    needs=WAKE,
)
def wake_ends_a_wait(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account) if debt.was_blocked)


@guarantee(
    "WAK-03",
    MUST,
    "A wake before a poll is remembered.",
    why="a wake that comes between two polls is lost",
    source="mio:WAK-03",
    needs=WAKE,
)
def wake_is_remembered(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account) if not debt.was_blocked)


@guarantee(
    "WAK-04",
    MUST,
    "A wake after an earlier one was reported is reported as well, with nothing to reset.",
    why="the loop can be woken once",
    source="mio:WAK-05",
    needs=WAKE,
)
def wakes_again(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account) if debt.marks.get("again"))


@guarantee(
    "WAK-05",
    MUST,
    "After a wake was reported, the poller rests.",
    why="one message keeps the loop spinning",
    source="mio:WAK-05, mio:WAK-06",
    needs=WAKE,
)
def woken_rests(account: Account) -> Iterable[Rest]:
    return (rest for rest in account.rests if "woken" in rest.bait)


@guarantee(
    "WAK-06",
    MUST,
    "Thousands of wakes without a poll neither block nor fail.",
    why="a busy producer deadlocks on a full pipe",
    source="mio:WAK-10",
    needs=WAKE,
    floor=2,
)
def wakes_do_not_block(account: Account) -> Iterable[Call]:
    return (call for call in account.calls if call.state == "wake")


@guarantee(
    "WAK-07",
    MUST,
    "The waker and files are reported by the same poll loop.",
    why="a loop that is woken forgets its files, or the reverse",
    source="mio:WAK-01, mio:WAK-11",
    needs=WAKE,
)
def beside_files(account: Account) -> Iterable[Fact]:
    has_waker = any(debt.kind == "waker" for debt in account.debts)
    return (debt for debt in account.debts if debt.is_must and debt.others >= 1 and (debt.kind == "waker" or has_waker))


@guarantee(
    "WAK-08",
    MAY,
    "Several wakes may be told as one.",
    why="a wake is a doorbell and no queue",
    source="mio:WAK-04; eventfd(2)",
    needs=WAKE,
    floor=0,
)
def wakes_may_merge(account: Account) -> Iterable[Fact]:
    return (freedom for freedom in account.freedoms if freedom.about == "merged wakes")
