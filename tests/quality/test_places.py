"""A guarantee takes three places to add; who forgets one is told which."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.guarantees import Guarantee, catalogue
from conformance.library import LIBRARY
from conformance.mutants import MUTANTS
from conformance.verdict import Strength
from tests.quality.places import forgotten

ROW = next(row for row in catalogue() if row.check and row.strength is Strength.MUST)
SCENARIOS = {ROW.id: LIBRARY[ROW.id]}
LIES = [mutant for mutant in MUTANTS if mutant.breaks == ROW.id]


def test_no_place_was_forgotten() -> None:
    """Row with check, library scenario, mutant: all three of each."""
    assert "\n".join(forgotten(catalogue(), LIBRARY, MUTANTS)) == ""


def test_a_guarantee_in_three_places_is_complete() -> None:
    """The injected catalogue of one row, from which each place is taken away below."""
    assert list(forgotten([ROW], SCENARIOS, LIES)) == []


@pytest.mark.parametrize(
    ("rows", "named"),
    [([], "conformance/library.py"), ([replace(ROW, check=None, unchecked="no reason")], "conformance/library.py")],
    ids=["no row", "no check"],
)
def test_a_missing_row_is_named(rows: list[Guarantee], named: str) -> None:
    """A row without its check is half a place."""
    assert list(forgotten(rows, SCENARIOS, LIES)) == [
        f"{ROW.id} is named by {named}: write its row with its check in conformance/guarantees/"
    ]


def test_a_mutant_of_nothing_is_named() -> None:
    """Where only the mutant was written, it is what names the guarantee."""
    assert list(forgotten([], {}, LIES[:1])) == [
        f"{ROW.id} is named by the mutant {LIES[0].name}: write its row with its check in conformance/guarantees/"
    ]


@pytest.mark.parametrize("library", [{}, {ROW.id: ()}], ids=["no line", "no scenario"])
def test_a_missing_scenario_is_named(library: dict[str, tuple[str, ...]]) -> None:
    """The library's line, or what should stand in it."""
    assert list(forgotten([ROW], library, LIES)) == [
        f"{ROW.id} has a check: write a scenario that puts it to the test in conformance/library.py"
    ]


def test_a_missing_mutant_is_named() -> None:
    """A check that never killed anything may be blind."""
    assert list(forgotten([ROW], SCENARIOS, [])) == [
        f"{ROW.id} has a check: write a poller that breaks it in conformance/mutants/"
    ]


def test_a_may_needs_no_mutant() -> None:
    """What is only permitted cannot be broken."""
    may = replace(ROW, strength=Strength.MAY)
    assert list(forgotten([may], SCENARIOS, [])) == []
