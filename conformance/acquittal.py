"""The other half of a selfcheck: every honest variant through the library and drawn scenarios, and nobody may be accused.

A broken MUST is an accusation, and false by definition: the variant uses a freedom that its source grants, so the contract or a check
is wrong. It runs on the fake world, where nothing is noise.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from conformance.campaign import Progress
from conformance.crew import Crew, Interrupted, Job
from conformance.guarantees import lookup
from conformance.mutants import HONEST, Honest
from conformance.shard import DrawJob, Suspect, Tally
from conformance.verdict import Strength

__all__ = ["Acquittal", "acquit"]

_PART = 500
"""Drawn scenarios of one job: few enough that all hands are busy to the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquittal:
    """What came of one honest variant."""

    variant: Honest
    scenarios: int
    accusations: tuple[Suspect, ...]
    """The shortest scenarios in which a MUST was seen broken."""
    crashes: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        return not self.accusations and not self.crashes


def acquit(
    *,
    seed: int,
    cases: int,
    jobs: int = 2,
    variants: Sequence[Honest] = HONEST,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> tuple[Acquittal, ...]:
    """Run the library and `cases` drawn scenarios of each variant, in `jobs` processes.

    Raises:
        UsageError: a variant cannot be constructed, since the poller that it wraps cannot.
        KeyboardInterrupt: Ctrl-C.
    """
    orders = [(variant, job) for variant in variants for job in _jobs(variant, seed, cases)]
    begun = 0

    def begin(variant: Honest, job: DrawJob) -> Job:
        nonlocal begun
        begun += 1
        phase = "library" if job.count is None else "scenarios"
        at = Progress(poller=variant.name, world="fake", phase=phase, done=begun, planned=len(orders), suspects=0)
        on_progress(at)
        return job

    try:
        with Crew(jobs) as crew:
            outcomes = crew.do([partial(begin, variant, job) for variant, job in orders], lambda _: None)
    except Interrupted:
        raise KeyboardInterrupt from None
    tallies = {variant: Tally() for variant in variants}
    for (variant, _), outcome in zip(orders, outcomes, strict=True):
        assert isinstance(outcome, Tally)
        tallies[variant].add(outcome)
    return tuple(_acquittal(variant, tally) for variant, tally in tallies.items())


def _jobs(variant: Honest, seed: int, cases: int) -> Iterator[DrawJob]:
    drawn = random.Random(seed)
    counts = [None, *[_PART] * (cases // _PART), *[cases % _PART] * (cases % _PART > 0)]
    yield from (DrawJob(spec=variant.spec, world="fake", seed=drawn.getrandbits(32), count=count) for count in counts)


def _acquittal(variant: Honest, tally: Tally) -> Acquittal:
    musts = [id for id in tally.suspects if lookup(id).strength is Strength.MUST]
    return Acquittal(
        variant=variant,
        scenarios=tally.scenarios,
        accusations=tuple(tally.suspects[id][0] for id in musts),
        crashes=tuple(tally.crashes),
    )
