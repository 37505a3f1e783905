"""One shard of a run: scenarios are performed and judged by all checks at once; what broke is set aside.

A shard is a pure function of its job, but for time: the library's scenarios, or a number of drawn ones from one seed. Failing
scenarios are not raised to Hypothesis, which would stop at the first; they are suspects, for `attribution.py` to confirm.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from conformance import library
from conformance.actions import Action
from conformance.budget import ENDLESS, Budget, Meter
from conformance.child import Child, HarnessCrash
from conformance.guarantees import Guarantee
from conformance.history import History
from conformance.judging import applicable, weigh
from conformance.luck import kind_of
from conformance.scenario import Scenario, show

__all__ = ["DrawJob", "Suspect", "Tally", "draw_shard", "hung_too_often"]

SUSPECTS_KEPT = 2
"""The shortest failing scenarios of each guarantee that a shard hands on."""
_TICK_EVERY = 10
_FIRST_PART = 20
_HANGS_KEPT = 3
"""A hang costs half a second. After so many in one kind of action, scenarios that contain it are left out."""
_CLOSES_KEPT = 20
"""Each scenario ends with a close: after so many hangs there, nothing more is tried."""
_CLOSE = "close()"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawJob:
    """What one shard is to do. `count` None means the library."""

    spec: str
    world: str
    seed: int
    count: int | None
    part: tuple[int, int] = (0, 1)
    """Which part of the library, of how many."""
    only: tuple[str, ...] = ()
    budget: Budget = ENDLESS
    stops_at_first: bool = False
    stops_at: tuple[str, ...] = ()
    """Guarantees of which one is enough: when it was seen broken, the shard is over."""
    avoid: tuple[str, ...] = ()
    """Actions in which the poller has hung often enough; scenarios that contain one are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A scenario in which a guarantee was seen broken, once."""

    guarantee: str
    scenario: str
    fatal: bool

    @property
    def length(self) -> int:
        return self.scenario.count("\n") + 1


@dataclass(slots=True)
class Tally:
    """What one or several shards have found."""

    scenarios: int = 0
    planned: int = 0
    steps: int = 0
    """What was spent of a budget in steps."""
    exercised: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    together: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """The guarantees that broke in one scenario, as a tuple -> in how many scenarios: they may share one cause (`blame.py`)."""
    quality: Counter[str] = field(default_factory=Counter)
    fell: Counter[str] = field(default_factory=Counter)
    """Kind of fault -> how often it fell."""
    suspects: dict[str, list[Suspect]] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)
    """Guarantee -> after how many scenarios it was first seen broken; where shards were merged, of the first that saw it."""
    hangs: Counter[str] = field(default_factory=Counter)
    """Kind of action -> how often the poller hung or died in it."""
    left_out: int = 0
    crashes: list[str] = field(default_factory=list)
    """What our own code died of, and in which scenario; then nothing is kept."""

    def suspect(self, suspect: Suspect) -> None:
        """Keep the shortest scenarios; a hang costs more to look at, so what is not fatal comes first."""
        kept = self.suspects.setdefault(suspect.guarantee, [])
        kept.append(suspect)
        kept.sort(key=lambda one: (one.fatal, one.length))
        del kept[SUSPECTS_KEPT:]

    def add(self, other: Tally) -> None:
        """Merge what another shard has found."""
        self.scenarios += other.scenarios
        self.planned += other.planned
        self.steps += other.steps
        self.exercised += other.exercised
        self.failed += other.failed
        self.together += other.together
        self.quality += other.quality
        self.fell += other.fell
        self.hangs += other.hangs
        self.left_out += other.left_out
        self.crashes += other.crashes
        self.first = other.first | self.first
        for suspects in other.suspects.values():
            for suspect in suspects:
                self.suspect(suspect)


def draw_shard(job: DrawJob, tally: Tally, tick: Callable[[int], None]) -> None:
    """Do `job`, adding to `tally` as it goes, so that an interrupted shard leaves what it had; `tick` tells how far it is."""
    with Child(job.spec, job.world) as child:
        shard = _Shard(child, job, tally, tick)
        if job.count is None:
            part, parts = job.part
            scenarios = library.scenarios(child.hello().capabilities, first=job.stops_at)[part::parts]
            tally.planned += len(scenarios)
            for scenario in scenarios:
                shard.judge(scenario)
        else:
            tally.planned += job.count
            for index, count in enumerate(_parts(job)):
                if not shard.is_over:
                    _draw(shard, count, job.seed + index)


def _parts(job: DrawJob) -> Iterator[int]:
    """A job that may be over soon is drawn in parts, each twice the last, for Hypothesis always draws all that it was asked for."""
    left, size = job.count or 0, _FIRST_PART if job.stops_at else job.count or 0
    while left > 0:
        yield min(size, left)
        left, size = left - size, size * 2


def _draw(shard: _Shard, count: int, number: int) -> None:
    from hypothesis import HealthCheck, Phase, given, seed, settings

    from conformance.drawing import scenarios

    @seed(number)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(scenarios(shard.capabilities))
    def judge(scenario: Scenario) -> None:
        shard.judge(scenario)

    judge()


class _Shard:
    """A shard in progress."""

    def __init__(self, child: Child, job: DrawJob, tally: Tally, tick: Callable[[int], None]) -> None:
        self.child, self.job, self.tally, self.tick = child, job, tally, tick
        self.capabilities = child.hello().capabilities
        self.rows: tuple[Guarantee, ...] = applicable(self.capabilities, job.only)
        self.luck = random.Random(job.seed)
        self.meter = Meter(job.budget)

    @property
    def is_over(self) -> bool:
        if self.job.stops_at_first and self.tally.suspects:
            return True
        if any(id in self.tally.suspects for id in self.job.stops_at):
            return True
        return self.meter.is_spent

    def judge(self, scenario: Scenario) -> None:
        """Perform and judge one scenario, unless the time is up; on the fake world every other drawn one with bad luck."""
        if self.is_over:
            return
        if self.job.world == "fake" and self.job.count is not None and self.luck.randrange(2):
            scenario = (Action("faults", (self.luck.randrange(2**32),)), *scenario)
        if self._is_avoided(scenario):
            self.tally.left_out += 1
            return
        try:
            history = self.meter.ran(self.child.run(scenario))
        except HarnessCrash as crash:
            self.tally.crashes.append(f"{crash} in: {'; '.join(map(str, scenario))}")
            return
        self.tally.steps = self.meter.steps
        if history.is_fatal:
            self._hung(history)
        weighed = weigh(history, self.rows)
        self.tally.scenarios += 1
        self.tally.exercised.update(weighed.exercised)
        self.tally.failed.update(weighed.failed)
        if weighed.broken:
            self.tally.together[tuple(weighed.broken)] += 1
        self.tally.quality.update(weighed.quality)
        self.tally.fell.update(map(kind_of, history.fell))
        for id in weighed.broken:
            self.tally.first.setdefault(id, self.tally.scenarios)
            self.tally.suspect(Suspect(guarantee=id, scenario=show(scenario), fatal=history.is_fatal))
        if self.tally.scenarios % _TICK_EVERY == 0:
            self.tick(_TICK_EVERY)

    def _is_avoided(self, scenario: Scenario) -> bool:
        avoided = (*self.job.avoid, *hung_too_often(self.tally.hangs))
        return _CLOSE in avoided or any(_kind(action) in avoided for action in scenario)

    def _hung(self, history: History) -> None:
        step = history.entries[-1].step
        is_close = not 1 <= step <= len(history.scenario)
        self.tally.hangs[_CLOSE if is_close else _kind(history.scenario[step - 1])] += 1


def hung_too_often(hangs: Counter[str]) -> tuple[str, ...]:
    """The kinds of action in which a poller hung or died so often that scenarios with them are left out."""
    return tuple(kind for kind, times in hangs.items() if times >= (_CLOSES_KEPT if kind == _CLOSE else _HANGS_KEPT))


def _kind(action: Action) -> str:
    """What distinguishes one hang from another: the verb, and how long it waits."""
    waits = [param.show(arg) for param, arg in zip(action.row.params, action.args, strict=True) if param.name == "wait"]
    return " ".join([action.verb, *waits])
