"""LIF: lifetime, close, dup, fd reuse, the file left as it was."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.facts import Account, Call, Data, Debt, Fact, Left, Quiet
from conformance.guarantees import guarantee
from conformance.protocol import Capability
from conformance.verdict import Strength

MUST, SHOULD, MAY = Strength


def _left(account: Account, about: str) -> Iterable[Left]:
    return (left for left in account.left if left.about == about)


@guarantee(
    "LIF-01",
    MUST,
    "A file whose last fd was closed is never reported again.",
    why="a handler runs for a connection that is gone",
    source="mio:LIFE-03, mio:LVL-07, mio:LIFE-01; epoll(7) Q6",
    needs=Capability.CLOSE_FORGETS,
)
def closed_is_silent(account: Account) -> Iterable[Quiet]:
    return account.quiets_about("closed")


@guarantee(
    "LIF-02",
    MUST,
    "A new file that gets the number of an old one can be registered, and is reported under its own token.",
    why="the next connection inherits the last one's events, or is refused",
    source="mio:LIFE-08; epoll(7) Q6; selectors unregister()",
)
def reused_numbers_are_new(account: Account) -> Iterable[Fact]:
    yield from (debt for debt in account.debts_for() if debt.marks.get("reused"))
    yield from (call for call in account.calls if call.state == "lawful" and call.marks.get("reused"))


@guarantee(
    "LIF-03",
    MUST,
    "close() frees every fd that the poller opened.",
    why="a program that makes loops runs out of fds",
    source="mio:POLL-31; select.epoll.close(); pollcheck contract",
)
def close_frees(account: Account) -> Iterable[Left]:
    return _left(account, "fds")


@guarantee(
    "LIF-04",
    MUST,
    "No call closes the sources: they are the program's.",
    why="a number that the program still uses names somebody else's file",
    source="mio:LIFE-09; pollcheck contract",
)
def sources_stay_open(account: Account) -> Iterable[Left]:
    return _left(account, "open")


@guarantee(
    "LIF-05",
    MUST,
    "A non-blocking file stays non-blocking.",
    why="the next read of an empty file stops the whole loop",
    source="pollcheck contract; epoll(7)",
)
def sources_stay_nonblocking(account: Account) -> Iterable[Left]:
    return _left(account, "blocking")


@guarantee(
    "LIF-06",
    MUST,
    "close() returns and raises nothing.",
    why="clean-up stops half-way",
    source="pollcheck contract; select.epoll.close()",
)
def close_is_quiet(account: Account) -> Iterable[Left]:
    return _left(account, "close")


@guarantee(
    "LIF-07",
    MUST,
    "Two fds of one file that are registered apart are reported apart.",
    why="a reader and a writer on dups of one socket starve each other",
    source="mio:LIFE-06; epoll(7) Q1",
    needs=Capability.DUP,
)
def dups_are_apart(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.marks.get("dup"))


@guarantee(
    "LIF-08",
    MUST,
    "Draining a file through one of its fds rearms the registrations of the others.",
    why="what counts is the file, not the number it was read by",
    source="epoll(7) Q9; mio:EDGE-03",
    needs=Capability.DUP | Capability.EDGE,
)
def draining_a_dup_rearms(account: Account) -> Iterable[Debt]:
    return (
        debt
        for debt in account.debts_for()
        if debt.origin == "WouldBlock" and debt.marks.get("elsewhere") and debt.is_edge
    )


@guarantee(
    "LIF-09",
    MUST,
    "A token that a closed file had may be used again at once.",
    why="a program with a slab of connections waits for events that were sent to the dead",
    source="mio:TOK-06, mio:LIFE-03",
    needs=Capability.CLOSE_FORGETS,
)
def number_of_a_closed_file(account: Account) -> Iterable[Fact]:
    yield from (debt for debt in account.debts_for() if debt.marks.get("reused") and debt.marks.get("reused token"))


@guarantee(
    "LIF-10",
    MUST,
    "A registration lives through many cycles of register and deregister.",
    why="a loop that runs for days forgets, leaks or slows down",
    source="mio:REG-33; pollcheck contract",
    floor=3,
)
def cycles(account: Account) -> Iterable[Call]:
    again = (call for call in account.calls if call.state == "lawful" and call.marks.get("again"))
    return (call for call in again if call.problem != "type")


@guarantee(
    "LIF-12",
    MAY,
    "A file that was closed while registered may still be told as long as a dup keeps it open.",
    why="a registration is the file's, and close(2) ends it only with the last fd",
    source="mio:LIFE-04, mio:UNIX-04; epoll(7) Q6",
    needs=Capability.CLOSE_FORGETS,
    floor=0,
)
def ghosts_are_tolerated(account: Account) -> Iterable[Fact]:
    return (freedom for freedom in account.freedoms if freedom.about == "ghost")


@guarantee(
    "LIF-13",
    MUST,
    "deregister silences a file also where a dup of it stays open.",
    why="a child process that inherited the connection keeps its events coming",
    source="mio:LIFE-05; epoll(7) Q6, remove before close",
)
def deregister_with_a_dup(account: Account) -> Iterable[Quiet]:
    return (quiet for quiet in account.quiets_about("deregistered") if quiet.has_dup)


@guarantee(
    "LIF-14",
    MUST,
    "A file that was deregistered stays open: what was sent is still read from it.",
    why="giving a connection to somebody else breaks it",
    source="mio:REG-17; asyncio remove_reader(); selectors unregister()",
)
def deregistered_stays_usable(account: Account) -> Iterable[Data]:
    return (data for data in account.data if data.was_deregistered and data.kind != "udp")
