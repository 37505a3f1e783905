"""What may fail, and why; refuses to rot; writes itself.

A file of `[[expect]]` tables, each with `id`, `poller` and `reason`, kept beside its poller. It cannot rot:
an entry whose guarantee is no longer broken, or that names an unknown guarantee or poller, is an error that says which
line to delete. Where a poller is judged on several worlds, an entry speaks of the merged verdict.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from conformance.guarantees import catalogue
from conformance.loading import UsageError, entry_points, resolve
from conformance.report import names, rows
from conformance.verdict import (
    EXIT_BROKEN,
    EXIT_INTERRUPTED,
    EXIT_KEPT,
    EXIT_UNKNOWN,
    Report,
    Strength,
    Verdict,
)

__all__ = ["Expectation", "Expectations", "Judgement", "expectations_for", "judge", "read", "updated"]

_KEYS = ("id", "poller", "reason")
_HEADER = re.compile(r"^\s*\[\[\s*expect\s*\]\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One guarantee that one poller is known to break, and why that is tolerated."""

    guarantee: str
    poller: str
    reason: str
    line: int
    """Where the entry begins in its file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """A whole file; with no entries, nothing may fail."""

    path: str = ""
    entries: tuple[Expectation, ...] = ()

    def find(self, guarantee: str, poller: str) -> Expectation | None:
        """Find the entry for one guarantee of one poller."""
        return next((entry for entry in self.entries if (entry.guarantee, entry.poller) == (guarantee, poller)), None)

    def stale(self, entry: Expectation, why: str) -> str:
        """Say that an entry has had its day, and where to delete it."""
        return f"{self.path}:{entry.line}: {why}; delete this entry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A report in the light of its expectations."""

    exit_code: int
    expected: tuple[tuple[str, str], ...] = ()
    """(guarantee, poller) of each failure that the file foretold."""
    stale: tuple[str, ...] = ()
    """One line for each entry that did not fail: which line to delete."""


def read(path: Path, *, ids: Collection[str], is_poller: Callable[[str], bool]) -> Expectations:
    """Read an expectations file.

    Args:
        ids: every guarantee that is checked.
        is_poller: whether a name is a poller's, be it in this run or not.

    Raises:
        UsageError: the file is missing or no TOML; an entry lacks something, is there twice, names what there is not.
    """
    try:
        text = path.read_text(encoding="utf-8")
        entries = _entries(text)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None
    expectations = Expectations(path=str(path), entries=entries)
    for entry in entries:
        if entry.guarantee not in ids:
            raise UsageError(expectations.stale(entry, f"no guarantee {entry.guarantee!r} is checked"))
        if not is_poller(entry.poller):
            raise UsageError(expectations.stale(entry, f"there is no poller {entry.poller!r}"))
        if expectations.find(entry.guarantee, entry.poller) is not entry:
            raise UsageError(expectations.stale(entry, f"{entry.guarantee} of {entry.poller} is expected twice"))
    return expectations


def expectations_for(path: Path | None, names: Collection[str]) -> Expectations:
    """Read the expectations of a run that judges the pollers `names`; without a file, nothing may fail.

    Raises:
        UsageError: as `read` does. A poller that is not in this run must be known here all the same.
    """

    def is_poller(name: str) -> bool:
        return name in names or name in entry_points() or _resolves(name)

    ids = {row.id for row in catalogue() if row.check is not None}
    return Expectations() if path is None else read(path, ids=ids, is_poller=is_poller)


def _resolves(name: str) -> bool:
    try:
        resolve(name)
    except UsageError:
        return False
    return True


def judge(report: Report, expectations: Expectations) -> Judgement:
    """Settle the exit code: 0 if all that failed was expected, 1 if something expected did not fail."""
    verdicts = _verdicts(report)
    expected = tuple(
        (entry.guarantee, entry.poller)
        for entry in expectations.entries
        if verdicts.get((entry.guarantee, entry.poller)) in (Verdict.BROKEN, Verdict.UNKNOWN)
    )
    stale = tuple(
        expectations.stale(entry, f"{entry.guarantee} of {entry.poller} should be broken, but is {verdict}")
        for entry in expectations.entries
        if (verdict := verdicts.get((entry.guarantee, entry.poller))) in (Verdict.KEPT, Verdict.NOT_APPLICABLE)
    )
    if report.interrupted:
        return Judgement(exit_code=EXIT_INTERRUPTED, expected=expected)
    musts = {
        verdict
        for row in rows(report)
        if row.strength is Strength.MUST
        for poller, verdict in zip(names(report), row.verdicts, strict=True)
        if (row.guarantee, poller) not in expected
    }
    if Verdict.BROKEN in musts or stale or any(part.false_claims for part in report.pollers):
        return Judgement(exit_code=EXIT_BROKEN, expected=expected, stale=stale)
    exit_code = EXIT_UNKNOWN if Verdict.UNKNOWN in musts else EXIT_KEPT
    return Judgement(exit_code=exit_code, expected=expected)


def updated(text: str, report: Report) -> str:
    """Rewrite an expectations file after a run: what no longer fails goes, a broken MUST that is new comes.

    Comments, reasons and the order of what stays are the user's and are kept; comments directly above an entry go with
    it. (tomlkit would take those above the *next* entry along: the blocks are cut here, tomlkit writes the new ones.)

    Raises:
        UsageError: the file is no expectations file, or spells its entries in another way than `[[expect]]`.
    """
    import tomlkit

    try:
        entries = _entries(text)
    except ValueError as error:
        raise UsageError(f"expectations: {error}") from None
    head, *blocks = _blocks(text)
    if len(blocks) != len(entries):
        raise UsageError("expectations: only a file that spells each entry as [[expect]] can be rewritten")
    verdicts = _verdicts(report)
    gone = (Verdict.KEPT, Verdict.NOT_APPLICABLE)
    stays = [
        block
        for block, entry in zip(blocks, entries, strict=True)
        if verdicts.get((entry.guarantee, entry.poller)) not in gone
    ]
    known = {(entry.guarantee, entry.poller) for entry in entries}
    comes = [
        tomlkit.dumps({"expect": [dict(zip(_KEYS, (*key, _reason(report, *key)), strict=True))]})
        for key in _broken_musts(report)
        if key not in known
    ]
    parts = [part.strip("\n") for part in (head, *stays, *comes)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _entries(text: str) -> tuple[Expectation, ...]:
    tree = tomllib.loads(text)
    tables = tree.pop("expect", [])
    if tree or not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        strange = f"not {next(iter(tree))!r}" if tree else "each a table"
        raise ValueError(f"there should be nothing but [[expect]] entries, {strange}")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if _HEADER.match(line)]
    if len(lines) != len(tables):  # written as one array: point at its beginning
        lines = [1] * len(tables)
    return tuple(_entry(table, line) for table, line in zip(tables, lines, strict=True))


def _entry(table: dict[str, object], line: int) -> Expectation:
    for key in _KEYS:
        value = table.get(key)
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"the entry in line {line} should have a {key}, a text that is not empty")
    if strange := sorted(table.keys() - set(_KEYS)):
        raise ValueError(f"the entry in line {line} should have {', '.join(_KEYS)}, and no {strange[0]!r}")
    guarantee, poller, reason = (str(table[key]) for key in _KEYS)
    return Expectation(guarantee=guarantee, poller=poller, reason=reason, line=line)


def _blocks(text: str) -> list[str]:
    """Cut a file into what stands before the first entry, and one block per entry with the comments just above it."""
    blocks: list[list[str]] = [[]]
    for line in text.splitlines():
        if _HEADER.match(line):
            above = blocks[-1]
            comments = len(above)
            while comments and above[comments - 1].lstrip().startswith("#"):
                comments -= 1
            blocks.append(above[comments:])
            del above[comments:]
        blocks[-1].append(line)
    return ["\n".join(block) for block in blocks]


def _verdicts(report: Report) -> dict[tuple[str, str], Verdict]:
    return {
        (row.guarantee, poller): verdict
        for row in rows(report)
        for poller, verdict in zip(names(report), row.verdicts, strict=True)
        if verdict is not None
    }


def _broken_musts(report: Report) -> list[tuple[str, str]]:
    strengths = {row.guarantee: row.strength for row in rows(report)}
    return [
        (guarantee, poller)
        for (guarantee, poller), verdict in _verdicts(report).items()
        if verdict is Verdict.BROKEN and strengths[guarantee] is Strength.MUST
    ]


def _reason(report: Report, guarantee: str, poller: str) -> str:
    for finding in report.findings:
        if (finding.guarantee, finding.poller) == (guarantee, poller):
            return f"not looked at yet: got {finding.got}, but should be {finding.should_be}"
    return "not looked at yet"
