"""REG: registration and reregistration."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.facts import Account, Call, Debt, Fact, Quiet
from conformance.guarantees import guarantee
from conformance.protocol import Capability
from conformance.verdict import Strength

MUST, SHOULD, MAY = Strength


@guarantee(
    "REG-01",
    MUST,
    "After register, a file that becomes ready is reported.",
    why="a program waits for ever for data that has arrived",
    source="mio:REG-01; epoll_ctl(2) EPOLL_CTL_ADD; selectors register()",
)
def becomes_ready(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.origin == "register" and not debt.was_ready)


@guarantee(
    "REG-02",
    MUST,
    "A file that is ready already when it is registered is reported, level or edge.",
    why="data that came before the registration is never read",
    source="mio:REG-03; epoll(7) Q9",
)
def ready_at_register(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.origin == "register" and debt.was_ready)


@guarantee(
    "REG-03",
    MUST,
    "A direction that was not asked for is not reported.",
    why="a program writes, or spins, because it is told of room it never asked about",
    source="mio:REG-04; epoll_ctl(2) events; selectors register() events",
)
def outside_interest(account: Account) -> Iterable[Quiet]:
    return account.quiets_about("interest")


@guarantee(
    "REG-04",
    MUST,
    "After reregister, a direction that it dropped is no longer reported.",
    why="a program that has nothing left to write is woken for writing again and again",
    source="mio:REG-05; epoll_ctl(2) EPOLL_CTL_MOD",
    needs=Capability.WRITABLE,
)
def dropped_interest(account: Account) -> Iterable[Quiet]:
    return account.quiets_about("dropped")


@guarantee(
    "REG-05",
    MUST,
    "A direction that reregister adds is reported once it is ready, also if it was ready before.",
    why="a program that now has something to write is never told that it may",
    source="mio:REG-05; epoll_ctl(2) EPOLL_CTL_MOD",
    needs=Capability.WRITABLE,
)
def added_interest(account: Account) -> Iterable[Debt]:
    return (
        debt
        for debt in account.debts_for()
        if debt.origin == "added" or (debt.is_level and debt.marks.get("reinterest"))
    )


@guarantee(
    "REG-06",
    MUST,
    "Nothing that is ready but undelivered outlives the interest that asked for it.",
    why="an event for a direction that was just given up reaches code that no longer expects it",
    source="mio:REG-11",
    needs=Capability.WRITABLE,
)
def undelivered_dropped(account: Account) -> Iterable[Quiet]:
    return (quiet for quiet in account.quiets_about("dropped") if quiet.was_owed)


@guarantee(
    "REG-07",
    MUST,
    "reregister replaces the trigger: a registration that was level is one-shot afterwards, and the reverse.",
    why="a handler that was to run once runs again, or one that was to run on never does",
    source="mio:REG-07; epoll_ctl(2) EPOLL_CTL_MOD",
    needs=Capability.ONESHOT,
)
def replaced_trigger(account: Account) -> Iterable[Fact]:
    yield from (debt for debt in account.debts_for() if debt.marks.get("retrigger"))


@guarantee(
    "REG-08",
    MUST,
    "reregister and deregister of what is not registered are refused or done, never both.",
    why="a program that tracks registrations from the answers loses track",
    source="mio:REG-08, mio:REG-09, mio:REG-24; epoll_ctl(2) ENOENT",
)
def stray_calls(account: Account) -> Iterable[Fact]:
    strays = (call for call in account.calls if call.state == "stray" or call.marks.get("after stray"))
    yield from (call for call in strays if call.problem != "type")
    yield from (debt for debt in account.debts_for() if debt.marks.get("stray"))
    yield from (quiet for quiet in account.quiets if quiet.after_stray)
    yield from (left for left in account.left if left.after_stray)


@guarantee(
    "REG-09",
    MUST,
    "After deregister returns, no poll reports the token, however ready the file is.",
    why="a handler runs for an object that was torn down",
    source="mio:REG-13; epoll_ctl(2) EPOLL_CTL_DEL; asyncio remove_reader()",
)
def deregister_silences(account: Account) -> Iterable[Quiet]:
    return account.quiets_about("deregistered")


@guarantee(
    "REG-10",
    MUST,
    "deregister discards readiness that had not been delivered.",
    why="the last event of a closed connection arrives after its clean-up",
    source="mio:REG-14",
)
def deregister_discards(account: Account) -> Iterable[Quiet]:
    return (quiet for quiet in account.quiets_about("deregistered") if quiet.was_owed)


@guarantee(
    "REG-11",
    MUST,
    "A file can be registered again after deregister, and is reported again.",
    why="a connection that is parked and taken up again stays dead",
    source="mio:REG-19; epoll_ctl(2)",
)
def register_again(account: Account) -> Iterable[Fact]:
    yield from (
        call for call in account.calls if call.state == "lawful" and call.verb == "register" and call.marks.get("again")
    )
    yield from (debt for debt in account.debts_for() if debt.origin == "register" and debt.marks.get("again"))


@guarantee(
    "REG-12",
    MUST,
    "A refused call changes nothing: the registration that was in force still reports.",
    why="one harmless mistake kills a healthy connection",
    source="mio:REG-23; epoll_ctl(2) ERRORS",
)
def refusal_changes_nothing(account: Account) -> Iterable[Fact]:
    yield from (debt for debt in account.debts_for() if debt.marks.get("refused"))
    # a poller that does what others refuse has one refusal less to get wrong
    yield from (call for call in account.calls if call.state in ("double", "stray") and call.marks.get("done"))


@guarantee(
    "REG-13",
    MUST,
    "A lawful register, reregister or deregister is not refused.",
    why="a program cannot watch a file that can be watched",
    source="epoll_ctl(2); mio:REG-01; selectors register(), modify(), unregister()",
    floor=3,
)
def lawful_calls(account: Account) -> Iterable[Call]:
    return (call for call in account.calls if call.state == "lawful" and call.problem != "type")


@guarantee(
    "REG-14",
    MUST,
    "A second register of a registered file is refused, or done: then the last call is in force.",
    why="two halves of a program fight over one file and both lose",
    source="mio:REG-22; epoll_ctl(2) EEXIST; asyncio add_reader()",
)
def double_register(account: Account) -> Iterable[Fact]:
    yield from (call for call in account.calls if call.state == "double" and call.problem != "type")
    yield from (debt for debt in account.debts_for() if debt.marks.get("doubled"))


@guarantee(
    "REG-15",
    SHOULD,
    "A plain reregister of an edge registration reports a condition that is true, again.",
    why="mio and epoll promise it, and programs use it to ask once more",
    source="mio:REG-10; epoll_ctl(2) EPOLL_CTL_MOD",
    needs=Capability.EDGE,
)
def reregister_reports(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts if debt.is_file and debt.origin == "again")


@guarantee(
    "REG-16",
    MUST,
    "Of several reregisters in a row, the last is in force.",
    why="a program that changes its mind twice gets what it asked for first",
    source="mio:REG-12",
)
def last_reregister_wins(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.marks.get("changed before"))


@guarantee(
    "REG-17",
    MUST,
    "Each of several registrations is reported, whatever happens to the others.",
    why="one busy connection hides another",
    source="mio:REG-01; epoll(7)",
)
def registrations_are_independent(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.others >= 2)


@guarantee(
    "REG-18",
    MUST,
    "register, reregister and deregister refuse with OSError, ValueError or KeyError, and raise nothing else.",
    why="a caller that handles refusals dies of another exception",
    source="pollcheck contract, docs/writing-an-adapter.md; selectors register() Raises",
)
def refusals_are_of_known_types(account: Account) -> Iterable[Call]:
    asked = (call for call in account.calls if call.state in ("lawful", "double", "stray"))
    return (call for call in asked if call.held or call.problem == "type")


@guarantee(
    "REG-19",
    MAY,
    "Readable and writable of one registration may come as one event or as two.",
    why="a program must not count events",
    source="mio:REG-29, mio:POLL-19",
    floor=0,
)
def merged_or_split(account: Account) -> Iterable[Fact]:
    return (freedom for freedom in account.freedoms if freedom.about in ("merged", "split"))


@guarantee(
    "REG-20",
    MUST,
    "A direction that reregister keeps is still reported when the other is given up.",
    why="a connection that has nothing more to write is never read again",
    source="asyncio remove_writer(), remove_reader()",
    needs=Capability.WRITABLE,
)
def kept_direction(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.marks.get("narrowed"))
