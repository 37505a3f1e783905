"""EDG: edge and draining."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.facts import Account, Debt, Fact
from conformance.guarantees import guarantee
from conformance.protocol import Capability, Interest
from conformance.verdict import Strength

MUST, SHOULD, MAY = Strength
EDGE = Capability.EDGE


def _edges(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.is_edge and not debt.is_oneshot)


@guarantee(
    "EDG-01",
    MUST,
    "A change from not ready to ready is reported.",
    why="the program is never told of the first byte",
    source="mio:EDGE-01; epoll(7) Edge-triggered",
    needs=EDGE,
)
def change_is_told(account: Account) -> Iterable[Debt]:
    return (debt for debt in _edges(account) if debt.origin == "register" and not debt.was_ready)


@guarantee(
    "EDG-02",
    MUST,
    "What is ready at registration counts as the first edge.",
    why="data that came early is never read",
    source="mio:REG-03; epoll(7) Q9",
    needs=EDGE,
)
def first_edge(account: Account) -> Iterable[Debt]:
    return (debt for debt in _edges(account) if debt.origin == "register" and debt.was_ready)


@guarantee(
    "EDG-03",
    MUST,
    "After a file was drained to WouldBlock, new readiness is reported.",
    why="the core of the edge contract: without it a connection hangs after its first message",
    source="mio:EDGE-03, mio:SPUR-03; epoll(7) Q9 and suggested usage; mio 1.x Poll, Draining readiness",
    needs=EDGE,
    floor=3,
)
def drained_is_rearmed(account: Account) -> Iterable[Debt]:
    return (debt for debt in _edges(account) if debt.origin == "WouldBlock")


@guarantee(
    "EDG-04",
    MUST,
    "A file that is drained and ready again before the next poll is reported.",
    why="a poller that compares samples sees no change and reports nothing",
    source="mio:EDGE-04",
    needs=EDGE,
)
def ready_again_between_polls(account: Account) -> Iterable[Debt]:
    return (debt for debt in _edges(account) if debt.origin == "WouldBlock" and not debt.marks.get("polled"))


@guarantee(
    "EDG-05",
    MUST,
    "WouldBlock arms also where no event had been reported before.",
    why="a program that reads first and asks later is never told",
    source="mio:EDGE-05",
    needs=EDGE,
)
def opportunistic_reads_rearm(account: Account) -> Iterable[Debt]:
    return (debt for debt in _edges(account) if debt.origin == "WouldBlock" and debt.marks.get("no event"))


@guarantee(
    "EDG-06",
    MUST,
    "An event for one direction leaves the other armed.",
    why="an upload stops because a reply arrived",
    source="mio:EDGE-13",
    needs=EDGE | Capability.WRITABLE,
)
def directions_are_independent(account: Account) -> Iterable[Debt]:
    return (debt for debt in _edges(account) if debt.marks.get("crossed") and debt.interest & 3 == 3)


@guarantee(
    "EDG-07",
    MUST,
    "After a write met WouldBlock, new room is reported.",
    why="a sender that filled the buffer once never sends again",
    source="mio:EDGE-11; epoll(7)",
    needs=EDGE | Capability.WRITABLE,
)
def room_after_back_pressure(account: Account) -> Iterable[Debt]:
    return (debt for debt in _edges(account) if debt.origin == "WouldBlock" and debt.direction is Interest.WRITABLE)


@guarantee(
    "EDG-08",
    MAY,
    "An edge that was reported and not drained need not be reported again.",
    why="only draining to WouldBlock entitles a program to the next event",
    source="mio:EDGE-02, mio:EDGE-07, mio:EDGE-08, mio:EDGE-06, mio:EDGE-12, mio:EDGE-17, mio:EOF-05; epoll(7)",
    needs=EDGE,
    floor=0,
)
def undrained_may_be_silent(account: Account) -> Iterable[Fact]:
    return (freedom for freedom in account.freedoms if freedom.about == "undrained")


@guarantee(
    "EDG-09",
    MUST,
    "The end of a stream is an edge.",
    why="a drained connection that its peer closes is kept for ever",
    source="mio:EDGE-19, mio:EOF-01; epoll(7)",
    needs=EDGE,
)
def end_of_stream_is_an_edge(account: Account) -> Iterable[Debt]:
    return (debt for debt in _edges(account) if debt.shows(0x2010) and debt.direction is Interest.READABLE)


@guarantee(
    "EDG-10",
    MUST,
    "An edge that did not fit into `max_events` is reported by a later poll.",
    why="under load, connections are forgotten",
    source="mio:EDGE-16, mio:POLL-13; epoll_wait(2) maxevents",
    needs=EDGE | Capability.MAX_EVENTS,
)
def edges_survive_a_full_buffer(account: Account) -> Iterable[Debt]:
    return (debt for debt in _edges(account) if debt.is_overdrawn)


@guarantee(
    "EDG-11",
    MUST,
    "A peek that meets WouldBlock arms reading.",
    why="a protocol that sniffs the first byte is never told of it",
    source="mio:EDGE-14",
    needs=EDGE,
)
def peek_rearms(account: Account) -> Iterable[Debt]:
    return (debt for debt in _edges(account) if debt.origin == "WouldBlock" and debt.marks.get("peek"))


@guarantee(
    "EDG-12",
    MUST,
    "A level registration that is made edge keeps what was not yet told.",
    why="a program that optimises a busy connection loses it",
    source="mio:LVL-10, mio:REG-07",
    needs=EDGE | Capability.LEVEL,
)
def level_to_edge(account: Account) -> Iterable[Debt]:
    return (debt for debt in _edges(account) if debt.marks.get("retrigger"))


@guarantee(
    "EDG-13",
    MUST,
    "A peek that finds bytes takes nothing away: what was owed is still told.",
    why="a protocol that sniffs early loses the event of what it has only looked at",
    source="mio:EDGE-15, mio:TCP-19; recv(2) MSG_PEEK",
    needs=EDGE,
)
def peek_consumes_nothing(account: Account) -> Iterable[Debt]:
    return (debt for debt in _edges(account) if debt.marks.get("peeked"))
