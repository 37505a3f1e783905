"""TOK: tokens."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.facts import Account, Debt, Fact, Quiet
from conformance.guarantees import guarantee
from conformance.protocol import Capability
from conformance.verdict import Strength

MUST = Strength.MUST


@guarantee(
    "TOK-01",
    MUST,
    "Every event carries a token that the poller was given.",
    why="a program looks up a connection that does not exist",
    source="mio:TOK-01, mio:SPUR-04, mio:REG-02, mio:CUS-01; epoll_ctl(2) epoll_data",
)
def only_given_tokens(account: Account) -> Iterable[Fact]:
    yield from account.quiets_about("unknown")
    yield from (debt for debt in account.debts if debt.held)


@guarantee(
    "TOK-02",
    MUST,
    "0 is a token like any other.",
    why="the first connection of a program, number 0, is taken for none",
    source="mio:TOK-04",
)
def token_zero(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.marks.get("token 0"))


@guarantee(
    "TOK-03",
    MUST,
    "Tokens of 2**32 and more come back whole.",
    why="a pointer or a counter used as token is cut, and names another connection",
    source="mio:TOK-04; epoll_ctl(2) epoll_data.u64",
)
def big_tokens(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.marks.get("big"))


@guarantee(
    "TOK-04",
    MUST,
    "After reregister with another token, the old one is never reported again.",
    why="an event goes to whoever had the file before",
    source="mio:REG-06; epoll_ctl(2) EPOLL_CTL_MOD",
    needs=Capability.TOKEN_CHANGE,
)
def old_token_is_gone(account: Account) -> Iterable[Quiet]:
    return account.quiets_about("retoken")


@guarantee(
    "TOK-05",
    MUST,
    "Readiness that was pending at reregister is reported under the new token.",
    why="a file that is handed over while it is ready is never served",
    source="mio:REG-06; epoll_ctl(2) EPOLL_CTL_MOD",
    needs=Capability.TOKEN_CHANGE,
)
def new_token_is_told(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.marks.get("retoken"))


@guarantee(
    "TOK-06",
    MUST,
    "A token that deregister has freed may be given to another file, and then names that one.",
    why="a program with a slab of connections mixes up two of them",
    source="mio:TOK-06",
)
def tokens_are_reusable(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.marks.get("reused token"))
