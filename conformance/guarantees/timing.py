"""TIM: timeouts and signals."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.facts import Account, Debt, Fact, Rest, Wait
from conformance.guarantees import guarantee
from conformance.verdict import Strength

MUST, SHOULD, MAY = Strength


@guarantee(
    "TIM-01",
    MUST,
    "poll(0) returns at once.",
    why="a loop with other work to do is held up at every look",
    source="mio:POLL-03, mio:POLL-05; epoll_wait(2) timeout 0",
)
def zero_returns(account: Account) -> Iterable[Wait]:
    return account.waits_about("zero")


@guarantee(
    "TIM-02",
    MUST,
    "A wait with a timeout ends.",
    why="a timer that is due is never run",
    source="mio:POLL-01, mio:POLL-10; epoll_wait(2); select(2)",
)
def timeouts_end(account: Account) -> Iterable[Wait]:
    return account.waits_about("finite")


@guarantee(
    "TIM-03",
    MUST,
    "A timeout below a millisecond is rounded up, not to zero.",
    why="a loop with a timer due in half a millisecond spins until then",
    source="mio:POLL-04; select(2); selectors select()",
)
def short_timeouts_wait(account: Account) -> Iterable[Rest]:
    return (rest for rest in account.rests if rest.timeout is not None and rest.timeout < 0.001)


@guarantee(
    "TIM-04",
    MUST,
    "A wait without end returns when a file is ready, or becomes ready.",
    why="the loop sleeps through its own traffic",
    source="mio:POLL-02, mio:POLL-07; epoll_wait(2) timeout -1",
)
def endless_waits_are_ended(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.waited is None)


@guarantee(
    "TIM-05",
    MUST,
    "What is owed is told at once, not when the timeout runs out.",
    why="every reply is late by the next timer",
    source="mio:POLL-07; epoll_wait(2)",
)
def told_at_once(account: Account) -> Iterable[Wait]:
    return account.waits_about("late", "blocked")


@guarantee(
    "TIM-06",
    MUST,
    "Timeouts of a day and of 2,000,000 s are accepted and are waits like any other.",
    why="a far timer overflows, and the loop spins, dies, or wakes at once",
    source="mio:POLL-08; epoll_wait(2); pollcheck contract",
)
def huge_timeouts(account: Account) -> Iterable[Wait | Rest]:
    yield from account.waits_about("huge")
    yield from (rest for rest in account.rests if rest.timeout is not None and rest.timeout >= 86_400)


@guarantee(
    "TIM-07",
    MUST,
    "poll does not raise, also when a signal handler runs.",
    why="one signal ends the loop",
    source="mio:POLL-20; PEP 475; pollcheck contract",
    floor=3,
)
def poll_does_not_raise(account: Account) -> Iterable[Wait]:
    return account.waits_about("raised")


@guarantee(
    "TIM-08",
    SHOULD,
    "A signal does not start the timeout anew: only what is left of it is waited.",
    why="a program that gets a signal every second never sees its two-second timer",
    source="PEP 475; mio:POLL-20",
)
def signals_keep_the_deadline(account: Account) -> Iterable[Wait]:
    return account.waits_about("signal")


@guarantee(
    "TIM-09",
    MUST,
    "With nothing registered, a wait waits.",
    why="a loop with only timers spins between them",
    source="mio:POLL-26; epoll_wait(2); select(2)",
)
def empty_pollers_wait(account: Account) -> Iterable[Rest]:
    return (rest for rest in account.rests if rest.bait[0] in ("nothing", "deregistered"))


@guarantee(
    "TIM-10",
    MUST,
    "A wait with a timeout returns as soon as a file becomes ready.",
    why="traffic is served in the rhythm of the timers",
    source="mio:POLL-07; epoll_wait(2); select(2)",
)
def finite_waits_are_ended(account: Account) -> Iterable[Debt | Wait]:
    yield from (debt for debt in account.debts_for() if debt.was_blocked and debt.waited is not None)
    yield from account.waits_about("blocked")


@guarantee(
    "TIM-11",
    MUST,
    "poll returns a list of events, each a token and a readiness.",
    why="a program unpacks what is no event",
    source="pollcheck contract, docs/writing-an-adapter.md",
    floor=3,
)
def events_have_their_type(account: Account) -> Iterable[Wait]:
    return account.waits_about("event")


@guarantee(
    "TIM-12",
    MUST,
    "No call ends the process.",
    why="one bad file takes every connection with it",
    source="pollcheck contract, docs/writing-an-adapter.md",
)
def process_lives_on(account: Account) -> Iterable[Wait]:
    yield from (wait for wait in account.waits if wait.held or wait.about == "alive")


@guarantee(
    "TIM-13",
    MAY,
    "A wait may last longer than it was asked for.",
    why="programs must not take a timeout for a clock, and clocks may be coarse",
    source="mio:POLL-06; epoll_wait(2), select(2): rounded up, and overrun",
    floor=0,
)
def overruns_are_tolerated(account: Account) -> Iterable[Fact]:
    return (freedom for freedom in account.freedoms if freedom.about == "overrun")


@guarantee(
    "TIM-14",
    MUST,
    "A wait that signals interrupt loses nothing: what becomes ready later is told.",
    why="a program with an interval timer goes deaf",
    source="mio:POLL-23; PEP 475; signal(7)",
)
def signals_lose_nothing(account: Account) -> Iterable[Debt]:
    return (debt for debt in account.debts_for() if debt.marks.get("signal"))
