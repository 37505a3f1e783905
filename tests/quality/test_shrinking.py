"""A finding is short: what was drawn shrinks to at most two steps more than the shortest scenario by hand."""

from __future__ import annotations

import pytest

from conformance.mutants import MUTANTS, Mutant
from tests.quality.shrinking import smallest

SAMPLE = 24
"""Each so many-th is shrunk in every run, the rest where slow tests are."""
LEEWAY = 2


def _check(mutant: Mutant) -> None:
    found = smallest(mutant)
    assert len(found) <= len(mutant.scenario) + LEEWAY, f"{'; '.join(map(str, found))}  by hand: {mutant.shortest}"


@pytest.mark.parametrize("mutant", MUTANTS[::SAMPLE], ids=lambda mutant: mutant.name)
def test_what_was_drawn_shrinks_to_the_yardstick(mutant: Mutant) -> None:
    """A sample, in every run."""
    _check(mutant)


@pytest.mark.slow
@pytest.mark.parametrize(
    "mutant", [one for index, one in enumerate(MUTANTS) if index % SAMPLE], ids=lambda mutant: mutant.name
)
def test_whatever_was_drawn_shrinks_to_the_yardstick(mutant: Mutant) -> None:
    """The rest of them."""
    _check(mutant)
