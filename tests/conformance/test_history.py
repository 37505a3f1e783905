"""A history stores as JSON and is judged again elsewhere, to the same end; people can read it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.actions import BadScenario
from conformance.guarantees import catalogue
from conformance.history import (
    ALIVE,
    DIED,
    EACH,
    FIRST,
    HANDLER,
    HUNG,
    REST,
    THREAD,
    WHOLE,
    Acted,
    Curtain,
    Did,
    Entry,
    History,
    Poll,
    describe,
    entry_from_json,
    entry_to_json,
)
from conformance.judging import applicable, weigh
from conformance.protocol import Capability
from tests.conformance.histories import EVERYTHING, HUP, IN, OUT, RDHUP, R, awaited, did, polled, tell, told
from tests.conformance.pairs import READY, RULES, SENT, SEVEN_WAYS, UNIX, Pair
from tests.conformance.test_actions import actions

text = st.text(max_size=8)
masks = st.dictionaries(st.integers(0, 99), st.integers(0, 0x2FFF), max_size=3)
ended = st.sampled_from([ALIVE, HUNG, DIED])
small = st.integers(0, 2**63 - 1)
acts = st.lists(st.builds(Did, step=small, action=actions(), within=st.just(THREAD)), max_size=2).map(tuple)
entries: st.SearchStrategy[Entry] = st.one_of(
    st.builds(
        Did,
        step=small,
        action=actions(),
        skipped=text,
        outcome=text,
        refused=text,
        raised=text,
        mask=st.none() | st.integers(0, 0x2FFF),
        fds=st.lists(st.tuples(small, small), max_size=2).map(tuple),
        flaw=text,
        within=st.sampled_from(("", HANDLER, THREAD)),
        ended=ended,
    ),
    st.builds(
        Poll,
        step=small,
        timeout=st.none() | st.floats(0, 2_000_000),
        max_events=st.none() | small,
        before=masks,
        after=st.none() | masks,
        events=st.lists(st.tuples(small, small), max_size=3).map(tuple),
        flaws=st.lists(text, max_size=2).map(tuple),
        raised=text,
        elapsed_ns=small,
        acted=st.none() | st.builds(Acted, act=text, label=small, masks=masks, did=acts),
        part=st.sampled_from((WHOLE, EACH, FIRST, REST)),
        ended=ended,
    ),
    st.builds(
        Curtain,
        step=small,
        raised=text,
        leaked=small,
        shut=st.lists(small, max_size=2).map(tuple),
        blocking=st.lists(small, max_size=2).map(tuple),
        ended=ended,
    ),
)


@given(entries)
def test_an_entry_survives_json(entry: Entry) -> None:
    """As a frame of a worker's journal and as a row of a stored history, to the last field."""
    assert entry_from_json(json.loads(json.dumps(entry_to_json(entry)))) == entry


@given(st.lists(entries, max_size=3).map(tuple), st.lists(actions(), max_size=3).map(tuple))
def test_a_history_survives_json(some: tuple[Entry, ...], scenario: tuple[object, ...]) -> None:
    """With its scenario and the claims that it was judged under."""
    history = History(scenario=scenario, capabilities=Capability(5), entries=some)  # type: ignore[arg-type]  # actions()
    assert History.from_json(json.loads(json.dumps(history.to_json()))) == history


@pytest.mark.parametrize("pair", RULES + SEVEN_WAYS, ids=lambda pair: pair.law.replace(" ", "-"))
def test_a_stored_history_is_judged_alike(pair: Pair) -> None:
    """The verdict is a function of the history, which a stranger may have sent."""
    rows = applicable(EVERYTHING)
    for parts in (pair.innocent, pair.guilty):
        history = tell(*parts)
        again = History.from_json(json.loads(json.dumps(history.to_json())))
        before, after = weigh(history, rows), weigh(again, rows)
        assert before.exercised == after.exercised
        assert {id: fact.got for id, fact in before.broken.items()} == {
            id: fact.got for id, fact in after.broken.items()
        }


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"scenario": ["fly"], "capabilities": 1, "entries": []},
        {"scenario": [], "capabilities": 1, "entries": [{"kind": "sky"}]},
    ],
)
def test_what_is_no_history(data: dict[str, object]) -> None:
    """KeyError, TypeError or ValueError, which the reader of a file turns into a sentence."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        History.from_json(data)
    assert issubclass(BadScenario, ValueError)


def test_the_empty_history_says_nothing() -> None:
    """Nothing was done, so nothing is kept and nothing is broken."""
    weighed = weigh(tell(), [row for row in catalogue() if row.check])
    assert not weighed.exercised
    assert not weighed.broken


def test_a_fatal_history_ends_in_a_hang_or_an_abort() -> None:
    """One reproduction of such a failure is enough."""
    assert tell(UNIX, polled(ended=HUNG)).is_fatal
    assert tell(UNIX, did("close 1", ended=DIED)).is_fatal
    assert not tell(UNIX, told()).is_fatal
    assert not tell().is_fatal


def test_people_can_read_it() -> None:
    """A line for each call: what was asked, what came of it, what poll(2) showed; no durations."""
    history = tell(
        UNIX,
        did("register 2 7 r edge", mask=0),
        SENT,
        told((7, R), shown=READY, elapsed_ns=123_456_789),
        told(shown={2: IN | OUT | HUP | RDHUP}, max_events=2, flaws=("got None",)),
        awaited(0, (7, R), shown={2: 0}, then={2: IN}),
        did("reregister 2 7 r edge", refused="KeyError(2)"),
        did("accept 2 3", skipped="not for a unix"),
        Curtain(step=0, leaked=1),
    )
    assert describe(history.entries) == (
        "step 1  unix 1 2 -> ok",
        "step 2  register 2 7 r edge -> ok   [0]",
        "step 3  send 1 3 -> 3",
        "step 4  poll(0) -> [(7, 0x1)]   [2:IN|OUT]",
        "step 4  poll 0 -> ok",
        "step 5  poll(0, 2) -> []; got None   [2:IN|OUT|HUP|RDHUP]",
        "step 5  poll 0 2 -> ok",
        "step 6  poll(none) while send -> [(7, 0x1)]   [2:0]",
        "step 6  await none send 1 -> ok",
        "step 7  reregister 2 7 r edge -> KeyError(2)",
        "step 8  accept 2 3 -> skipped, not for a unix",
        "end     close() -> leaked 1, shut [], blocking []",
    )
    assert describe([polled(wait="1.5s", ended=HUNG), Curtain(step=2, raised="OSError(9)")]) == (
        "step 0  poll(1.5s) -> hung   [nothing registered]",
        "end     close() -> OSError(9)",
    )
