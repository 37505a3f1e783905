"""CON: connecting."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.facts import Account, Debt
from conformance.guarantees import guarantee
from conformance.protocol import Capability, Interest
from conformance.verdict import Strength

MUST = Strength.MUST
W, R = Interest.WRITABLE, Interest.READABLE
ERR = 8


def _owed(account: Account) -> Iterable[Debt]:
    return account.debts_for("connecting")


@guarantee(
    "CON-01",
    MUST,
    "A connect that completes is reported writable.",
    why="a client waits for ever on a connection that stands",
    source="mio:TCP-01; connect(2) EINPROGRESS",
    needs=Capability.WRITABLE,
)
def connected_is_writable(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account) if debt.direction is W and not debt.shows(ERR))


@guarantee(
    "CON-02",
    MUST,
    "A connect that fails is reported writable.",
    why="a client waits for ever on a connection that was refused",
    source="mio:TCP-04; connect(2) ECONNREFUSED",
    needs=Capability.WRITABLE,
)
def refused_is_writable(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account) if debt.direction is W and debt.shows(ERR))


@guarantee(
    "CON-03",
    MUST,
    "A connect that fails is reported to a registration that asks for READABLE only.",
    why="a client that waits for a greeting is never told that there will be none",
    source="mio:TCP-04, mio:HUP-02; poll(2) POLLERR",
)
def refused_is_readable(account: Account) -> Iterable[Debt]:
    return (debt for debt in _owed(account) if debt.direction is R and debt.shows(ERR))


@guarantee(
    "CON-04",
    MUST,
    "A socket that is registered after its connect completed is reported writable.",
    why="a fast connect on loopback is over before the loop looks",
    source="mio:TCP-06, mio:REG-03",
    needs=Capability.WRITABLE,
)
def connected_before_register(account: Account) -> Iterable[Debt]:
    return (
        debt
        for debt in _owed(account)
        if debt.direction is W and debt.origin == "register" and debt.was_ready and not debt.shows(ERR)
    )
