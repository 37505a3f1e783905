"""EOF: end of stream."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.facts import Account, Data, Debt
from conformance.guarantees import guarantee
from conformance.protocol import Capability, Interest
from conformance.verdict import Strength

MUST = Strength.MUST
R, W = Interest.READABLE, Interest.WRITABLE
HUP, RDHUP = 0x10, 0x2000
STREAMS = ("unix", "tcp", "connecting", "read end")


def _ends(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for(*STREAMS) if debt.direction is R and debt.shows(RDHUP | HUP))


@guarantee(
    "EOF-01",
    MUST,
    "A file whose peer has closed is reported readable.",
    why="a dead connection is kept for ever",
    source="mio:EOF-01, mio:LIFE-15; poll(2) POLLHUP; epoll_ctl(2) EPOLLHUP",
)
def peer_close_is_readable(account: Account) -> Iterable[Debt]:
    return (debt for debt in _ends(account) if debt.shows(HUP))


@guarantee(
    "EOF-02",
    MUST,
    "A socket whose peer has shut down writing is reported readable.",
    why="a client that says it is done is never answered",
    source="mio:EOF-01; epoll_ctl(2) EPOLLRDHUP; recv(2)",
)
def half_close_is_readable(account: Account) -> Iterable[Debt]:
    return (debt for debt in _ends(account) if debt.shows(RDHUP) and not debt.shows(HUP))


@guarantee(
    "EOF-03",
    MUST,
    "After the event, reading gives every byte that was sent and then no bytes: that is the end.",
    why="the last message of a stream is lost, or the end is never seen",
    source="mio:EOF-02, mio:EOF-03; read(2); recv(2)",
)
def end_is_a_read_of_no_bytes(account: Account) -> Iterable[Data]:
    return (data for data in account.data if data.about == "EOF" and data.after_event)


@guarantee(
    "EOF-04",
    MUST,
    "Under level, the end of a stream is reported until the file is closed.",
    why="a handler that was interrupted at the end is not called again",
    source="mio:EOF-04; select(2)",
    needs=Capability.LEVEL,
)
def level_repeats_the_end(account: Account) -> Iterable[Debt]:
    return (debt for debt in _ends(account) if debt.is_level and debt.origin == "repeat")


@guarantee(
    "EOF-05",
    MUST,
    "A half-closed socket is still reported writable.",
    why="the answer to a client that has finished its request is never sent",
    source="mio:EOF-06; shutdown(2)",
    needs=Capability.WRITABLE,
)
def half_close_leaves_writing(account: Account) -> Iterable[Debt]:
    return (
        debt
        for debt in account.debts_for(*STREAMS)
        if debt.direction is W and debt.shows(RDHUP) and not debt.shows(HUP)
    )


@guarantee(
    "EOF-06",
    MUST,
    "A file that has ended before it is registered is reported.",
    why="a connection that died young is never cleaned up",
    source="mio:EOF-09",
)
def ended_before_register(account: Account) -> Iterable[Debt]:
    return (debt for debt in _ends(account) if debt.origin == "register" and debt.was_ready)


@guarantee(
    "EOF-07",
    MUST,
    "Bytes that were read are those that were sent: a poller takes none.",
    why="a poller that reads to find out loses a byte",
    source="pollcheck contract; poll(2); mio:EOF-02",
    floor=3,
)
def no_byte_is_taken(account: Account) -> Iterable[Data]:
    return account.data


@guarantee(
    "EOF-08",
    MUST,
    "The end of a stream rearms: a one-shot that is reregistered at the end reports it.",
    why="a worker that gave the connection back never learns that it is over",
    source="mio:EOF-09, mio:ONE-05; epoll_ctl(2) EPOLLONESHOT",
    needs=Capability.ONESHOT,
)
def rearmed_at_the_end(account: Account) -> Iterable[Debt]:
    return (debt for debt in _ends(account) if debt.origin == "rearm")
