"""SPU: spurious events and rest."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.facts import Account, Fact, Rest
from conformance.guarantees import guarantee
from conformance.protocol import Capability
from conformance.verdict import Strength

MUST, SHOULD, MAY = Strength


def _rests(account: Account, bait: str) -> Iterable[Rest]:
    return (rest for rest in account.rests if bait in rest.bait and "await" not in rest.bait)


@guarantee(
    "SPU-01",
    MUST,
    "While nothing is owed, waits wait.",
    why="a loop with nothing to do burns a core",
    source="mio:POLL-01, mio:SPUR-07; epoll_wait(2); select(2)",
    floor=2,
)
def waits_wait(account: Account) -> Iterable[Rest]:
    return (rest for rest in account.rests if "await" not in rest.bait)


@guarantee(
    "SPU-02",
    MUST,
    "A poller rests while a one-shot that has fired is ready.",
    why="a slow worker keeps the whole loop spinning",
    source="mio:POLL-01, mio:ONE-01; epoll_ctl(2) EPOLLONESHOT",
    needs=Capability.ONESHOT,
)
def rests_beside_a_fired_oneshot(account: Account) -> Iterable[Rest]:
    return _rests(account, "fired")


@guarantee(
    "SPU-03",
    MUST,
    "A poller rests while an edge that was told is not drained.",
    why="edge built on level spins as soon as a reader pauses",
    source="mio:POLL-01, mio:EDGE-07, mio:HUP-16; epoll(7)",
    needs=Capability.EDGE,
)
def rests_beside_an_undrained_edge(account: Account) -> Iterable[Rest]:
    return _rests(account, "undrained")


@guarantee(
    "SPU-04",
    MUST,
    "A poller rests while a file that was deregistered is ready.",
    why="a stale entry in the kernel's set burns a core and no event shows why",
    source="mio:POLL-01, mio:REG-13; epoll_ctl(2) EPOLL_CTL_DEL",
)
def rests_beside_a_deregistered_file(account: Account) -> Iterable[Rest]:
    return _rests(account, "deregistered")


@guarantee(
    "SPU-05",
    MUST,
    "A long or endless wait does not return again and again with nothing to tell.",
    why="short waits look healthy, and the idle loop spins all night",
    source="mio:POLL-02, mio:POLL-08; epoll_wait(2) timeout -1",
)
def long_waits_do_not_spin(account: Account) -> Iterable[Rest]:
    return (rest for rest in account.rests if "await" in rest.bait)


@guarantee(
    "SPU-06",
    MUST,
    "A poller rests after its files were drained.",
    why="readiness that was consumed keeps the loop awake",
    source="mio:LVL-03, mio:POLL-01; select(2)",
    needs=Capability.LEVEL,
)
def rests_after_draining(account: Account) -> Iterable[Rest]:
    return _rests(account, "drained")


@guarantee(
    "SPU-07",
    MAY,
    "An event may be spurious: the operation it promises may meet WouldBlock.",
    why="programs must treat readiness as a hint, and pollers may give it as one",
    source="mio:SPUR-01, mio:SPUR-02, mio:SPUR-06, mio:TCP-16, mio:EDGE-10; select(2) BUGS; epoll(7)",
    floor=0,
)
def spurious_events_are_tolerated(account: Account) -> Iterable[Fact]:
    return (freedom for freedom in account.freedoms if freedom.about == "needless")


@guarantee(
    "SPU-08",
    MAY,
    "A wait may return early with nothing to tell.",
    why="programs must loop, and pollers may wake",
    source="mio:POLL-09, mio:CUS-27",
    floor=0,
)
def early_returns_are_tolerated(account: Account) -> Iterable[Fact]:
    return (freedom for freedom in account.freedoms if freedom.about == "early")
