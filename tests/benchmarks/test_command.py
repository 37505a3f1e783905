"""`python -m benchmarks`: which rows, which exit code, and one line for a mistake."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pyperf  # type: ignore[import-untyped]  # it has no types
import pytest

from benchmarks import __main__ as command
from benchmarks.rows import Line, Row, kept
from benchmarks.turns import Taken


def row(name: str, figure: float = 1.0, *, is_optional: bool = False) -> Row:
    """A row that is measured at once."""

    def measure() -> Sequence[Line]:
        column = kept(name, Taken(loops=1, values=(1.0,)))
        return [Line(name=name, subject="s", against="a", figure=figure, target=2.0, kept=(column,))]

    return Row(name=name, subject="s", against="a", measure=measure, is_optional=is_optional)


KNOWN = {"near": (row("one"), row("two")), "far": (row("three"), row("four", 2.5, is_optional=True))}


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that cost nothing."""
    monkeypatch.setattr(command, "groups", lambda _scenarios: KNOWN)


@pytest.mark.parametrize(
    ("names", "rows"),
    [
        ((), ["one", "two", "three"]),
        (("two",), ["two"]),
        (("four", "one"), ["one", "four"]),
        (("far",), ["three", "four"]),
        (("near", "one"), ["one", "two"]),
    ],
    ids=str,
)
def test_rows_and_groups_are_chosen_by_name(names: Sequence[str], rows: Sequence[str]) -> None:
    """What is optional is measured only where it, or its group, is named; each row once."""
    assert [chosen.name for chosen in command.chosen(KNOWN, names)] == rows


@pytest.mark.usefixtures("known")
def test_a_missed_target_is_exit_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    assert command.main(["--only", "four"]) == 1
    out, err = capsys.readouterr()
    assert "MISSED" in out
    assert "1/1 four" in err


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (lambda _: ["--only", "five"], "there is no row or group 'five'"),
        (lambda _: ["--only", ""], "there is no row or group ''"),
        (lambda _: ["--scenarios", "x"], "invalid int value: 'x'"),
        (lambda _: ["--scenarios", "0"], "too few"),
        (lambda _: ["--nonsense"], "unrecognized arguments"),
        (lambda folder: ["--json", f"{folder}/none/x.json"], "there is no folder"),
        (lambda folder: ["--write", f"{folder}/none.md"], "No such file"),
        (lambda folder: ["--write", f"{folder}/page.md"], "it has no <!-- benchmarks: begin -->"),
        (lambda folder: ["--write", f"{folder}/page.md", "--only", "one"], "leave --only out"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_is_one_line_and_exit_2(
    arguments: Callable[[Path], list[str]], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "page.md").write_text("# A page without marks\n")
    with pytest.raises(SystemExit) as ended:
        command.main(arguments(tmp_path))
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert why in err
    assert err.count("\n") == 1


@pytest.mark.usefixtures("known")
def test_the_table_goes_to_the_page_and_the_values_to_json(tmp_path: Path) -> None:
    page, figures = tmp_path / "page.md", tmp_path / "figures.json"
    page.write_text("before\n<!-- benchmarks: begin -->\nold\n<!-- benchmarks: end -->\nafter\n")
    assert command.main(["--write", str(page)]) == 0
    assert "| three | s | a | 1.00 x | <= 2.00 x | met |" in page.read_text()
    assert command.main(["--json", str(figures), "--only", "one"]) == 0
    assert pyperf.BenchmarkSuite.load(str(figures)).get_benchmark_names() == ["one"]


def test_a_program_that_fails_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def measure() -> Sequence[Line]:
        raise subprocess.CalledProcessError(7, ["pollcheck", "--help"])

    failing = Row(name="one", subject="s", against="a", measure=measure)
    monkeypatch.setattr(command, "groups", lambda _scenarios: {"near": (failing,)})
    with pytest.raises(SystemExit) as ended:
        command.main([])
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == "benchmarks: pollcheck --help failed with exit code 7"


def test_the_list_has_groups_and_marks_what_is_optional() -> None:
    shown = command.show_list(KNOWN).splitlines()
    assert shown[0] == "near:"
    assert shown[-1].endswith("(only if named)")


def test_names_are_unique() -> None:
    """Rows and groups share the names that `--only` takes."""
    known = command.groups()
    names = [*known, *(row.name for rows in known.values() for row in rows)]
    assert len(set(names)) == len(names)
