"""The pages of `docs/` say what the catalogue says, and leave nothing out that mio documents."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance.guarantees import catalogue
from conformance.guarantees.coverage import WHY_NOT, account_for, citations, items
from conformance.report import pages

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", pages.PAGES)
def test_page_is_what_the_code_prints(name: str) -> None:
    """`python -m conformance.report.pages` mends it."""
    assert (DOCS / name).read_text(encoding="utf-8") == pages.PAGES[name](catalogue())


def test_pages_are_written_where_they_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One command writes them all."""
    monkeypatch.setattr("sys.argv", ["pages", str(tmp_path)])
    pages.main()
    assert {path.name for path in tmp_path.iterdir()} == set(pages.PAGES)


def test_all_291_items_are_there() -> None:
    """Their IDs are those of the document: numbered from 1, without a gap, in each family."""
    assert len(items()) == 291
    numbers: dict[str, list[int]] = {}
    for id in items():
        family, number = id.split("-")
        numbers.setdefault(family, []).append(int(number))
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())


def test_each_item_is_accounted_for_once() -> None:
    """A row names it, or a reason says why none does."""
    reasons = [id for ids in WHY_NOT.values() for id in ids.split()]
    cited = citations(catalogue())
    assert sorted([*reasons, *cited]) == sorted(items())
    assert all(account_for(id, cited) for id in items())


def test_rows_that_reasons_point_at_exist() -> None:
    """A reason may name a guarantee that does the work."""
    ids = {row.id for row in catalogue()}
    named = [name for reason in WHY_NOT for name in re.findall(r"[A-Z]{3}-[0-9]{2}", reason)]
    assert set(named) <= ids
