"""kept / broken / unknown / not applicable; how they merge, floors, exit codes: one table.

Everything here is a frozen value. A `Report` is what `judge()` returns, what the reports print and what the JSON file holds; it
contains no duration and no path that depends on the machine, so equal seeds on the fake world give equal bytes.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field

from conformance.protocol import NOTHING, Capability

__all__ = [
    "EXIT_BROKEN",
    "EXIT_INTERRUPTED",
    "EXIT_KEPT",
    "EXIT_UNKNOWN",
    "EXIT_USAGE",
    "Finding",
    "PollerReport",
    "Report",
    "Result",
    "Strength",
    "Verdict",
    "merge",
]

EXIT_KEPT = 0
EXIT_BROKEN = 1
EXIT_USAGE = 2
EXIT_UNKNOWN = 3
EXIT_INTERRUPTED = 130


class Strength(enum.StrEnum):
    """How much a guarantee binds: a broken SHOULD is reported and changes nothing; a MAY is a freedom that is exercised."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Verdict(enum.StrEnum):
    """What a run says about one guarantee, one poller and one world."""

    KEPT = "kept"
    BROKEN = "broken"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not applicable"


_RANK = (Verdict.BROKEN, Verdict.UNKNOWN, Verdict.KEPT, Verdict.NOT_APPLICABLE)


def merge(verdicts: Iterable[Verdict]) -> Verdict:
    """Merge the verdicts of several worlds: broken > unknown > kept > not applicable."""
    return min(verdicts, key=_RANK.index, default=Verdict.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One guarantee seen broken: what was said, what should have been, and the smallest scenario that shows it.

    `seen` and `control` count the re-runs, out of `reruns`, in which subject and control broke it.
    """

    guarantee: str
    poller: str
    world: str
    step: int
    got: str
    should_be: str
    scenario: str
    """One action a line; `Scenario.parse` reads it."""
    trace: tuple[str, ...]
    """The last lines of the history of the minimal scenario."""
    seen: int
    control: int
    reruns: int
    fatal: bool = False
    """A hang or an abort: one reproduction in five is enough."""
    variant: int = 1
    """Which one of several findings of the same guarantee, which differ in their smallest scenarios (`hunt.py`)."""
    script: str = field(default="", compare=False)
    """A stand-alone program that shows it, run on subject and control; it is stored in a file of its own."""
    unscripted: str = field(default="", compare=False)
    """Why there is no such program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The verdict on one guarantee, with the number of times it was really put to the test."""

    guarantee: str
    strength: Strength
    verdict: Verdict
    exercised: int = 0
    reason: str = ""
    """Why unknown or not applicable; of what is kept, with which finding it was seen broken (`blame.py`)."""
    finding: Finding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollerReport:
    """All that one run says about one poller on one world."""

    poller: str
    world: str
    capabilities: Capability
    emulated: Capability = NOTHING
    results: tuple[Result, ...] = ()
    false_claims: tuple[str, ...] = ()
    """One line for each claimed capability that the poller does not have."""
    scenarios: int = 0
    """How many scenarios were judged; fewer than `planned` when time, Ctrl-C or `-x` cut the run."""
    planned: int = 0
    quality: tuple[tuple[str, int], ...] = ()
    """Counted freedoms, never red: needless events, early empty returns, ..."""
    fell: tuple[tuple[str, int], ...] = ()
    """Kind of fault -> how often it fell; on the fake world alone."""

    def result(self, guarantee: str) -> Result:
        """Look up the result for one guarantee ID; KeyError if the run did not ask for it."""
        for result in self.results:
            if result.guarantee == guarantee:
                return result
        raise KeyError(guarantee)

    @property
    def broken_musts(self) -> tuple[Result, ...]:
        return self._musts(Verdict.BROKEN)

    @property
    def unknown_musts(self) -> tuple[Result, ...]:
        return self._musts(Verdict.UNKNOWN)

    def _musts(self, verdict: Verdict) -> tuple[Result, ...]:
        return tuple(r for r in self.results if r.strength is Strength.MUST and r.verdict is verdict)

    @property
    def exit_code(self) -> int:
        """DESIGN 3.2, expectations apart."""
        if self.broken_musts or self.false_claims:
            return EXIT_BROKEN
        return EXIT_UNKNOWN if self.unknown_musts else EXIT_KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run: one `PollerReport` per poller and world, in the order asked."""

    profile: str
    seed: int
    pollers: tuple[PollerReport, ...] = field(default=())
    interrupted: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding of the run, MUST and SHOULD, in report order."""
        return tuple(r.finding for p in self.pollers for r in p.results if r.finding is not None)

    @property
    def exit_code(self) -> int:
        """0, 1, 3 or 130; the expectations file may still change it (`expectations.py`)."""
        if self.interrupted:
            return EXIT_INTERRUPTED
        codes = {p.exit_code for p in self.pollers}
        return EXIT_BROKEN if EXIT_BROKEN in codes else max(codes, default=EXIT_KEPT)
