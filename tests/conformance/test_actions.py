"""Actions: each verb reads and prints back, and a line that is none says what it should be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.actions import ACTIONS, Action, BadScenario, show_wait
from conformance.protocol import MAX_TOKEN, Interest, Readiness, Trigger
from conformance.slots import Slots
from tests.conformance.histories import EVERYTHING

VALUES: dict[str, tuple[Any, ...]] = {
    "fault": ("recv@label2#1[3] = arrive(2)", "accept@label1#1[1] = stolen"),
    "label": (0, 1, 9_999),
    "new label": (1, 42),
    "seed": (0, 2**32 - 1),
    "bytes": (1, 1 << 20),
    "times": (1, 100_000),
    "token": (0, 1, 2**32, MAX_TOKEN),
    "interest": tuple(Interest(bits) for bits in range(8)),
    "readiness": tuple(Readiness(bits) for bits in range(64)),
    "trigger": tuple(Trigger(bits) for bits in (1, 2, 5, 6)),
    "wait": (None, 0.0, 0.0009, 0.02, 0.12, 1.0, 1.5, 86_400.0, 2_000_000.0),
    "max_events": (None, 1, 1 << 20),
    "how": ("rd", "wr", "rdwr"),
    "act": ("send", "wake", "set"),
    "actions": (
        None,
        (Action("deregister", (2,)),),
        (Action("close", (1,)), Action("register", (3, 9, Interest.READABLE, Trigger.EDGE | Trigger.ONESHOT))),
    ),
}
"""Parameter -> values at and between its limits."""


@st.composite
def actions(draw: st.DrawFn) -> Action:
    """Any action whatsoever, whether it makes sense or not."""
    row = ACTIONS[draw(st.sampled_from(list(ACTIONS)))]
    return Action(row.name, tuple(draw(st.sampled_from(VALUES[param.name])) for param in row.params))


@given(actions())
def test_an_action_prints_and_parses(action: Action) -> None:
    """`parse(str(a)) == a`, whatever the arguments."""
    assert Action.parse(str(action)) == action


def test_every_parameter_has_values_here() -> None:
    """A new parameter is tested with the old ones."""
    assert {param.name for row in ACTIONS.values() for param in row.params} == set(VALUES)


@pytest.mark.parametrize(
    "line",
    [
        "tcp 1 2",
        "register 1 7 rw edge+oneshot",
        "register 1 9223372036854775807 p level",
        "set 3 rwpexy",
        "set 3 -",
        "poll none",
        "poll 0",
        "poll 0 3",
        "rest 0.9ms",
        "poll 1day",
        "poll 2000000s",
        "settle",
        "settle 2",
        "await 1.5s wake 0",
        "dispatch 0",
        "dispatch 0 deregister 2 and close 2 and eventfd 5 and register 5 9 r level+oneshot",
        "meanwhile none register 2 7 r edge",
        "shutdown 2 rdwr",
    ],
)
def test_lines_as_people_write_them(line: str) -> None:
    """What is written by hand comes back letter for letter."""
    assert str(Action.parse(line)) == line


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("none", None), ("0", 0.0), ("250us", 0.00025), ("0.9ms", 0.0009), ("1.5s", 1.5), ("2day", 172_800.0)],
)
def test_waits(text: str, seconds: float | None) -> None:
    """Units are us, ms, s and day."""
    assert Action.parse(f"poll {text}").args[0] == pytest.approx(seconds)


@given(st.none() | st.floats(0, 2_000_000))
def test_a_wait_reads_back(seconds: float | None) -> None:
    """To the last bit, so that a stored scenario is the one that was run."""
    assert Action.parse(f"poll {show_wait(seconds)}").args[0] == seconds


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("fly 1", r"'fly 1': no verb 'fly'; there are unix, tcp, "),
        ("tcp 1", r"'tcp 1' should read: tcp <new label> <new label>"),
        ("close 1 2", r"'close 1 2' should read: close <label>"),
        ("close x", r"'close x': 'x' should be a label: a whole number from 0 to 9999"),
        ("close -1", r"'-1' should be a label"),
        ("close 10000", r"'10000' should be a label"),
        ("send 1 0", r"'0' should be a number of bytes: a whole number from 1 to 1048576"),
        ("register 1 9223372036854775808 r edge", r"should be a token: a whole number from 0 to 9223372036854775807"),
        ("register 1 7 rq edge", r"'rq' should be made of the letters rwp"),
        ("register 1 7 r oneshot", r"'oneshot' should be one of level, edge, level\+oneshot, edge\+oneshot"),
        ("shutdown 1 both", r"'both' should be one of rd, wr, rdwr"),
        ("poll soon", r"'soon' should be a wait: 0, none, or a number with us, ms, s or day"),
        ("poll xms", r"'xms' should be a wait"),
        ("poll -1ms", r"'-1ms' should be a wait"),
        ("poll nans", r"'nans' should be a wait"),
        ("poll 24day", r"'24day' should be a wait: .*, 2000000s at most"),
        ("dispatch 0 poll 0", r"'poll 0' polls, but what is done inside a poll should not"),
        ("dispatch 0 close 1 and", r"'close 1 and' should read: close <label>"),
        ("poll 0 0", r"'0' should be a capacity: a whole number from 1"),
        ("set 1 z", r"'z' should be made of the letters rwpexy"),
    ],
)
def test_a_line_that_is_none_says_what_it_should_be(line: str, message: str) -> None:
    """BadScenario names the line and the form."""
    with pytest.raises(BadScenario, match=message):
        Action.parse(line)


def test_what_an_action_is_about() -> None:
    """`label` is the first label, `labels` all of them; some verbs have none."""
    assert Action.parse("dup 1 2").label == 1
    assert Action.parse("connect 2 1").labels == (2, 1)
    assert Action.parse("await none send 3").labels == (3,)
    with pytest.raises(ValueError, match="settle is about no label"):
        _ = Action.parse("settle").label


def test_rows_agree_with_themselves() -> None:
    """A verb that opens labels says which, and no verb both polls and calls."""
    for verb, row in ACTIONS.items():
        assert row.name == verb
        assert [row.params[index].name for index in row.opens] == ["new label"] * len(row.opens)
        assert sum(param.name == "new label" for param in row.params) == len(row.opens)
        assert not (row.polls and row.calls)
        assert row.says
        assert all(not param.optional for param in row.params[:-1]), "only the last may be left out"


def test_simplest_arguments_are_lawful() -> None:
    """Minimising puts them in the place of others."""
    for row in ACTIONS.values():
        for param in row.params:
            if param.simplest is not None:
                assert param.parse(param.show(param.simplest)) == param.simplest


def test_every_verb_knows_when_it_applies() -> None:
    """With nothing open, a verb with an old label does not apply; one without applies or says what it lacks."""
    for row in ACTIONS.values():
        action = Action(row.name, tuple(VALUES[param.name][-1] for param in row.params))
        reason = Slots(EVERYTHING).why_not(action)
        has_old_label = any(param.name == "label" for param in row.params)
        assert bool(reason) is (has_old_label or row.name in ("wake", "meanwhile")), row.name
