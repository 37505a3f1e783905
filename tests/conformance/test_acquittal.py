"""The honest half of a selfcheck: who uses a freedom is clean, and a liar among them is accused by name."""

from __future__ import annotations

from dataclasses import replace

from conformance.acquittal import acquit
from conformance.mutants import HONEST, MUTANTS, Honest
from conformance.report.mutants import acquittals

VARIANT = HONEST[0]
LIAR = next(mutant for mutant in MUTANTS if mutant.name == "invents_tokens")


def posing() -> Honest:
    """A mutant that poses as an honest variant."""
    return replace(VARIANT, name=LIAR.name, factory=LIAR.factory)


def test_an_innocent_is_clean_after_all_cases_and_the_library() -> None:
    """The count says that it was put to the test."""
    (found,) = acquit(seed=1, cases=7, jobs=1, variants=(VARIANT,))
    assert found.is_clean
    assert found.scenarios > 7


def test_a_liar_is_accused_with_the_scenario() -> None:
    """What is printed is enough to run it again."""
    clean, accused = acquit(seed=1, cases=3, jobs=1, variants=(VARIANT, posing()))
    text = acquittals([clean, accused])

    assert clean.is_clean
    assert "TOK-01" in {suspect.guarantee for suspect in accused.accusations}
    assert "ACCUSED  invents_tokens" in text
    assert "    TOK-01 in:\n        " in text
    assert text.endswith("2 honest variants: 1 clean, 1 accused")


def test_cases_are_parted_and_all_run() -> None:
    """Equal seeds, equal counts, whatever the number of jobs."""
    alone = acquit(seed=2, cases=12, jobs=1, variants=(VARIANT,))
    assert acquit(seed=2, cases=12, jobs=2, variants=(VARIANT,)) == alone
