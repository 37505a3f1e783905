"""A report for pages: the matrix of a run, every guarantee there is, and what becomes of every item that mio documents."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable

from conformance.guarantees import FAMILIES, Guarantee
from conformance.guarantees.coverage import account_for, citations, items
from conformance.report import Says, names, rows, tally
from conformance.report.text import LEGEND, SYMBOLS
from conformance.verdict import Report

__all__ = ["coverage_page", "guarantees_page", "matrix"]


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


def coverage_page(guarantees: Iterable[Guarantee]) -> str:
    """Print what becomes of each item that mio documents, a table for each of its families, and the sums above them."""
    cited = citations(guarantees)
    told = {id: account_for(id, cited) for id in items()}
    sums = Counter("checked" if text.startswith("checked") else text.partition(" ")[0] for text in told.values())
    lines = [
        "# What mio documents, and what becomes of it here",
        "",
        f"{len(told)} items of mio 0.6.23 and 1.x: {sums['checked']} are checked, {sums['exercised']} are permissions that honest",
        f"pollers exercise, {sums['not']} are not checked, each for the reason that stands beside it. The ID `mio:REG-05` names an item",
        "in the `source` of a guarantee; the IDs of guarantees are those of [guarantees.md](guarantees.md).",
        "",
    ]
    for family, group in itertools.groupby(told, key=lambda id: id.partition("-")[0]):
        lines += [f"## {family}", "", "| item | title | |", "|---|---|---|"]
        lines += [f"| mio:{id} | {_cell(items()[id])} | {_cell(told[id])} |" for id in group]
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
