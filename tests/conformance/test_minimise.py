"""Minimising by deletion: nothing can be taken away from what is left, and the same thing is still broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.actions import Action
from conformance.minimise import minimise
from conformance.scenario import Scenario, parse, show
from conformance.substitution import with_fewer_pairs, with_fewer_polls, with_pairs, without_input

LETTERS = [Action.parse(f"close {n}") for n in range(6)]
MANY = parse("\n".join(["poll 0", "settle 3", "send 1 300"] * 20))


def has(*lines: str) -> Callable[[Scenario], bool]:
    """Whether these actions stand in a scenario, in this order."""

    def predicate(scenario: Scenario) -> bool:
        left = iter(map(str, scenario))
        return all(line in left for line in lines)

    return predicate


def test_what_does_not_matter_goes() -> None:
    """Two steps of sixty are found among the rest."""
    scenario = (*MANY[:20], Action.parse("close 1"), *MANY[20:50], Action.parse("close 2"), *MANY[50:])
    assert show(minimise(scenario, has("close 1", "close 2"))) == "close 1\nclose 2"


def test_what_always_fails_becomes_nothing() -> None:
    """The empty scenario is one, too."""
    assert minimise(MANY, lambda _: True) == ()


def test_what_fails_by_itself_alone_stays() -> None:
    """A failure that no deletion keeps is left as it was found."""
    assert minimise(MANY, lambda scenario: scenario == MANY) == MANY


def test_steps_that_can_only_go_together_go() -> None:
    """A register and its deregister: either alone is another failure."""

    def balanced(scenario: Scenario) -> bool:
        verbs = [action.verb for action in scenario]
        return "settle" in verbs and verbs.count("register") == verbs.count("deregister")

    scenario = parse("eventfd 1; register 1 7 r edge; poll 0; deregister 1; send 1 1; settle")
    assert show(minimise(scenario, balanced)) == "settle"


def test_arguments_become_simple() -> None:
    """One byte tells as much as three hundred, and no `max_events` is simpler than one."""
    scenario = parse("send 1 300; settle 3; wake 9; poll 0 2")
    assert show(minimise(scenario, lambda s: len(s) == 4)) == "send 1 1\nsettle\nwake 1\npoll 0"
    assert show(minimise(scenario, has("send 1 300"))) == "send 1 300"


def test_it_stops_when_it_is_told_to() -> None:
    """The best so far is the answer, and no further attempt is made."""
    attempts = 0

    def may_go_on() -> bool:
        return attempts < 3

    def fails(scenario: Scenario) -> bool:
        nonlocal attempts
        attempts += 1
        return True

    found = minimise(MANY, fails, may_go_on=may_go_on)
    assert attempts == 3
    assert 0 < len(found) < len(MANY)


def test_few_attempts_are_enough() -> None:
    """An attempt costs a run: three of a thousand steps are found in far fewer than a thousand."""
    attempts = 0
    wanted = has("close 1", "close 2", "close 3")
    scenario = (
        *MANY * 5,
        Action.parse("close 1"),
        *MANY * 5,
        Action.parse("close 2"),
        Action.parse("close 3"),
        *MANY * 5,
    )

    def fails(candidate: Scenario) -> bool:
        nonlocal attempts
        attempts += 1
        return wanted(candidate)

    assert len(minimise(scenario, fails)) == 3
    assert attempts < 300


@given(st.lists(st.sampled_from(LETTERS), max_size=10).map(tuple), st.data())
def test_the_result_is_minimal(scenario: Scenario, data: st.DataObject) -> None:
    """It still fails, is a sub-sequence, and no single step nor pair can be taken from it, whatever the predicate."""
    salt = data.draw(st.integers(0, 1 << 16), label="salt")

    def fails(candidate: Scenario) -> bool:
        return candidate == scenario or crc32(show(candidate).encode(), salt) % 3 == 0

    found = minimise(scenario, fails)
    assert fails(found)
    left = iter(scenario)
    assert all(action in left for action in found)
    for gone in (1, 2):
        for kept in combinations(found, len(found) - gone) if len(found) >= gone else ():
            assert not fails(kept)


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_small_scenarios(size: int) -> None:
    """There is no half of nothing."""
    assert len(minimise(MANY[:size], lambda s: len(s) == size)) == size


def test_a_reregister_is_folded_into_its_register() -> None:
    """Who registers and then asks for something else could have asked for it at once."""
    scenario = parse("unix 1 2; register 1 7 r level; reregister 1 8 w edge; settle")
    found = minimise(scenario, lambda s: any(a.verb == "register" for a in s) and "1 8 w edge" in show(s))
    assert show(found).splitlines() == ["register 1 8 w edge"]


def test_what_a_handler_need_not_do_is_a_step() -> None:
    """The one act that matters is taken out of its dispatch."""
    scenario = parse("unix 1 2; dispatch 0 close 1")
    assert show(minimise(scenario, lambda s: "close 1" in show(s))) == "close 1"


def test_what_became_simpler_lets_a_step_go() -> None:
    """With less room, fewer files fill it."""
    scenario = parse("eventfd 1; eventfd 2; eventfd 3; settle 2")

    def fails(candidate: Scenario) -> bool:
        room = next((action.args[0] for action in candidate if action.verb == "settle"), None)
        return room is not None and sum(action.verb == "eventfd" for action in candidate) > room

    assert show(minimise(scenario, fails)).splitlines()[-1] == "settle 1"
    assert len(minimise(scenario, fails)) == 3


def test_what_happens_within_a_step_is_lifted_where_that_lets_more_go() -> None:
    """None of the acts can go alone while they are acts; as steps, they can, and with them what only the step needed."""

    def still_fails(scenario: Scenario) -> bool:
        texts = [str(action) for action in scenario]
        return "close 2" in texts or ("pipe 1 2" in texts and "dispatch 0 close 2 and fresh 5" in texts)

    assert minimise(parse("pipe 1 2; dispatch 0 close 2 and fresh 5"), still_fails) == parse("close 2")


def says(scenario: Scenario) -> str:
    """In one line."""
    return "; ".join(map(str, scenario))


@pytest.mark.parametrize(
    ("candidates", "before", "after"),
    [
        (with_pairs, "pipe 1 2; register 1 7 r edge; send 2 1", "unix 1 2; register 1 7 r edge; send 2 1"),
        (with_pairs, "eventfd 4; register 4 7 r level; send 4 3", "unix 4 1; register 4 7 r level; send 1 3"),
        (with_pairs, "listen 1; fresh 2; connect 2 1", "unix 1 3; fresh 2; send 3 1"),
        (without_input, "unix 1 2; register 1 7 r edge; send 2 1; settle", "unix 1 2; register 1 7 w edge; settle"),
        (
            without_input,
            "unix 1 2; dispatch 0 register 1 7 r edge; drain 1",
            "unix 1 2; dispatch 0 register 1 7 w edge",
        ),
        (with_fewer_pairs, "unix 1 2; unix 3 4; close 1; close 4", "unix 1 2; close 1; close 2"),
        (with_fewer_polls, "close 1; poll 0; settle 2; poll 0.9ms", "close 1; rest 0.9ms"),
    ],
)
def test_what_may_stand_in_its_place(
    candidates: Callable[[Scenario], Iterator[Scenario]], before: str, after: str
) -> None:
    """One of the candidates for each row of the table in `substitution.py`."""
    assert after in [says(candidate) for candidate in candidates(parse(before))]


@pytest.mark.parametrize("candidates", [with_pairs, without_input, with_fewer_pairs, with_fewer_polls])
def test_what_is_plain_already_has_no_substitute(candidates: Callable[[Scenario], Iterator[Scenario]]) -> None:
    """So that whoever takes one after the other comes to an end."""
    assert list(candidates(parse("unix 1 2; register 1 7 w edge; settle; reregister 1 8 w edge; poll 0"))) == []
