"""One scenario, one poller, one verdict: how mutants and honest variants are tried, in a child on the real kernel."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import HealthCheck, Phase, given, seed, settings

from conformance.child import Child
from conformance.drawing import scenarios
from conformance.facts import Fact
from conformance.judging import Weighed, applicable, weigh
from conformance.protocol import Capability
from conformance.scenario import Scenario

__all__ = ["ATTEMPTS", "broken_by", "broken_in_turn", "drawn", "weighed"]

ATTEMPTS = 5
"""As often as a suspect is run again (DESIGN 4): on a loaded machine a spin of twelve short waits can pass for rest."""


def weighed(child: Child, scenario: Scenario) -> Weighed:
    """Run it once and let every check that applies judge it."""
    return weigh(child.run(scenario), applicable(child.hello().capabilities))


def broken_by(child: Child, scenario: Scenario, looked_for: Iterable[str]) -> dict[str, Fact]:
    """What is broken, in the first of several attempts that breaks anything `looked_for`, or in the last."""
    looked_for = tuple(looked_for)
    broken: dict[str, Fact] = {}
    for _ in range(ATTEMPTS):
        broken = weighed(child, scenario).broken
        if any(guarantee in broken for guarantee in looked_for):
            break
    return broken


def broken_in_turn(child: Child, scenario: Scenario) -> set[str]:
    """What is broken twice running: once may be the machine's doing."""
    first = weighed(child, scenario).broken
    return set(first) & set(weighed(child, scenario).broken) if first else set()


def drawn(capabilities: Capability, count: int, number: int) -> list[Scenario]:
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
