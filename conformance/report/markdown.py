"""A report for pages: the matrix of a run, and the page of every guarantee there is."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from conformance.guarantees import FAMILIES, Guarantee
from conformance.report import Says, names, rows, tally
from conformance.report.text import LEGEND, SYMBOLS
from conformance.verdict import Report

__all__ = ["guarantees_page", "matrix"]


def matrix(report: Report, says: Says) -> str:
    """Draw guarantees against pollers as a table, and the counts of each poller below it."""
    lines = [
        "| guarantee | strength | " + " | ".join(names(report)) + " | |",
        "|---" * (len(names(report)) + 3) + "|",
    ]
    for row in rows(report):
        signs = " | ".join(f"`{SYMBOLS[verdict]}`" if verdict else "" for verdict in row.verdicts)
        lines.append(f"| {row.guarantee} | {row.strength} | {signs} | {_cell(says(row.guarantee))} |")
    lines += ["", f"`{LEGEND}`", ""]
    lines += [f"- {counts.poller}: {counts}" for counts in tally(report)]
    return "\n".join(lines) + "\n"


def guarantees_page(guarantees: Iterable[Guarantee]) -> str:
    """Print the catalogue as a page, a section for each family: sentence, reason and source of every guarantee."""
    lines = ["# The guarantees", ""]
    for family, group in itertools.groupby(guarantees, key=lambda row: row.family):
        lines += [f"## {family}: {FAMILIES[family]}", ""]
        for row in group:
            lines += [f"### {row.id} ({row.strength})", "", row.says, ""]
            lines += [f"- why: {row.why}", f"- source: {row.source}", f"- since: {row.since}"]
            if row.needs:
                lines.append(f"- needs: {', '.join(str(one.name) for one in type(row.needs) if one & row.needs)}")
            if row.unchecked:
                lines.append(f"- unchecked: {row.unchecked}")
            lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
