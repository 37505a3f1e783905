"""Freedom: a correct poller that uses every liberty is never accused of breaking a MUST."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import pytest

from conformance.child import Child
from conformance.guarantees import lookup
from conformance.loading import load
from conformance.mutants import HONEST, MUTANTS, Honest
from conformance.protocol import Capability
from conformance.scenario import Scenario, parse
from conformance.verdict import Strength
from tests.quality.trial import drawn, weighed

CASES = 25


@cache
def cases(capabilities: Capability) -> list[Scenario]:
    """The same drawn scenarios for all that claim the same."""
    return drawn(capabilities, CASES, 3)


@dataclass
class Trial:
    """What came of one variant's run."""

    accused: dict[str, str] = field(default_factory=dict)
    quality: dict[str, int] = field(default_factory=dict)


@cache
def trial(variant: Honest) -> Trial:
    """Run drawn scenarios and the mutants' own; accused is who is accused twice running, as attribution has it."""
    found = Trial()
    with Child(variant.spec, "real") as child:
        for scenario in [*cases(child.hello().capabilities), *(mutant.scenario for mutant in MUTANTS[::12])]:
            for _ in range(2):
                weight = weighed(child, scenario)
                broken = {
                    id: f"{fact.got}, should be {fact.should_be}" for id, fact in weight.broken.items() if _must(id)
                }
                if not broken:
                    break
            else:
                found.accused |= broken
            for what, count in weight.quality.items():
                found.quality[what] = found.quality.get(what, 0) + count
    return found


def _must(id: str) -> bool:
    return lookup(id).strength is Strength.MUST


@pytest.mark.parametrize("variant", HONEST, ids=[variant.name for variant in HONEST])
def test_an_honest_variant_is_not_accused(variant: Honest) -> None:
    """A false alarm costs more trust than a missed bug."""
    assert trial(variant).accused == {}


def test_there_are_enough_and_each_is_found_by_name() -> None:
    """At least twelve freedoms, each with its source, each a poller that can be named on the command line."""
    assert len(HONEST) >= 12
    for variant in HONEST:
        assert variant.does.endswith("."), variant.name
        assert variant.source, variant.name
        assert load(variant.spec) is variant.factory


@pytest.mark.parametrize(
    ("name", "freedom"), [("needless_events", "needless events"), ("early_empty_returns", "early empty returns")]
)
def test_a_freedom_that_is_used_is_counted(name: str, freedom: str) -> None:
    """What is never red is counted as quality: the run has seen it and let it pass."""
    variant = next(variant for variant in HONEST if variant.name == name)

    assert trial(variant).quality[freedom] > 0


def test_half_events_come_in_two_polls() -> None:
    """The variants do what they say: here the two directions of one edge come in two polls."""
    variant = next(variant for variant in HONEST if variant.name == "half_events")
    with Child(variant.spec, "real") as child:
        history = child.run(parse("unix 1 2; send 2 1; register 1 7 rw edge; poll 0; poll 0"))

    told = [entry.events for entry in history.entries if hasattr(entry, "events")]
    assert told == [((7, 1),), ((7, 2),)]
