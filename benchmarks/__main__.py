"""Measure, print one table, exit 1 if a target was missed (`python -m benchmarks --help`)."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import pyperf  # type: ignore[import-untyped]  # it has no types

from benchmarks import fake, growth, memory, reference, runs, startup, suite, table
from benchmarks.rows import Line, Row

EXIT_MET, EXIT_MISSED, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130
SCENARIOS = 5_000


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"benchmarks: {message}\n")


def groups(scenarios: int = SCENARIOS) -> dict[str, tuple[Row, ...]]:
    """All rows, by group."""
    return {
        "reference": reference.ROWS,
        "fake": fake.ROWS,
        "suite": suite.ROWS,
        "startup": startup.ROWS,
        "runs": runs.ROWS,
        "growth": growth.ROWS,
        "memory": memory.rows(scenarios),
    }


def chosen(known: Mapping[str, Sequence[Row]], names: Iterable[str]) -> list[Row]:
    """Look up rows and groups by name, each row once, in the order of the table; without names all but the optional.

    Raises:
        ValueError: there is no such row or group.
    """
    rows = [row for group in known.values() for row in group]
    wanted = list(names)
    if not wanted:
        return [row for row in rows if not row.is_optional]
    for name in wanted:
        if name not in known and name not in {row.name for row in rows}:
            raise ValueError(f"there is no row or group {name!r}; --list lists them")
    return [row for group, members in known.items() for row in members if group in wanted or row.name in wanted]


def show_list(known: Mapping[str, Sequence[Row]]) -> str:
    """Name each row, in its group."""
    shown = []
    for group, rows in known.items():
        shown.append(f"{group}:")
        for row in rows:
            beside = f" : {row.against}" if row.against else ""
            shown.append(f"  {row.name:<18} {row.subject}{beside}{' (only if named)' if row.is_optional else ''}")
    return "\n".join(shown)


def measured(rows: Sequence[Row]) -> Iterator[Line]:
    """Measure one row after another, and tell on stderr where we are."""
    for number, row in enumerate(rows, 1):
        print(f"{number}/{len(rows)} {row.name} ...", end=" ", file=sys.stderr, flush=True)
        began = time.monotonic()
        yield from row.measure()
        print(f"{time.monotonic() - began:.1f} s", file=sys.stderr)


def store(path: Path, lines: Iterable[Line]) -> None:
    """Write what pyperf kept of all lines."""
    pyperf.BenchmarkSuite([benchmark for line in lines for benchmark in line.kept]).dump(str(path), replace=True)


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m benchmarks", description="Ratios, each of two things that take turns in one process."
    )
    parser.add_argument("--list", action="store_true", help="list the rows and stop")
    parser.add_argument("--only", metavar="NAME,...", help="measure these rows, or groups of rows")
    parser.add_argument("--json", metavar="FILE", type=Path, help="store all values, for `python -m pyperf show FILE`")
    parser.add_argument("--write", metavar="PAGE", type=Path, help="put the table between the marks of this page")
    parser.add_argument(
        "--scenarios", metavar="N", type=int, default=SCENARIOS, help=f"for judge-scenarios [{SCENARIOS:,}]"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say; give the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.scenarios < memory.PARTS:
        parser.error(f"--scenarios {options.scenarios} is too few, {memory.PARTS} is the least")
    known = groups(options.scenarios)
    if options.list:
        print(show_list(known))
        return EXIT_MET
    rows = _checked(parser, options, known)
    try:
        lines = list(measured(rows))
    except KeyboardInterrupt:
        print("\nbenchmarks: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except subprocess.CalledProcessError as error:
        print(file=sys.stderr)
        parser.error(f"{' '.join(error.cmd)} failed with exit code {error.returncode}")
    print(table.text(lines))
    try:
        if options.json:
            store(options.json, lines)
        if options.write:
            table.write(options.write, lines)
    except OSError as error:
        parser.error(str(error))
    return EXIT_MISSED if any(line.is_missed for line in lines) else EXIT_MET


def _checked(parser: _Parser, options: argparse.Namespace, known: Mapping[str, Sequence[Row]]) -> list[Row]:
    """Find mistakes before anything is measured; give the rows."""
    if options.only is not None and options.write:
        parser.error("--write writes the whole table: leave --only out")
    if options.json and not options.json.absolute().parent.is_dir():
        parser.error(f"there is no folder for {options.json}")
    if options.write:
        try:
            table.replaced(options.write.read_text(encoding="utf-8"), [])
        except (OSError, ValueError) as error:
            parser.error(f"{options.write}: {error}")
    try:
        return chosen(known, [] if options.only is None else options.only.split(","))
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    sys.exit(main())
