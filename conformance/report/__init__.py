"""A report for people, for machines, for pages: three printers of the same figures.

The figures that every printer shows are computed here, once: which poller, over all its worlds, kept what (`rows`),
and how many of each (`tally`). There is never one percentage: a share of MUSTs and SHOULDs says nothing of either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conformance.verdict import Report, Result, Strength, Verdict, merge

__all__ = ["Row", "Says", "Tally", "names", "rows", "tally", "worlds"]

Says = Callable[[str], str]
"""Guarantee ID -> its sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One guarantee against every poller of the run, worlds merged; None where the run did not ask."""

    guarantee: str
    strength: Strength
    verdicts: tuple[Verdict | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many guarantees one poller kept, of those that apply to it, worlds merged."""

    poller: str
    must_kept: int
    must: int
    should_kept: int
    should: int
    not_applicable: int
    unknown: int

    def __str__(self) -> str:
        return (
            f"MUST kept {self.must_kept}/{self.must}, SHOULD {self.should_kept}/{self.should},"
            f" not applicable {self.not_applicable}, unknown {self.unknown}"
        )


def names(report: Report) -> tuple[str, ...]:
    """List the pollers of a run in the order asked, each once."""
    return tuple(dict.fromkeys(part.poller for part in report.pollers))


def worlds(report: Report) -> tuple[str, ...]:
    """List the worlds of a run in the order asked, each once."""
    return tuple(dict.fromkeys(part.world for part in report.pollers))


def rows(report: Report) -> tuple[Row, ...]:
    """Arrange a report as a matrix, guarantees in the order of the results."""
    merged = _merged(report)
    strengths = {result.guarantee: result.strength for part in report.pollers for result in part.results}
    return tuple(
        Row(
            guarantee=guarantee,
            strength=strength,
            verdicts=tuple(merged.get((poller, guarantee)) for poller in names(report)),
        )
        for guarantee, strength in strengths.items()
    )


def tally(report: Report) -> tuple[Tally, ...]:
    """Count the verdicts of each poller of a run."""
    return tuple(_tally(report, column, poller) for column, poller in enumerate(names(report)))


def _tally(report: Report, column: int, poller: str) -> Tally:
    cells = [(row.strength, row.verdicts[column]) for row in rows(report)]
    applicable = [cell for cell in cells if cell[1] not in (None, Verdict.NOT_APPLICABLE)]

    def among(strength: Strength, *verdicts: Verdict) -> int:
        return sum(1 for strong, verdict in applicable if strong is strength and verdict in (verdicts or Verdict))

    return Tally(
        poller=poller,
        must_kept=among(Strength.MUST, Verdict.KEPT),
        must=among(Strength.MUST),
        should_kept=among(Strength.SHOULD, Verdict.KEPT),
        should=among(Strength.SHOULD),
        not_applicable=sum(1 for _, verdict in cells if verdict is Verdict.NOT_APPLICABLE),
        unknown=sum(1 for _, verdict in applicable if verdict is Verdict.UNKNOWN),
    )


def _merged(report: Report) -> dict[tuple[str, str], Verdict]:
    heard: dict[tuple[str, str], list[Result]] = {}
    for part in report.pollers:
        for result in part.results:
            heard.setdefault((part.poller, result.guarantee), []).append(result)
    return {key: merge(result.verdict for result in results) for key, results in heard.items()}
