"""The lines as a table: for a terminal, and between two marks of a page."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.rows import Line

__all__ = ["BEGIN", "END", "markdown", "replaced", "text"]

BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
_HEADS = ("name", "subject", "against", "figure", "target", "")


def text(lines: Sequence[Line]) -> str:
    """Set the table for a terminal, with what depends on the machine at the end of each line."""
    cells = [_HEADS, *map(_cells, lines)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_HEADS))]
    notes = ["subject : against", *(line.note for line in lines)]
    set_rows = (
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=True)), note]).rstrip()
        for row, note in zip(cells, notes, strict=True)
    )
    return "\n".join([f"{_machine()}, {platform.machine()}, Linux {platform.release()}", *set_rows])


def markdown(lines: Sequence[Line]) -> str:
    """Set the table for a page: nothing in it but what any machine should show."""
    rows = [_HEADS, ("---",) * len(_HEADS), *map(_cells, lines)]
    return "\n".join([f"{_machine()}.", "", *(f"| {' | '.join(row)} |" for row in rows)])


def replaced(page: str, lines: Sequence[Line]) -> str:
    """Put the table where the page has its marks.

    Raises:
        ValueError: the page lacks a mark, or has them in the wrong order.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"it has no {BEGIN} … {END}")
    return f"{before}{begin}\n{markdown(lines)}\n{end}{after}"


def write(path: Path, lines: Iterable[Line]) -> None:
    """Replace what stands between the marks of the page at `path`."""
    path.write_text(replaced(path.read_text(encoding="utf-8"), list(lines)), encoding="utf-8")


def _machine() -> str:
    return f"{platform.python_implementation()} {platform.python_version()}"


def _cells(line: Line) -> tuple[str, ...]:
    return line.name, line.subject, line.against, line.shape.show(line.figure), line.shown_target, line.verdict
