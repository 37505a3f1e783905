"""The suite as one Hypothesis test, for its shrinker, its database, and the fuzzers that drive `fuzz_one_input`.

    test = property_of("mypkg:make")
    test()                                          a Hypothesis test like any other
    test.hypothesis.fuzz_one_input(some_bytes)      one scenario from the bytes of an external fuzzer

Here scenarios are drawn step by step (`drawing.stepwise`), so that a byte that changes changes one step: slower than a seed, and what
mutation and shrinking need. A failure is raised as it is seen, once; `pollcheck fuzz` and `pollcheck run` attribute theirs.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, given, settings

from conformance.child import Child
from conformance.drawing import stepwise
from conformance.judging import applicable, weigh
from conformance.loading import resolve
from conformance.scenario import Scenario, show
from conformance.verdict import Strength

__all__ = ["Broken", "property_of"]


class Broken(AssertionError):
    """A scenario in which a MUST was seen broken; the message has the guarantee and the scenario."""


def property_of(name: str, *, world: str = "real", only: Sequence[str] = ()) -> Callable[[], None]:
    """Make the test that the poller `name` breaks no MUST in whatever scenario is drawn for it.

    The poller lives in a child process, which serves all scenarios and ends with this process.

    Args:
        name: as for `pollcheck run`.
        world: `real` or `fake`.
        only: the IDs of the guarantees to judge; all that apply if empty.

    Raises:
        UsageError: the poller cannot be found or constructed.
    """
    child = Child(resolve(name).spec, world)
    atexit.register(child.close)
    capabilities = child.hello().capabilities
    rows = [row for row in applicable(capabilities, only) if row.strength is Strength.MUST]

    @settings(deadline=None, suppress_health_check=list(HealthCheck))
    @given(stepwise(capabilities))
    def keeps_every_must(scenario: Scenario) -> None:
        broken = weigh(child.run(scenario), rows).broken
        for id, fact in broken.items():
            raise Broken(f"{id}: got {fact.got}, but should be {fact.should_be} [step {fact.step}]\n{show(scenario)}")

    return keeps_every_must
