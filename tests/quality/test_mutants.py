"""The judge is judged: each mutant is caught by the guarantee it breaks, and nobody is caught who does not lie."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.child import Child
from conformance.guarantees import catalogue
from conformance.loading import load, resolve
from conformance.mutants import MUTANTS, OF_THE_42, Mutant
from tests.quality.trial import broken_by, broken_in_turn, drawn, weighed

BY_NAME = {mutant.name: mutant for mutant in MUTANTS}
EASY = (
    "tells_readable_once",
    "does_not_sample_at_register",
    "ignores_deregister",
    "keeps_the_first_of_two",
    "reads_a_byte",
)
"""A handful that drawn scenarios find within a few cases."""
CASES = 150


@pytest.fixture(scope="module", params=["reference", "epoll"])
def control(request: pytest.FixtureRequest) -> Iterator[Child]:
    """A poller that keeps everything it claims."""
    with Child(resolve(request.param).spec, "real") as child:
        yield child


# ── the table ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_names_are_unique_and_guarantees_exist() -> None:
    """A row names a guarantee that is checked, and at most two neighbours."""
    checked = {row.id for row in catalogue() if row.check}

    assert len(BY_NAME) == len(MUTANTS)
    for mutant in MUTANTS:
        assert set(mutant.accepted) <= checked, mutant.name
        assert len(mutant.neighbours) <= 2, mutant.name
        assert len(set(mutant.accepted)) == len(mutant.accepted), mutant.name


def test_each_row_says_what_it_does_and_why_it_is_there() -> None:
    """A maintainer reads the sentence and the history, not the code."""
    for mutant in MUTANTS:
        assert mutant.does.endswith("."), mutant.name
        assert len(mutant.does) < 140, mutant.name
        assert mutant.history, mutant.name


def test_all_of_the_42_are_accounted_for() -> None:
    """Each of the 42 that mio's history suggests is a mutant here, or has a reason."""
    assert list(OF_THE_42) == list(range(1, 43))
    for answer in OF_THE_42.values():
        assert isinstance(answer, str) or set(answer) <= set(BY_NAME)


def test_a_mutant_is_run_by_its_name() -> None:
    """`pollcheck run conformance.mutants.factories:NAME` finds each."""
    for mutant in MUTANTS:
        assert load(mutant.spec) is mutant.factory


def test_shortest_scenarios_print_as_they_are_written() -> None:
    """The yardstick is a scenario like any other."""
    for mutant in MUTANTS:
        assert "; ".join(map(str, mutant.scenario)) == mutant.shortest, mutant.name


# ── the trial ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("mutant", MUTANTS, ids=list(BY_NAME))
def test_a_mutant_is_caught_by_the_guarantee_it_breaks(mutant: Mutant) -> None:
    """Its shortest scenario breaks the guarantee of its row, with a sentence that says what came and what should have."""
    with Child(mutant.spec, "real") as child:
        broken = broken_by(child, mutant.scenario, [mutant.breaks])

    assert mutant.breaks in broken, f"broken instead: {sorted(broken)}"
    assert broken[mutant.breaks].got
    assert broken[mutant.breaks].should_be


def test_controls_keep_every_shortest_scenario(control: Child) -> None:
    """What kills a mutant must not hurt an honest poller; what it does not claim is skipped."""
    accused = {mutant.name: broken for mutant in MUTANTS if (broken := broken_in_turn(control, mutant.scenario))}

    assert accused == {}


@pytest.mark.parametrize("name", EASY)
def test_drawn_scenarios_find_it(name: str) -> None:
    """The table's scenarios are only the yardstick: the drawing finds the mutant by itself."""
    mutant = BY_NAME[name]
    with Child(mutant.spec, "real") as child:
        cases = drawn(child.hello().capabilities, CASES, 1)
        found = (set(mutant.accepted) & set(weighed(child, scenario).broken) for scenario in cases)

        assert any(found)
