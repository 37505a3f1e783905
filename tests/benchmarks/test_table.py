"""The table, and the page that holds it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.__main__ import groups
from benchmarks.rows import Line
from benchmarks.table import BEGIN, END, replaced, text

PAGE = (Path(__file__).parents[2] / "docs" / "performance.md").read_text(encoding="utf-8")
LINES = [
    Line(name="walk", subject="to walk", against="to run", figure=1.5, target=1.0, note="3 us : 2 us"),
    Line(name="sit", subject="to sit", against="", figure=0.25),
]


def test_a_terminal_gets_columns_and_what_depends_on_the_machine() -> None:
    _, head, walk, sit = text(LINES).splitlines()
    assert head.index("figure") == walk.index("1.50 x") == sit.index("0.25 x")
    assert walk.endswith("MISSED  3 us : 2 us")


def test_a_page_gets_the_table_between_its_marks_and_no_times() -> None:
    page = replaced(f"# Title\n{BEGIN}\nold\n{END}\nThe end.\n", LINES)
    assert page.startswith(f"# Title\n{BEGIN}\n")
    assert page.endswith(f"{END}\nThe end.\n")
    assert "| walk | to walk | to run | 1.50 x | <= 1.00 x | MISSED |" in page
    assert "old" not in page
    assert "3 us" not in page


def test_writing_twice_is_writing_once() -> None:
    once = replaced(f"{BEGIN}{END}", LINES)
    assert replaced(once, LINES) == once


@pytest.mark.parametrize("page", ["", BEGIN, f"{END}{BEGIN}"], ids=["none", "one", "wrong way round"])
def test_a_page_without_marks_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="benchmarks: begin"):
        replaced(page, LINES)


def test_the_page_has_each_row_that_every_run_measures() -> None:
    _, _, rest = PAGE.partition(BEGIN)
    block, end, _ = rest.partition(END)
    assert end
    written = set(re.findall(r"^\| ([\w-]+) \|", block, re.MULTILINE)) - {"name", "---"}
    assert written == {row.name for rows in groups().values() for row in rows if not row.is_optional}


def test_the_page_names_the_rows_that_only_some_runs_measure() -> None:
    assert [row.name for rows in groups().values() for row in rows if row.is_optional and row.name not in PAGE] == []
