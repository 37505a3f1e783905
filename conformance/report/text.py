"""A report for people: the matrix, then each finding in five blocks, then one line per poller.

All of it can be read without colour and on 80 columns; colour, where there is any, is put on by `paint`.
"""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

from conformance.guarantees import FAMILIES, Guarantee
from conformance.protocol import Capability
from conformance.replay import path_of, script_path_of
from conformance.report import Row, Says, names, rows, tally
from conformance.verdict import Finding, PollerReport, Report, Result, Strength, Verdict

if TYPE_CHECKING:
    from conformance.hunt import Hunt

__all__ = [
    "LEGEND",
    "SYMBOLS",
    "brief",
    "explanation",
    "finding",
    "hunted",
    "matrix",
    "plain",
    "replay_command",
    "seed_line",
    "summary",
    "unknowns",
    "unsettled",
]

Paint = Callable[[str, Verdict], str]

SYMBOLS = {
    Verdict.KEPT: "+",
    Verdict.BROKEN: "X",
    Verdict.UNKNOWN: "?",
    Verdict.NOT_APPLICABLE: "-",
}
"""One sign per verdict; a broken SHOULD or MAY is a small x, a failure that was expected an e."""

LEGEND = "+ kept   X broken   x broken SHOULD   e expected failure   ? unknown   - not applicable"

_TRACE_LINES = 20


def plain(symbol: str, verdict: Verdict) -> str:  # noqa: ARG001  # the shape of every paint
    """Paint nothing."""
    return symbol


def matrix(
    report: Report,
    says: Says,
    *,
    expected: Collection[tuple[str, str]] = (),
    width: int = 80,
    paint: Paint = plain,
) -> str:
    """Draw guarantees against pollers, a column of two signs for each poller, its name on a stair above it."""
    pollers = names(report)
    lines = [LEGEND, ""]
    lines += [f"{'':14}{'| ' * column}{name}" for column, name in enumerate(pollers)]
    for family, group in itertools.groupby(rows(report), key=lambda row: row.guarantee[:3]):
        lines.append(f"{family}  {FAMILIES.get(family, '')}".rstrip())
        for row in group:
            signs = "".join(f"{_sign(row, column, pollers, expected, paint)} " for column in range(len(pollers)))
            room = max(width - 14 - 2 * len(pollers) - 1, 20)
            lines.append(f"{row.guarantee:7}{row.strength:7}{signs} {_shorten(says(row.guarantee), room)}".rstrip())
    return "\n".join(lines)


def _sign(row: Row, column: int, pollers: tuple[str, ...], expected: Collection[tuple[str, str]], paint: Paint) -> str:
    verdict = row.verdicts[column]
    if verdict is None:
        return " "
    if (row.guarantee, pollers[column]) in expected:
        return paint("e", Verdict.UNKNOWN)
    if verdict is Verdict.BROKEN and row.strength is not Strength.MUST:
        return paint("x", Verdict.UNKNOWN)
    return paint(SYMBOLS[verdict], verdict)


def finding(found: Finding, says: Says, *, strength: Strength = Strength.MUST) -> str:
    """Tell a finding in five blocks: the guarantee; got and should be; the scenario; the trace; how to replay it."""
    again = f"in {found.seen} of {found.reruns} re-runs, the control in {found.control} of {found.reruns}"
    blocks = (
        _broken(found, says, strength),
        f"{_got(found)}\n{again}",
        "smallest scenario:\n" + _indent([*found.scenario.splitlines(), *_kept_seed(found)]),
        "last lines of its history:\n" + _indent(found.trace[-_TRACE_LINES:]),
        _again(found),
    )
    return "\n\n".join(blocks)


def _kept_seed(found: Finding) -> Iterator[str]:
    """Where a seed stands for its faults, they were written out in its place and did not break it again."""
    if any(line.startswith("faults ") for line in found.scenario.splitlines()):
        yield "# a seed of faults, for as written lines they did not break it again"


def brief(found: Finding, says: Says, *, strength: Strength) -> str:
    """Tell a finding in a line each: the guarantee, got and should be, how to see it again."""
    return "\n".join((_broken(found, says, strength), _got(found), _again(found)))


def _broken(found: Finding, says: Says, strength: Strength) -> str:
    return f"{found.guarantee} {strength} broken by {found.poller} on the {found.world} world: {says(found.guarantee)}"


def _got(found: Finding) -> str:
    return f"got {found.got}, but should be {found.should_be} [step {found.step}]"


def replay_command(found: Finding) -> str:
    """Name the command that runs a finding's scenario again."""
    return f"pollcheck replay {path_of(found)}"


def _again(found: Finding) -> str:
    """How to see it again: the scenario, and the script if there is one."""
    if found.unscripted:
        return f"{replay_command(found)}\n(no script for a bug report: {found.unscripted})"
    return f"{replay_command(found)}\npython {script_path_of(found)}" if found.script else replay_command(found)


def unknowns(report: Report) -> str:
    """List the MUSTs that the run could not settle, a line for each reason."""
    grouped: dict[str, list[str]] = {}
    for part in report.pollers:
        for result in part.unknown_musts:
            head = f"unknown for {part.poller} on the {part.world} world: {result.reason or 'no reason given'}"
            grouped.setdefault(head, []).append(result.guarantee)
    return "\n".join(f"{head}\n{_indent(textwrap.wrap(' '.join(ids), 76))}" for head, ids in grouped.items())


def unsettled(part: PollerReport, result: Result) -> str:
    """Say of a result without a finding why it is what it is."""
    verdict = f"{result.guarantee} {result.strength} {result.verdict} for {part.poller} on the {part.world} world"
    return f"{verdict}: {result.reason or 'no reason given'}"


def summary(report: Report) -> str:
    """Sum up each poller in a line, and below it whatever must not be overlooked."""
    lines: list[str] = []
    for counts in tally(report):
        lines.append(f"{counts.poller}: {counts}")
        for part in report.pollers:
            if part.poller == counts.poller:
                lines.extend(f"  {part.world}: {remark}" for remark in _remarks(part))
    return "\n".join(lines)


def _remarks(part: PollerReport) -> Iterator[str]:
    for claim in part.false_claims:
        yield f"false claim: {claim}"
    if part.scenarios < part.planned:
        yield f"judged {part.scenarios} of {part.planned} scenarios, the rest was cut off"
    if part.emulated:
        yield f"emulated by the adapter: {_capabilities(part.emulated)}"
    if counted := [f"{what} {count}" for what, count in part.quality if count]:
        yield "quality, never red: " + ", ".join(counted)
    if part.fell:
        yield "faults that fell: " + ", ".join(f"{kind} {count}" for kind, count in part.fell)


def hunted(hunt: Hunt) -> str:
    """Sum up a campaign without an end: what is known by now, what could not be settled, and how to go on."""
    state, world = hunt.state, hunt.world
    head = (
        f"{hunt.target.name} on the {world} world: {state.scenarios} scenarios of seed {state.seed}; "
        f"findings: {len(state.known)}, new: {len(hunt.findings)}"
    )
    lines = [head, *(f"  false claim: {claim}" for claim in hunt.false_claims)]
    lines += [f"  unknown: {id}, {reason}" for id, reason in hunt.doubts.items()]
    lines += [f"  pollcheck itself crashed, please report it: {crash}" for crash in hunt.crashes[:1]]
    lines.append(f"  the same command goes on from here ({hunt.path}); --seed begins anew")
    return "\n".join(lines)


def explanation(row: Guarantee, *, example: str = "", broken_by: Collection[str] = ()) -> str:
    """Tell all that the catalogue knows of one guarantee, a scenario that puts it to the test, and the mutants that break it."""
    facts = {
        "why": row.why,
        "source": row.source,
        "since": row.since,
        "needs": _capabilities(row.needs),
        "unchecked": row.unchecked,
    }
    told = [f"{name:10}{fact}" for name, fact in facts.items() if fact]
    if example:
        told += ["example", _indent(example.splitlines())]
    if broken_by:
        told += ["broken by", _indent(broken_by)]
    return "\n".join([f"{row.id} {row.strength}: {row.says}", "", *told])


def seed_line(report: Report, *, option: str = "--") -> str:
    """Say how to repeat the run; options begin with `option`."""
    repeat = f"{option}seed {report.seed} {option}profile {report.profile}"
    return f"seed {report.seed}, profile {report.profile}: repeat with {repeat}"


def _capabilities(capabilities: Capability) -> str:
    return ", ".join(str(one.name) for one in Capability if one & capabilities)


def _shorten(sentence: str, room: int) -> str:
    return sentence if len(sentence) <= room else sentence[: room - 3].rstrip() + "..."


def _indent(lines: Collection[str]) -> str:
    return "\n".join(f"    {line}" for line in lines) or "    (none)"
