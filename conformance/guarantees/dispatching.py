"""DSP: dispatching loops - what a handler may do to the registrations of the batch that it is called from."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.facts import Account, Batch, Call, Debt, Fact, Wait
from conformance.guarantees import guarantee
from conformance.protocol import Capability
from conformance.verdict import Strength

MUST, SHOULD, MAY = Strength
DISPATCH = Capability.DISPATCH


def _made_inside(account: Account, *kinds: str) -> Iterable[Debt]:
    """What is owed because of what a handler did."""
    return (debt for debt in account.debts if debt.is_must and debt.marks.get("handler") and _is_of(debt, kinds))


def _is_of(debt: Debt, kinds: tuple[str, ...]) -> bool:
    return debt.kind in kinds if kinds else debt.is_file


@guarantee(
    "DSP-01",
    MUST,
    "A registration that a handler removes is not dispatched later in the same batch.",
    why="a handler runs for an object that another handler has just torn down",
    source="mio:REG-15; asyncio remove_reader(); pollcheck contract, DISPATCH",
    needs=DISPATCH,
)
def removed_is_not_dispatched(account: Account) -> Iterable[Batch]:
    return account.batches_about("deregistered")


@guarantee(
    "DSP-02",
    MUST,
    "A handler that removes its own registration is not called again, also where both directions are ready.",
    why="the write half of a handler runs on what its read half has closed",
    source="asyncio remove_writer(), Handle.cancel(); pollcheck contract, DISPATCH",
    needs=DISPATCH | Capability.WRITABLE,
)
def own_removal_is_final(account: Account) -> Iterable[Batch]:
    return account.batches_about("itself")


@guarantee(
    "DSP-03",
    MUST,
    "A token that a handler replaces is not dispatched later in the same batch.",
    why="a connection that was handed over is served by the one who gave it away",
    source="asyncio add_reader(), which replaces the callback",
    needs=DISPATCH | Capability.TOKEN_CHANGE,
)
def replaced_token_is_not_dispatched(account: Account) -> Iterable[Batch]:
    return account.batches_about("retoken")


@guarantee(
    "DSP-04",
    MUST,
    "A direction that a handler gives up is not dispatched later in the same batch.",
    why="a writer that was switched off because all is sent is called with nothing to send",
    source="asyncio remove_writer()",
    needs=DISPATCH | Capability.WRITABLE,
)
def dropped_direction_is_not_dispatched(account: Account) -> Iterable[Batch]:
    return account.batches_about("dropped")


@guarantee(
    "DSP-05",
    MUST,
    "A registration that a handler adds is reported once it is ready.",
    why="a server never serves the connections that it accepts",
    source="mio:REG-32; asyncio add_reader()",
    needs=DISPATCH,
)
def added_is_told(account: Account) -> Iterable[Debt]:
    return (debt for debt in _made_inside(account) if debt.origin == "register")


@guarantee(
    "DSP-06",
    MUST,
    "What else was ready in the batch is told, whatever the handler did to a registration.",
    why="one connection that closes makes its neighbours miss their turn",
    source="mio:REG-32, mio:EDGE-16",
    needs=DISPATCH,
)
def the_rest_is_told(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts if debt.is_must and debt.marks.get("batch"))


@guarantee(
    "DSP-07",
    MUST,
    "Readiness that was about to be dispatched is told after the handler replaced the registration.",
    why="what a replacement silences in the batch is never heard of again",
    source="mio:REG-32, mio:REG-06; asyncio add_reader()",
    needs=DISPATCH,
)
def replaced_is_told(account: Account) -> Iterable[Debt]:
    return (debt for debt in _made_inside(account) if debt.marks.get("pending"))


@guarantee(
    "DSP-08",
    MUST,
    "A one-shot that is reregistered inside its own handler reports again.",
    why="the handler that rearms itself, which is how a one-shot is used, runs once",
    source="mio:ONE-04, mio:REG-32; epoll_ctl(2) EPOLLONESHOT",
    needs=DISPATCH | Capability.ONESHOT,
)
def rearmed_inside(account: Account) -> Iterable[Debt]:
    return (debt for debt in _made_inside(account) if debt.origin == "rearm")


@guarantee(
    "DSP-09",
    MUST,
    "A file that a handler drains to WouldBlock is reported when it becomes ready again.",
    why="a loop that notes at the end of a batch what it told forgets what was drained within it",
    source="mio:EDGE-03, mio:EDGE-04; epoll(7) Q9",
    needs=DISPATCH | Capability.EDGE,
)
def drained_inside(account: Account) -> Iterable[Debt]:
    return (debt for debt in _made_inside(account) if debt.origin == "WouldBlock" and debt.is_edge)


@guarantee(
    "DSP-10",
    SHOULD,
    "A file that gets the number of one that the handler removed is not dispatched the old one's event.",
    why="the event of a dead connection reaches the one that was accepted in its place",
    source="epoll(7) Possible pitfalls, If using an event cache; mio:LIFE-08",
    needs=DISPATCH,
)
def reused_number_is_clean(account: Account) -> Iterable[Batch]:
    return account.batches_about("reused")


@guarantee(
    "DSP-11",
    MUST,
    "What is owed is told by poll_each as it is by poll.",
    why="handlers are never called, though a look would have shown the event",
    source="asyncio add_reader(); pollcheck contract, DISPATCH",
    needs=DISPATCH,
    floor=3,
)
def poll_each_tells(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts if debt.is_must and debt.marks.get("each"))


@guarantee(
    "DSP-12",
    MUST,
    "poll_each returns, raises nothing, and passes its handler events, whatever that does to registrations.",
    why="a handler that closes a connection ends the loop",
    source="asyncio Handle, run_forever(); pollcheck contract, DISPATCH",
    needs=DISPATCH,
    floor=3,
)
def poll_each_does_not_raise(account: Account) -> Iterable[Wait]:
    return account.waits_about("each")


@guarantee(
    "DSP-13",
    MUST,
    "A lawful register, reregister or deregister inside a handler is not refused.",
    why="a handler can neither accept nor hang up",
    source="mio:REG-32; asyncio add_reader(), remove_reader()",
    needs=DISPATCH,
    floor=3,
)
def lawful_inside(account: Account) -> Iterable[Call]:
    lawful = (call for call in account.calls if call.state == "lawful" and call.problem != "type")
    return (call for call in lawful if call.marks.get("handler"))


@guarantee(
    "DSP-14",
    MUST,
    "A wake inside a handler is told.",
    why="work that a handler leaves for later is done when something else happens",
    source="mio:WAK-03; asyncio call_soon_threadsafe()",
    needs=DISPATCH | Capability.WAKE,
)
def woken_inside(account: Account) -> Iterable[Debt]:
    return _made_inside(account, "waker")


@guarantee(
    "DSP-15",
    MUST,
    "A user readiness that is set inside a handler is told.",
    why="a channel that is filled by the loop itself is not emptied by it",
    source="mio:CUS-03, mio:CUS-26",
    needs=DISPATCH | Capability.USER_READINESS,
)
def set_inside(account: Account) -> Iterable[Debt]:
    return _made_inside(account, "user")


@guarantee(
    "DSP-16",
    MAY,
    "A file that a handler closes, and does not remove, may still be dispatched in the same batch.",
    why="the event was there before the close, and only a removal calls it back",
    source="mio:LIFE-13, mio:REG-15",
    needs=DISPATCH | Capability.CLOSE_FORGETS,
    floor=0,
)
def closed_may_be_dispatched(account: Account) -> Iterable[Fact]:
    return (freedom for freedom in account.freedoms if freedom.about == "closed in the batch")


@guarantee(
    "DSP-17",
    MAY,
    "A registration that a handler adds may be dispatched in the same batch, or by a later call.",
    why="a program must not count on either",
    source="mio:REG-32",
    needs=DISPATCH,
    floor=0,
)
def added_may_be_dispatched(account: Account) -> Iterable[Fact]:
    return (freedom for freedom in account.freedoms if freedom.about == "same batch")


@guarantee(
    "DSP-18",
    MUST,
    "A file that a handler registers under the number of one that it removed is reported as itself.",
    why="a loop that puts removals off to the end of the batch removes the newcomer",
    source="mio:LIFE-08, mio:REG-19; selectors unregister(), register()",
    needs=DISPATCH,
)
def reused_inside(account: Account) -> Iterable[Debt]:
    return (debt for debt in _made_inside(account) if debt.marks.get("reused"))
