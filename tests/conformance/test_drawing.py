"""Scenarios drawn against the slots: they make sense, they are varied, and equal seeds draw equal ones."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from conformance.actions import ACTIONS
from conformance.drawing import scenarios
from conformance.protocol import Capability, Interest, Trigger
from conformance.scenario import Scenario
from conformance.slots import WAKER, Slots
from tests.conformance.histories import EVERYTHING

CLAIMS = {
    "everything": EVERYTHING,
    "level alone": Capability.LEVEL,
    "edge alone": Capability.EDGE,
    "level and writable": Capability.LEVEL | Capability.WRITABLE,
    "like epoll": EVERYTHING & ~(Capability.WAKE | Capability.USER_READINESS),
    "no triggers but one-shot edges": Capability.EDGE | Capability.ONESHOT | Capability.CLOSE_FORGETS,
}
MANY = 1_000


def drawn(capabilities: Capability, count: int, number: int = 0) -> list[Scenario]:
    """The scenarios of one seed."""
    found: list[Scenario] = []

    @seed(number)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(scenarios(capabilities))
    def draw(scenario: Scenario) -> None:
        found.append(scenario)

    draw()
    return found


@cache
def many() -> list[Scenario]:
    """As many as a quick run would not draw, for a poller that claims everything."""
    return drawn(EVERYTHING, MANY)


@pytest.mark.parametrize("capabilities", CLAIMS.values(), ids=CLAIMS)
@given(data=st.data())
def test_each_step_applies(capabilities: Capability, data: st.DataObject) -> None:
    """Drawn against the slots, a scenario wastes no step, whatever the poller claims."""
    slots = Slots(capabilities)
    for action in data.draw(scenarios(capabilities), label="scenario"):
        assert not slots.why_not(action), action
        slots.apply(action, succeeded=action.verb != "accept" or bool(slots.files[action.label].queue))


@pytest.mark.parametrize("capabilities", CLAIMS.values(), ids=CLAIMS)
def test_nothing_is_asked_that_is_not_claimed(capabilities: Capability) -> None:
    """A trigger, an interest, a waker, `max_events`: each only where it is offered."""
    for action in (action for scenario in drawn(capabilities, 100) for action in scenario):
        if action.verb in ("register", "reregister"):
            assert int(action.args[3]) & ~int(capabilities) == 0
            assert not action.args[2] & Interest.WRITABLE or capabilities & Capability.WRITABLE
            assert not action.args[2] & Interest.PRIORITY or capabilities & Capability.PRIORITY
        if action.verb in ("poll", "settle"):
            assert action.args[-1] is None or capabilities & Capability.MAX_EVENTS
        assert action.verb != "waker" or capabilities & Capability.WAKE
        assert action.verb != "user" or capabilities & Capability.USER_READINESS


def test_one_scenario_keeps_to_one_capacity() -> None:
    """A `settle` that is paid with another room than it was counted with proves nothing."""
    for scenario in many():
        assert len({action.args[-1] for action in scenario if action.verb in ("poll", "settle")}) == 1


def test_every_verb_is_drawn() -> None:
    """What is never drawn is never tested; but faults are put in front by the shard."""
    drawn_verbs = {action.verb for scenario in many() for action in scenario}
    assert set(ACTIONS) - drawn_verbs <= {"faults", "fault"}


def test_each_registers_and_settles() -> None:
    """The shortest still asks for something and waits for it."""
    for scenario in many():
        verbs = [action.verb for action in scenario]
        assert "register" in verbs
        assert "settle" in verbs
        assert len(verbs) <= 96


def test_the_weights_that_mattered() -> None:
    """oracle.md 3: endings that rest, reregisters that change nothing, odd tokens, one-shots that are rearmed."""
    endings = Counter(scenario[-1].verb for scenario in many())
    assert endings["rest"] > MANY / 20
    assert endings["await"] > MANY / 200
    silenced = sum({"deregister", "rest"} == {action.verb for action in scenario[-2:]} for scenario in many())
    assert silenced > MANY / 40
    tokens = Counter(a.args[1] for scenario in many() for a in scenario if a.verb == "register")
    assert tokens[0] > MANY / 50
    assert sum(times for token, times in tokens.items() if token >= 2**32) > MANY / 50
    rearmed = [a.args[3] for scenario in many() for a in scenario if a.verb == "reregister"]
    assert sum(bool(trigger & Trigger.ONESHOT) for trigger in rearmed) > MANY / 10


def test_reregisters_that_change_nothing_are_drawn() -> None:
    """A poller that skips what seems to change nothing is caught by those."""
    unchanged = changed = 0
    for scenario in many():
        slots = Slots(EVERYTHING)
        for action in scenario:
            if action.verb == "reregister" and (old := slots.registrations.get(action.label)):
                is_same = (old.token, old.interest, old.trigger) == action.args[1:]
                unchanged, changed = unchanged + is_same, changed + (not is_same)
            slots.apply(action, succeeded=action.verb != "accept" or bool(slots.files[action.label].queue))
    assert unchanged > (unchanged + changed) / 5
    assert changed > (unchanged + changed) / 5


def test_long_waits_come_only_at_the_end_and_labels_are_given_once() -> None:
    """An `await` is an ending; a label names one file."""
    for scenario in many():
        assert all(action.verb != "await" for action in scenario[:-1])
        opened = [action.args[index] for action in scenario for index in action.row.opens]
        assert len(set(opened)) == len(opened)
        assert WAKER not in opened


# ── determinism ─────────────────────────────────────────────────────────────────────────────────────────────────────

_PROGRAM = """
import hashlib
from conformance.scenario import show
from tests.conformance.histories import EVERYTHING
from tests.conformance.test_drawing import drawn
text = "\\n\\n".join(map(show, drawn(EVERYTHING, 200, number=7)))
print(hashlib.sha256(text.encode()).hexdigest())
"""


def test_equal_seeds_draw_equal_scenarios_in_every_process() -> None:
    """A seed that is printed must bring the run back, whatever PYTHONHASHSEED says and whatever else is imported."""
    answers = [
        subprocess.run(
            [sys.executable, "-c", beside + _PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(["", *sys.path])},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for hash_seed, beside in (("0", ""), ("1", "import fakepoll, impl, tests.conformance.pairs"))
    ]
    assert len(set(answers)) == 1
    assert len(answers[0]) == 65


def test_other_seeds_draw_other_scenarios() -> None:
    """Sixteen shards by seed are sixteen different runs."""
    assert drawn(EVERYTHING, 50, number=1) == drawn(EVERYTHING, 50, number=1)
    assert drawn(EVERYTHING, 50, number=1) != drawn(EVERYTHING, 50, number=2)
