"""A scenario step on the fake kernel, drawn, performed and judged: against Hypothesis drawing two integers and running nothing.

And a scenario on the fake world against the same on the real one: processor time of harness, poller and kernel; waiting costs none.
All of it in this process: the messages between a worker and its parent are no part of a step (docs/performance.md has the whole run).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from benchmarks.rows import Pair, Row, compared
from conformance.drawing import scenarios
from conformance.guarantees import Guarantee
from conformance.history import Entry, History
from conformance.judging import applicable, weigh
from conformance.loading import inspect_poller, load
from conformance.protocol import Capability
from conformance.runner import Log, run
from conformance.scenario import Scenario
from conformance.worlds import fake
from conformance.worlds.real import RealWorld

__all__ = ["POLLER", "ROWS", "each", "judge"]

POLLER = "impl.adapters.reference:make"
CASES = 60
_MAKE = load(POLLER)
Drawn = TypeVar("Drawn")


@cache
def _capabilities() -> Capability:
    return inspect_poller(_MAKE())[0]


@cache
def _checked() -> tuple[Guarantee, ...]:
    return applicable(_capabilities())


class _Kept(Log):
    """Keeps the entries, as the parent of a child does."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def wrote(self, entry: Entry) -> None:
        self.entries.append(entry)


def each(strategy: st.SearchStrategy[Drawn], use: Callable[[Drawn], None], *, count: int, number: int) -> None:
    """Draw `count` examples, the same for each number."""

    def case(drawn: Drawn) -> None:
        use(drawn)

    plain = settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    seed(number)(plain(given(strategy)(case)))()


def _on_fake(scenario: Scenario, log: Log) -> None:
    """Perform one scenario on a kernel of its own."""
    with fake.opened((POLLER.partition(":")[0], *_MAKE.fake_modules), ()) as world:  # type: ignore[attr-defined]  # ours has it
        run(scenario, world, _MAKE, _capabilities(), log)


def judge(scenario: Scenario) -> None:
    """Perform one scenario on the fake kernel and have all checks judge it."""
    log = _Kept()
    _on_fake(scenario, log)
    weigh(History(scenario=scenario, capabilities=_capabilities(), entries=tuple(log.entries)), _checked())


def _draw() -> list[Scenario]:
    drawn: list[Scenario] = []
    each(scenarios(_capabilities()), drawn.append, count=CASES, number=1)
    return drawn


def _two_integers(draw: st.DrawFn, steps: int) -> int:
    return sum(draw(st.integers(0, 15)) + draw(st.integers(0, 15)) for _ in range(steps))


@contextmanager
def _stepping() -> Iterator[Pair]:
    """Beside each other: CASES scenarios, and as many examples of as many pairs of integers as a scenario of mean length has steps."""
    steps = sum(map(len, _draw()))
    pairs = st.composite(_two_integers)(round(steps / CASES))
    yield Pair(
        subject=lambda: each(scenarios(_capabilities()), judge, count=CASES, number=1),
        against=lambda: each(pairs, lambda _: None, count=CASES, number=1),
        units=steps,
    )


@contextmanager
def _both_worlds() -> Iterator[Pair]:
    some, real = _draw(), RealWorld()

    def on_fake() -> None:
        for scenario in some:
            _on_fake(scenario, Log())

    def on_real() -> None:
        for scenario in some:
            run(scenario, real, _MAKE, _capabilities(), Log())

    yield Pair(subject=on_fake, against=on_real, units=len(some))


ROWS: tuple[Row, ...] = (
    compared(
        name="step",
        subject="suite on the fake kernel, a step",
        against="Hypothesis draws two integers",
        target=2.0,
        prepare=_stepping,
        counts="steps",
        rounds=15,
    ),
    compared(
        name="world",
        subject="scenario on the fake kernel",
        against="the same on Linux, waiting not counted",
        prepare=_both_worlds,
        counts="scenarios",
        rounds=15,
    ),
)
