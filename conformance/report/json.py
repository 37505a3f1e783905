"""A report for machines: format 1, keys sorted, no durations and no paths, so that equal runs give equal bytes.

A poller's part is also what a pytest worker tells its controller, so it is read back here, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from conformance.guarantees import Guarantee
from conformance.protocol import Capability
from conformance.replay import FORMAT, finding_from_tree, finding_to_tree
from conformance.report import names, rows, tally, worlds
from conformance.verdict import PollerReport, Report, Result, Strength, Verdict

__all__ = ["as_json", "catalogue_as_json", "part_from_tree", "part_to_tree", "result_from_tree", "result_to_tree"]


def as_json(report: Report, *, exit_code: int | None = None) -> str:
    """Print a report as JSON: per poller the merged verdicts and counts, then all that each world said.

    `exit_code` is what the expectations file made of it; without one, the report's own.
    """
    tree = {
        "exit_code": report.exit_code if exit_code is None else exit_code,
        "format": FORMAT,
        "interrupted": report.interrupted,
        "pollers": [_poller(report, column, name) for column, name in enumerate(names(report))],
        "profile": report.profile,
        "seed": report.seed,
        "worlds": list(worlds(report)),
    }
    return json.dumps(tree, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _poller(report: Report, column: int, name: str) -> dict[str, object]:
    merged = {row.guarantee: row.verdicts[column] for row in rows(report) if row.verdicts[column] is not None}
    counts = tally(report)[column]
    return {
        "name": name,
        "summary": {
            "must": counts.must,
            "must_kept": counts.must_kept,
            "not_applicable": counts.not_applicable,
            "should": counts.should,
            "should_kept": counts.should_kept,
            "unknown": counts.unknown,
        },
        "verdicts": merged,
        "worlds": {part.world: part_to_tree(part) for part in report.pollers if part.poller == name},
    }


def catalogue_as_json(guarantees: Iterable[Guarantee]) -> str:
    """Print rows of the catalogue as JSON, in their order."""
    rows_ = [
        {
            "checked": row.check is not None,
            "id": row.id,
            "needs": _capability_names(row.needs),
            "says": row.says,
            "since": row.since,
            "source": row.source,
            "strength": row.strength,
            "unchecked": row.unchecked,
            "why": row.why,
        }
        for row in guarantees
    ]
    return json.dumps({"format": FORMAT, "guarantees": rows_}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def part_to_tree(part: PollerReport) -> dict[str, object]:
    """Turn what one run says of one poller on one world into what JSON can hold."""
    return {
        "capabilities": _capability_names(part.capabilities),
        "emulated": _capability_names(part.emulated),
        "false_claims": list(part.false_claims),
        "fell": dict(part.fell),
        "planned": part.planned,
        "poller": part.poller,
        "quality": dict(part.quality),
        "results": [result_to_tree(result) for result in part.results],
        "scenarios": part.scenarios,
        "world": part.world,
    }


def part_from_tree(tree: Mapping[str, Any]) -> PollerReport:
    """Turn it back."""
    return PollerReport(
        capabilities=_capability(tree["capabilities"]),
        emulated=_capability(tree["emulated"]),
        false_claims=tuple(tree["false_claims"]),
        fell=tuple(tree["fell"].items()),
        planned=tree["planned"],
        poller=tree["poller"],
        quality=tuple(tree["quality"].items()),
        results=tuple(result_from_tree(result) for result in tree["results"]),
        scenarios=tree["scenarios"],
        world=tree["world"],
    )


def result_to_tree(result: Result) -> dict[str, object]:
    """Turn one verdict into what JSON can hold."""
    return {
        "exercised": result.exercised,
        "finding": finding_to_tree(result.finding) if result.finding is not None else None,
        "guarantee": result.guarantee,
        "reason": result.reason,
        "strength": result.strength,
        "verdict": result.verdict,
    }


def result_from_tree(tree: Mapping[str, Any]) -> Result:
    """Turn it back."""
    return Result(
        exercised=tree["exercised"],
        finding=finding_from_tree(tree["finding"]) if tree["finding"] is not None else None,
        guarantee=tree["guarantee"],
        reason=tree["reason"],
        strength=Strength(tree["strength"]),
        verdict=Verdict(tree["verdict"]),
    )


def _capability_names(capability: Capability) -> list[str]:
    return [one.name for one in Capability if one & capability and one.name]


def _capability(names_of: list[str]) -> Capability:
    claimed = Capability(0)
    for name in names_of:
        claimed |= Capability[name]
    return claimed
