"""The oracle on hand-written histories: what a rule allows is never red, what it forbids is, by its guarantee."""

from __future__ import annotations

import pytest

from conformance.model import Ledger, read, value_mask, walk
from conformance.protocol import Interest
from tests.conformance.histories import ERR, EVERYTHING, HUP, IN, OUT, Part, R, W, did, judge, rested, tell, told
from tests.conformance.inside import INSIDE
from tests.conformance.meanwhile import MEANWHILE
from tests.conformance.pairs import (
    DRAINED,
    EDGE,
    IDLE,
    LEVEL,
    ONESHOT,
    READY,
    RULES,
    SENT,
    SEVEN_WAYS,
    TOLD,
    UNIX,
    Pair,
)


def _id(pair: Pair) -> str:
    return pair.law.replace(" ", "-")


@pytest.mark.parametrize("pair", RULES, ids=_id)
def test_rules_of_the_oracle(pair: Pair) -> None:
    """DESIGN 4: what a rule allows is not red, and what it forbids is red by the guarantee that it stands for."""
    _judge(pair)


@pytest.mark.parametrize("pair", SEVEN_WAYS, ids=_id)
def test_ways_to_accuse_the_innocent(pair: Pair) -> None:
    """oracle.md 1: each was an accusation of raw epoll or select(2), and has a neighbour that is one rightly."""
    _judge(pair)


@pytest.mark.parametrize("pair", INSIDE, ids=_id)
def test_what_a_handler_may_do_to_its_batch(pair: Pair) -> None:
    """DSP: who is removed, replaced or narrowed is silent for the rest of the batch; what else was ready is not lost."""
    _judge(pair)


@pytest.mark.parametrize("pair", MEANWHILE, ids=_id)
def test_what_another_thread_may_do_to_a_poll(pair: Pair) -> None:
    """THR: a poll that is overtaken may tell what was; the next one may not."""
    _judge(pair)


def _judge(pair: Pair) -> None:
    kept = judge(*pair.innocent, capabilities=pair.capabilities)
    assert {id: fact.got for id, fact in kept.broken.items()} == {}, "the innocent is accused"
    assert kept.exercised[pair.breaks] or not pair.tests, f"the innocent history says nothing of {pair.breaks}"
    found = judge(*pair.guilty, capabilities=pair.capabilities)
    assert pair.breaks in found.broken, f"the guilty is not accused of it; of {list(found.broken)}"
    fact = found.broken[pair.breaks]
    assert fact.got, "an accusation says what was seen"
    assert fact.step, "an accusation says where"


# ── what the runner asks ────────────────────────────────────────────────────────────────────────────────────────────


def ledger_after(*parts: Part) -> Ledger:
    """The ledger at the end of a history."""
    ledger = Ledger(EVERYTHING)
    for _, ledger in walk(tell(*parts)):  # noqa: B007 - the last one is the answer
        pass
    return ledger


@pytest.mark.parametrize(
    ("parts", "masks", "owed"),
    [
        ((UNIX, LEVEL), IDLE, False),
        ((UNIX, LEVEL), READY, True),
        ((UNIX, LEVEL, SENT, TOLD), READY, True),
        ((UNIX, EDGE), READY, True),
        ((UNIX, EDGE, SENT, TOLD), READY, False),
        ((UNIX, EDGE, SENT, TOLD, DRAINED), READY, True),
        ((UNIX, EDGE, SENT, TOLD, did("reregister 2 7 r edge", mask=IN)), READY, False),
        ((UNIX, ONESHOT, SENT, TOLD, DRAINED), READY, False),
        ((UNIX, ONESHOT, SENT, TOLD, did("reregister 2 7 r edge+oneshot", mask=IN)), READY, True),
        ((UNIX, LEVEL, did("deregister 2")), READY, False),
        ((did("fresh 2"), LEVEL), {2: HUP}, False),
    ],
)
def test_what_is_owed(parts: tuple[Part, ...], masks: dict[int, int], owed: bool) -> None:
    """Rules 3 to 7 in one question: so the runner never waits without end for what need not come."""
    assert bool(ledger_after(*parts).owing(masks)) is owed


def test_owing_counts_how_often_it_was_told() -> None:
    """A settle is over when each number has grown."""
    ledger = ledger_after(UNIX, LEVEL, SENT, TOLD, TOLD)
    assert ledger.owing(READY) == {(2, Interest.READABLE): 2}


@pytest.mark.parametrize(
    ("parts", "masks", "rests"),
    [
        ((), {}, True),
        ((UNIX, LEVEL), IDLE, True),
        ((UNIX, LEVEL), READY, False),
        ((UNIX, EDGE, SENT, TOLD), READY, True),
        ((UNIX, EDGE, SENT, TOLD), {2: IN | HUP}, False),
        ((UNIX, ONESHOT, SENT, TOLD), {2: IN | HUP | ERR}, True),
        ((UNIX, LEVEL, SENT, did("deregister 2")), READY, True),
        ((UNIX, did("dup 2 3"), LEVEL, did("close 2")), {}, False),
        ((UNIX, did("dup 2 3"), LEVEL, did("close 2"), did("close 3")), {}, True),
        ((did("fresh 2"), EDGE), {2: OUT | HUP}, False),
        ((did("waker 9"), did("wake 1")), {}, False),
        ((did("waker 9"), did("wake 1"), told((9, R))), {}, True),
    ],
)
def test_when_waits_must_wait(parts: tuple[Part, ...], masks: dict[int, int], rests: bool) -> None:
    """Rule 2 and its exemptions."""
    assert ledger_after(*parts).must_rest(masks) is rests


@pytest.mark.parametrize(("registered", "bound"), [(0, 4), (1, 8), (2, 12), (3, 16)])
def test_the_bound(registered: int, bound: int) -> None:
    """4 + 4m."""
    parts = [part for n in range(1, registered + 1) for part in (did(f"eventfd {n}"), did(f"register {n} {n} r edge"))]
    assert ledger_after(*parts).bound() == bound


def test_fired_ones_do_not_count_in_the_bound_and_ghosts_do() -> None:
    """m is what is enabled, and every registration that haunts a number."""
    assert ledger_after(UNIX, ONESHOT, SENT, TOLD).bound() == 4
    assert ledger_after(UNIX, did("dup 2 3"), LEVEL, did("close 2")).bound() == 8


def test_only_what_was_registered_and_is_open_is_looked_at() -> None:
    """poll(2) asks about no other file, for looking is not invisible."""
    assert ledger_after(UNIX, did("pipe 3 4"), LEVEL, did("register 3 8 r level"), did("deregister 3")).sampled() == [
        2,
        3,
    ]
    assert ledger_after(UNIX, LEVEL, did("close 2")).sampled() == []


# ── what an account tells ───────────────────────────────────────────────────────────────────────────────────────────


def test_liberties_are_counted_and_never_red() -> None:
    """Rule 1: elsewhere a needless event, or an early empty return, is quality."""
    weighed = judge(UNIX, EDGE, told((7, R), shown=IDLE), told((7, 0), shown=IDLE), told(shown=IDLE, wait="20ms"))
    assert not weighed.broken
    assert weighed.quality == {"needless events": 1, "events without readiness": 1, "early empty returns": 1}


@pytest.mark.parametrize(
    ("parts", "bait"),
    [
        ((), "nothing"),
        ((UNIX, EDGE), "idle"),
        ((UNIX, LEVEL, SENT, TOLD, DRAINED), "drained"),
        ((UNIX, EDGE, SENT, TOLD), "undrained"),
        ((UNIX, ONESHOT, SENT, TOLD), "fired"),
        ((UNIX, LEVEL, SENT, did("deregister 2")), "deregistered"),
        ((did("waker 9"), did("wake 1"), told((9, R))), "woken"),
    ],
)
def test_a_rest_names_its_bait(parts: tuple[Part, ...], bait: str) -> None:
    """What is around and ready decides which guarantee a spin breaks."""
    masks = {} if bait in ("nothing", "woken") else IDLE if bait in ("idle", "drained") else READY
    (rest,) = read(tell(*parts, rested(masks))).rests
    assert rest.held
    assert rest.bait == (bait,)


@pytest.mark.parametrize("waits", [11, 12])
def test_a_rest_that_was_cut_short_says_nothing(waits: int) -> None:
    """Fewer than twelve idle waits are no measurement."""
    polls = rested(IDLE, took_ns=0)
    account = read(tell(UNIX, EDGE, polls[: 6 + waits], polls[-1]))
    assert [rest.held for rest in account.rests] == ([False] if waits == 12 else [])


def test_skipped_actions_change_nothing() -> None:
    """What did not apply was not done."""
    skipped = did("deregister 2", skipped="because")
    assert ledger_after(UNIX, LEVEL, skipped).owing(READY)


def test_the_first_fact_that_broke_a_guarantee_is_told() -> None:
    """A report points to the beginning of the trouble."""
    found = judge(UNIX, LEVEL, SENT, told((7, W), shown=READY), told((7, W), shown=READY))
    assert found.broken["REG-03"].step == 4


@pytest.mark.parametrize(("value", "mask"), [(0, 0), (1, IN), (2, OUT), (3, IN | OUT), (4 | 8 | 16 | 32, 0)])
def test_a_user_value_looks_like_poll_2(value: int, mask: int) -> None:
    """So that one model judges both kinds of source."""
    assert value_mask(value) == mask
