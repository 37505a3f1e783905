"""docs/faults.md says what the table says, and its figures are those of the toys.

`python -m tests.fakepoll.test_faults_page` writes the tables anew; the figures come from `python -m tests.fakepoll.toys`, and, of
what fell, from the commands that the page names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from fakepoll import Schedule
from fakepoll.faults import FAULTS, GROUPS, LEGAL, MENUS, NO_ROOM
from tests.fakepoll.toys import HEAD, SEEDS, TOYS, converse, search

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"


def _rows(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ("---",) * len(head), *rows))


def tables() -> dict[str, str]:
    """Make the page's tables from the code's."""
    places = [", ".join(kind.groups) for kind in FAULTS]
    faults = [
        (
            f"`{kind.name}{f'({kind.argument})' if kind.argument else ''}`", kind.legality, place,
            ", ".join(kind.files) or "-", kind.level, kind.edge, kind.oneshot, kind.own, "yes" if kind.loses else "",
        )
        for kind, place in zip(FAULTS, places, strict=True)
    ]  # fmt: skip
    head = ("kind", "legality", "falls at", "hits", "level", "edge", "one-shot", "self-pipe", "loses")
    sources = [(f"`{kind.name}`", kind.meaning, kind.source.replace("|", "\\|")) for kind in FAULTS]
    return {"faults": _rows(head, faults), "sources": _rows(("kind", "what happens", "source"), sources)}


def printed(name: str) -> str:
    """Find a table on the page."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", PAGE.read_text(), re.DOTALL)
    assert found is not None, f"docs/faults.md has no table {name}"
    return found[1].strip()


@pytest.mark.parametrize("name", ["faults", "sources"])
def test_page_says_what_the_table_says(name: str) -> None:
    """A kind that is added or changed is so on the page."""
    assert printed(name) == tables()[name], "run python -m tests.fakepoll.test_faults_page"


def test_every_call_and_group_is_a_site() -> None:
    """The groups are the calls of the sites, each once."""
    calls = [call for group in GROUPS.values() for call in group]
    assert sorted(calls) == sorted(MENUS)


def test_figures_are_good_enough() -> None:
    """The page's figures: each toy found from every seed, and shrunk to its minimum from seven of eight at least."""
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in printed("toys").splitlines()]
    assert rows[0] == HEAD
    assert [row[0] for row in rows[2:]] == [*TOYS]
    for toy, found, _, least, shrunk, again in rows[2:]:
        assert (found, int(least), again) == (f"{SEEDS} of {SEEDS}", TOYS[toy][1], f"{SEEDS} of {SEEDS}")
        assert int(shrunk.split()[0]) >= 7


def test_each_kind_fell_in_its_own_profile() -> None:
    """The page's figures: no kind is left out, and none fell where it does not belong."""
    head, _, *rows = (
        tuple(cell.strip() for cell in line.strip("|").split("|")) for line in printed("fell").splitlines()
    )
    assert head == ("kind", "legal", "adversarial", "judged")
    assert [row[0] for row in rows] == [f"`{kind.name}`" for kind in FAULTS]
    for kind, (_, legal, adversarial, judged) in zip(FAULTS, rows, strict=True):
        assert (legal != "-") is (kind.legality == LEGAL)
        assert (judged != "-") is (kind.legality == LEGAL and kind.family != NO_ROOM)
        for figure in (legal, adversarial, judged):
            assert figure == "-" or int(figure) > 0


@pytest.mark.slow
@pytest.mark.parametrize("toy", TOYS)
def test_toy_bug_is_found_and_shrunk_to_its_minimum(toy: str) -> None:
    """One seed of each, measured: found, and no fault more than it needs."""
    result = search(toy, 0)
    assert result.examples is not None
    assert len(result.smallest) == TOYS[toy][1], result.smallest
    assert TOYS[toy][0](converse(Schedule.parse(str(result.smallest)))[0])


def main() -> None:
    """Write the tables into the page."""
    text = PAGE.read_text()
    for name, table in tables().items():
        before, begin, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        text = before + begin + table + "\n" + end + after
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
