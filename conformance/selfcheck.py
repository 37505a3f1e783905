"""The judge is judged: every mutant through drawn scenarios and through the library, until what it breaks is seen.

It runs what any run runs (`shard.py`, `crew.py`), on the fake world, where equal seeds give equal answers; the few mutants that need
what only Linux has are run there, and say so. A mutant is killed when the guarantee of its row, or a neighbour named there, was seen
broken; that something else was seen broken proves nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from conformance.campaign import Progress
from conformance.crew import Crew, Interrupted, Job
from conformance.guarantees import catalogue
from conformance.mutants import MUTANTS, Mutant
from conformance.shard import DrawJob, Tally

__all__ = ["CASES", "Kill", "Selfcheck", "Trial", "selfcheck", "world_of"]

CASES = 500
"""Drawn scenarios after which a mutant has survived them."""
_REAL_CASES = 300
"""The same on the real world, where a scenario may wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """What the drawn scenarios of one seed did: the guarantee that was seen broken, and after how many; None when none was."""

    seed: int
    by: str | None
    cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of one mutant."""

    mutant: Mutant
    world: str
    broken: tuple[str, ...]
    """What was seen broken until it was killed, in the catalogue's order."""
    library: tuple[str, ...] | None
    """What the library saw broken of it; None where it was not asked."""
    kills: tuple[Kill, ...]
    crashes: tuple[str, ...] = ()

    @property
    def by_library(self) -> str | None:
        """The guarantee of the row, or a neighbour, that the library saw broken."""
        return next((id for id in self.mutant.accepted if id in (self.library or ())), None)

    @property
    def is_killed(self) -> bool:
        return bool(self.by_library or any(kill.by for kill in self.kills))

    @property
    def cases(self) -> tuple[int, ...]:
        """Cases until killed, of each seed that killed it."""
        return tuple(kill.cases for kill in self.kills if kill.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selfcheck:
    """The whole run."""

    seeds: tuple[int, ...]
    most: int
    trials: tuple[Trial, ...]

    @property
    def survivors(self) -> tuple[Trial, ...]:
        return tuple(trial for trial in self.trials if not trial.is_killed)

    @property
    def crashed(self) -> tuple[Trial, ...]:
        return tuple(trial for trial in self.trials if trial.crashes)

    @property
    def unfound(self) -> tuple[Trial, ...]:
        """Those that drawn scenarios did not find with some seed."""
        return tuple(trial for trial in self.trials if len(trial.cases) < len(trial.kills))

    def medians(self) -> list[float]:
        """Of each mutant that drawn scenarios found with every seed, the median of its cases."""
        return [median(trial.cases) for trial in self.trials if trial not in self.unfound]


def selfcheck(
    *,
    seed: int,
    seeds: int = 1,
    jobs: int = 2,
    cases: int = CASES,
    mutants: Sequence[Mutant] = MUTANTS,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Selfcheck:
    """Try every mutant: drawn scenarios from each of `seeds` seeds that follow from `seed`, then the library.

    The library is for those that drawn scenarios did not find, and ends when it has found them.

    Raises:
        UsageError: a mutant cannot be constructed, since the poller that it wraps cannot.
        KeyboardInterrupt: Ctrl-C.
    """
    drawn = random.Random(seed)
    numbers = tuple(drawn.getrandbits(32) for _ in range(seeds))
    begun = 0

    def begin(job: DrawJob, planned: int) -> Job:
        nonlocal begun
        begun += 1
        phase, name = ("library" if job.count is None else "scenarios"), job.spec.partition(":")[2]
        on_progress(Progress(poller=name, world=job.world, phase=phase, done=begun, planned=planned, suspects=0))
        return job

    def do(orders: Sequence[DrawJob], before: int = 0) -> list[Tally]:
        planned = before + len(orders)
        outcomes = crew.do([partial(begin, job, planned) for job in orders], lambda _: None)
        return [outcome for outcome in outcomes if isinstance(outcome, Tally)]

    try:
        with Crew(jobs) as crew:
            tallies = do([_drawing(mutant, number, cases) for mutant in mutants for number in numbers])
            kills = {m: _kills(m, numbers, tallies[i * seeds :]) for i, m in enumerate(mutants)}
            left = [m for m in mutants if not all(kill.by for kill in kills[m])]
            libraries = dict(zip(left, do([_library(m) for m in left], begun), strict=True))
    except Interrupted:
        raise KeyboardInterrupt from None
    crashes = {m: tallies[i * seeds : (i + 1) * seeds] for i, m in enumerate(mutants)}
    return Selfcheck(
        seeds=numbers,
        most=cases,
        trials=tuple(_trial(m, kills[m], libraries.get(m), crashes[m]) for m in mutants),
    )


def world_of(mutant: Mutant) -> str:
    """Where a mutant is tried."""
    return "real" if mutant.only_real else "fake"


def _library(mutant: Mutant) -> DrawJob:
    return DrawJob(spec=mutant.spec, world=world_of(mutant), seed=0, count=None, stops_at=mutant.accepted)


def _drawing(mutant: Mutant, seed: int, cases: int) -> DrawJob:
    count = min(cases, _REAL_CASES) if mutant.only_real else cases
    return DrawJob(spec=mutant.spec, world=world_of(mutant), seed=seed, count=count, stops_at=mutant.accepted)


def _trial(mutant: Mutant, kills: tuple[Kill, ...], library: Tally | None, drawn: Sequence[Tally]) -> Trial:
    tallies = (*drawn, library) if library else tuple(drawn)
    return Trial(
        mutant=mutant,
        world=world_of(mutant),
        broken=tuple(row.id for row in catalogue() if any(row.id in tally.suspects for tally in tallies)),
        library=tuple(library.suspects) if library else None,
        kills=kills,
        crashes=tuple(crash for tally in tallies for crash in tally.crashes),
    )


def _kills(mutant: Mutant, seeds: Sequence[int], tallies: Sequence[Tally]) -> tuple[Kill, ...]:
    return tuple(_kill(mutant, seed, tally) for seed, tally in zip(seeds, tallies, strict=False))


def _kill(mutant: Mutant, seed: int, tally: Tally) -> Kill:
    by = next((id for id in mutant.accepted if id in tally.first), None)
    return Kill(seed=seed, by=by, cases=tally.scenarios if by is None else tally.first[by])
