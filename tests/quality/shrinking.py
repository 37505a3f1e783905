"""How short a scenario becomes that breaks a mutant: begun, as a run does, from the shortest of several that were drawn."""

from __future__ import annotations

from itertools import islice

from conformance import library
from conformance.child import Child
from conformance.judging import applicable, weigh
from conformance.minimise import minimise
from conformance.mutants import Mutant
from conformance.scenario import Scenario
from tests.quality.trial import drawn

__all__ = ["smallest"]

_CASES, _ENOUGH = 60, 4
"""Scenarios that are drawn, and of which so many that break it are enough to choose from."""


def smallest(mutant: Mutant) -> Scenario:
    """Find it and minimise it on the fake world; where the drawn ones do not break it, begin from the library's longest that does."""
    with Child(mutant.spec, "real" if mutant.only_real else "fake") as child:
        capabilities = child.hello().capabilities
        rows = applicable(capabilities, [mutant.breaks])

        def is_caught(scenario: Scenario) -> bool:
            return mutant.breaks in weigh(child.run(scenario), rows).broken

        found = list(islice(filter(is_caught, drawn(capabilities, _CASES, 1)), _ENOUGH))
        if not found:
            by_hand = (s for text in library.LIBRARY[mutant.breaks] for s in library.expand(text))
            found = [max(filter(is_caught, by_hand), key=len)]
        return minimise(min(found, key=len), is_caught)
