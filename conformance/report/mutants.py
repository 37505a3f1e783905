"""What a selfcheck has found: for the terminal, for machines, and as the page `docs/kill-matrix.md`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from statistics import median

from conformance.acquittal import Acquittal
from conformance.guarantees import catalogue
from conformance.selfcheck import Selfcheck, Trial
from conformance.verdict import Strength

__all__ = ["acquittals", "as_json", "as_page", "as_text"]

FORMAT = 1
_NEVER = "-"


def as_text(check: Selfcheck) -> str:
    """One line per mutant, then who survived, then the figures."""
    lines = [_line(trial) for trial in check.trials]
    lines += ["", *(f"SURVIVED: {trial.mutant.name}: {trial.mutant.does}" for trial in check.survivors)]
    lines += [f"CRASHED: {trial.mutant.name}: {trial.crashes[0]}" for trial in check.crashed]
    return "\n".join([*lines, *_figures(check)])


def _line(trial: Trial) -> str:
    mutant = trial.mutant
    library = "" if trial.library is None else f"library: {trial.by_library or 'not seen'}"
    kills = ", ".join(f"{kill.by} after {kill.cases}" if kill.by else f"not in {kill.cases}" for kill in trial.kills)
    real = f"  (real world: {mutant.only_real})" if mutant.only_real else ""
    return f"{'killed' if trial.is_killed else 'SURVIVED':9}{mutant.name:32}{library:20}drawn: {kills}{real}"


def _figures(check: Selfcheck) -> Iterator[str]:
    killed = len(check.trials) - len(check.survivors)
    yield f"{len(check.trials)} mutants: {killed} killed, {len(check.survivors)} survived"
    medians = check.medians()
    if medians:
        worst = max(max(trial.cases) for trial in check.trials if trial.cases)
        yield (
            f"drawn scenarios alone found {len(medians)} with each of {len(check.seeds)} seeds, of {check.most} cases at most: "
            f"median of the medians {median(medians):g} cases, worst case {worst}"
        )
    if check.unfound:
        yield f"not found by each of them: {', '.join(trial.mutant.name for trial in check.unfound)}"


def as_json(check: Selfcheck) -> str:
    """The same for machines."""
    trials = [
        {
            "name": trial.mutant.name,
            "world": trial.world,
            "breaks": trial.mutant.breaks,
            "neighbours": list(trial.mutant.neighbours),
            "killed": trial.is_killed,
            "seen": list(trial.broken),
            "library": trial.by_library,
            "drawn": [{"seed": kill.seed, "by": kill.by, "cases": kill.cases} for kill in trial.kills],
            "crashes": list(trial.crashes),
        }
        for trial in check.trials
    ]
    return json.dumps({"format": FORMAT, "cases": check.most, "mutants": trials}, indent=2) + "\n"


def acquittals(found: Sequence[Acquittal]) -> str:
    """One line per honest variant, each false accusation with its scenario, then the figures."""
    lines = []
    for one in found:
        lines.append(f"{'clean' if one.is_clean else 'ACCUSED':9}{one.variant.name:32}{one.scenarios} scenarios")
        for suspect in one.accusations:
            lines += [f"    {suspect.guarantee} in:", *(f"        {line}" for line in suspect.scenario.splitlines())]
        lines += [f"    CRASHED: {crash}" for crash in one.crashes]
    clean = sum(one.is_clean for one in found)
    return "\n".join([*lines, "", f"{len(found)} honest variants: {clean} clean, {len(found) - clean} accused"])


# ── the page ────────────────────────────────────────────────────────────────────────────────────────────────────


def as_page(check: Selfcheck, *, command: str, date: str) -> str:
    """The kill matrix: which mutants each guarantee sees, and how fast each mutant is found."""
    return "\n".join(
        [
            "# The kill matrix",
            "",
            f"Generated on {date} by `{command}`; do not edit. *Seen by* is what was seen broken until the mutant was killed, in bold",
            "what its row names. *Cases* is how many drawn scenarios it took until the guarantee of the row or a neighbour was seen",
            f"broken: the median and the worst of {len(check.seeds)} seeds, of {check.most} cases each; `-` where a seed did not find it.",
            "",
            *_figures(check),
            "",
            "## Guarantee → mutants",
            "",
            "| guarantee | its mutants | also seen in |",
            "|---|---|---|",
            *_by_guarantee(check),
            "",
            "## Mutant → guarantees",
            "",
            "| mutant | what it does wrong | seen by | median | worst |",
            "|---|---|---|---|---|",
            *map(_row, check.trials),
            "",
        ]
    )


def _by_guarantee(check: Selfcheck) -> Iterator[str]:
    for row in catalogue():
        if row.check is None or row.strength is Strength.MAY:
            continue
        own = [trial.mutant.name for trial in check.trials if trial.mutant.breaks == row.id]
        also = sum(row.id in trial.broken and trial.mutant.breaks != row.id for trial in check.trials)
        yield f"| {row.id} | {', '.join(own)} | {also} |"


def _row(trial: Trial) -> str:
    mutant = trial.mutant
    named = [f"**{id}**" for id in mutant.accepted if id in trial.broken]
    others = [id for id in trial.broken if id not in mutant.accepted]
    is_found = trial.kills and len(trial.cases) == len(trial.kills)
    figures = (f"{median(trial.cases):g}", str(max(trial.cases))) if is_found else (_NEVER, _NEVER)
    real = f" (real world only: {mutant.only_real})" if mutant.only_real else ""
    return f"| {mutant.name} | {mutant.does}{real} | {', '.join([*named, *others])} | {' | '.join(figures)} |"
