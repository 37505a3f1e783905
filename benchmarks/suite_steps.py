"""A scenario step on the fake kernel, drawn, performed and judged: against Hypothesis drawing two integers and running nothing.

And a scenario on the fake world against the same on the real one, waiting not counted: processor time of the harness and the poller.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from benchmarks.ratio import measure, report
from conformance.drawing import scenarios
from conformance.history import History
from conformance.judging import applicable, weigh
from conformance.loading import inspect_poller, load
from conformance.runner import Log, run
from conformance.scenario import Scenario
from conformance.worlds import fake
from conformance.worlds.real import RealWorld

CASES = 60
MAKE = load("impl.adapters.reference:make")
MODULES = ("impl.adapters.reference", "impl.poll", "impl.waker")
CAPABILITIES = inspect_poller(MAKE())[0]
ROWS = applicable(CAPABILITIES)
WAITS = ("rest", "await", "signals", "meanwhile")


class Kept(Log):
    """Keeps the entries, as the parent of a child does."""

    def __init__(self) -> None:
        self.entries: list[object] = []

    def wrote(self, entry: object) -> None:
        self.entries.append(entry)


def each(strategy: st.SearchStrategy[Scenario], judge: Callable[[Scenario], None]) -> None:
    """Draw CASES examples, the same each time."""
    settled = settings(
        max_examples=CASES,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

    def case(drawn: Scenario) -> None:
        judge(drawn)

    seed(1)(settled(given(strategy)(case)))()


def drawn() -> list[Scenario]:
    """The scenarios of one run, without those that wait."""
    kept: list[Scenario] = []
    each(scenarios(CAPABILITIES), kept.append)
    return [s for s in kept if not any(action.verb in WAITS or action.args[:1] in ((None,), (0.12,)) for action in s)]


def on_fake(scenario: Scenario) -> History:
    """Perform one scenario on a kernel of its own."""
    log = Kept()
    with fake.opened(MODULES, ()) as world:
        run(scenario, world, MAKE, CAPABILITIES, log)
    return History(scenario=scenario, capabilities=CAPABILITIES, entries=tuple(log.entries))  # type: ignore[arg-type]  # entries


def suite() -> None:
    """Draw, perform and judge."""

    def judge(scenario: Scenario) -> None:
        weigh(on_fake(scenario), ROWS)

    each(scenarios(CAPABILITIES), judge)


def bare(length: int) -> None:
    """Draw two integers per step of a scenario of mean length, and run nothing."""

    @st.composite
    def numbers(draw: st.DrawFn) -> int:
        return sum(draw(st.integers(0, 15)) + draw(st.integers(0, 15)) for _ in range(length))

    each(numbers(), lambda _: None)  # type: ignore[arg-type]  # any strategy will do


def all_fake(some: list[Scenario]) -> None:
    """Perform them on fake kernels."""
    for scenario in some:
        with fake.opened(MODULES, ()) as world:
            run(scenario, world, MAKE, CAPABILITIES, Log())


def all_real(some: list[Scenario]) -> None:
    """Perform them on Linux."""
    world = RealWorld()
    for scenario in some:
        run(scenario, world, MAKE, CAPABILITIES, Log())


def main() -> int:
    """Print the ratios."""
    every: list[Scenario] = []
    each(scenarios(CAPABILITIES), every.append)
    steps = [len(scenario) for scenario in every]
    some = drawn()
    began = time.process_time()
    suite()
    print(
        f"{sum(steps) / (time.process_time() - began):,.0f} steps per second, {sum(steps) / len(every):.1f} a scenario"
    )
    return report(
        [
            measure(
                "a step on the fake kernel : two integers drawn",
                2.0,
                suite,
                lambda: bare(round(sum(steps) / len(steps))),
                units=sum(steps),
                rounds=7,
            ),
            measure(
                "a scenario on the fake kernel : on Linux",
                1.0,
                lambda: all_fake(some),
                lambda: all_real(some),
                units=len(some),
                rounds=9,
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
