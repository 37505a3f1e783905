"""A scenario prints, parses, stores; every sub-sequence is one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.actions import Action, BadScenario
from conformance.child import Child
from conformance.drawing import scenarios
from conformance.history import ALIVE, Curtain, Did, History
from conformance.protocol import Capability
from conformance.scenario import Scenario, parse, show
from tests.conformance.histories import EVERYTHING

MODEST = Capability.LEVEL


@given(st.sampled_from([EVERYTHING, MODEST]).flatmap(scenarios))
def test_a_drawn_scenario_prints_and_parses(scenario: Scenario) -> None:
    """`parse(show(s)) == s`, and the lines of JSON are as good as the text."""
    assert parse(show(scenario)) == scenario
    assert parse(json.loads(json.dumps([str(action) for action in scenario]))) == scenario


def test_how_people_write_scenarios() -> None:
    """Several actions on a line, blank lines, comments, spaces."""
    text = """
    # a pipe that is drained
    pipe 1 2;register 1   7 r edge ; ;

    send 2 1; settle   # told once
    """
    assert show(parse(text)) == "pipe 1 2\nregister 1 7 r edge\nsend 2 1\nsettle"
    assert parse("") == ()
    assert show(()) == ""


@pytest.mark.parametrize("text", ["pipe 1", "pipe 1 2; fly", "poll 0 # poll 0\nnonsense 1"])
def test_a_text_that_is_none(text: str) -> None:
    """One bad line spoils it, and is named."""
    with pytest.raises(BadScenario, match=r"should read|no verb"):
        parse(text)


def test_lines_must_be_text() -> None:
    """A stored scenario may have been edited into something else."""
    with pytest.raises(BadScenario, match="lines of text"):
        parse([1, 2])  # type: ignore[list-item]  # what a JSON file may hold


# ── every sub-sequence runs ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def reference() -> Iterator[Child]:
    """The reference poller in a process of its own."""
    with Child("impl.adapters.reference:make", "real") as child:
        yield child


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_sub_sequence_is_a_scenario(reference: Child, data: st.DataObject) -> None:
    """It runs to its end, each action done or skipped with a reason: that is what makes shrinking deletion."""
    whole = data.draw(scenarios(reference.hello().capabilities), label="whole")
    kept = data.draw(st.lists(st.booleans(), min_size=len(whole), max_size=len(whole)), label="kept")
    part = tuple(action for action, keep in zip(whole, kept, strict=True) if keep and action.verb not in SLOW)
    ran_to_its_end(reference.run(part))


SLOW = ("rest", "await", "signals")
"""Verbs that wait in earnest."""


def ran_to_its_end(history: History) -> None:
    """Every action has its entry, in order, and the curtain fell."""
    did = [entry for entry in history.entries if isinstance(entry, Did) and not entry.within]
    assert tuple(entry.action for entry in did) == history.scenario
    assert all(entry.ended == ALIVE for entry in did)
    assert isinstance(history.entries[-1], Curtain)


@st.composite
def nonsense(draw: st.DrawFn) -> Action:
    """An action on few labels that was not drawn against anything."""
    lines = (
        "unix {a} {b}", "tcp {a} {b}", "udp {a} {b}", "pipe {a} {b}", "eventfd {a}", "listen {a}", "fresh {a}", "regular {a}", "user {a}",
        "dup {a} {b}", "connect {a} {b}", "refuse {a}", "accept {a} {b}", "send {a} 3", "fill {a}", "recv {a} 2", "peek {a}",
        "drain {a}", "urgent {a}", "shutdown {a} wr", "shutdown {a} rdwr", "reset {a}", "close {a}", "register {a} {b} rw level",
        "register {a} {b} r edge+oneshot", "reregister {a} {b} w edge", "deregister {a}", "set {a} r", "waker {a}", "wake 2",
        "poll 0", "poll none", "settle 1", "poll 120ms",
    )  # fmt: skip
    label = st.integers(0, 5)
    return Action.parse(draw(st.sampled_from(lines)).format(a=draw(label), b=draw(label)))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(nonsense(), max_size=25).map(tuple))
def test_actions_in_any_order_run(reference: Child, scenario: Scenario) -> None:
    """What does not apply is skipped and recorded, and is never an error."""
    ran_to_its_end(reference.run(scenario))
