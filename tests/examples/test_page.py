"""`docs/seeds.md` names programs and tests that exist, and all of them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "seeds.md").read_text()
ROWS = [row.split(" | ") for row in re.findall(r"^\| (\d: .*) \|$", PAGE, re.MULTILINE)]


def test_every_row_names_a_file_and_its_test() -> None:
    """And a line of output."""
    assert len(ROWS) > 25
    for row in ROWS:
        _, files, tests, says = row
        for path in re.findall(r"`([^`]+)`", files + tests):
            assert (ROOT / path).is_file(), row
        assert says.startswith("`"), row


def test_every_program_has_its_row() -> None:
    """Nobody forgets a new one."""
    named = set(re.findall(r"`([\w/]+\.py)`", " ".join(row[1] for row in ROWS)))
    servers = {path for path in (ROOT / "impl" / "servers").glob("*.py") if "__main__" in path.read_text()}
    programs = servers | set((ROOT / "examples").glob("*.py"))
    assert {str(path.relative_to(ROOT)) for path in programs} <= named


def test_what_the_page_mentions_exists() -> None:
    """Files in the text, too; and nothing is left to fill in."""
    for path in re.findall(r"`((?:impl|examples|tests|benchmarks)/[\w/.]+\.py)`", PAGE):
        assert (ROOT / path).is_file(), path
    assert not re.search(r"@\w+@", PAGE)
