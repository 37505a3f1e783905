"""The selfcheck: who is killed, by what and when; who survives is named, and is exit 1."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance import selfcheck as module
from conformance.cli import cli
from conformance.mutants import MUTANTS
from conformance.report.mutants import as_json, as_page, as_text
from conformance.selfcheck import Selfcheck, selfcheck

BY_NAME = {mutant.name: mutant for mutant in MUTANTS}
SEEN = BY_NAME["invents_tokens"]
UNSEEN = replace(SEEN, name="double_register_replaces", does="Tells no lie.")
"""An honest variant that poses as a mutant."""
REAL = BY_NAME["sulks_after_refusal"]
CASES = 20


@cache
def run() -> Selfcheck:
    """One that is seen, and one that has nothing to be seen."""
    return selfcheck(seed=1, jobs=1, cases=CASES, mutants=(SEEN, UNSEEN))


def test_a_mutant_is_killed_by_what_its_row_names() -> None:
    """The guarantee, and after how many drawn cases; the library is not asked any more."""
    trial = run().trials[0]

    assert trial.is_killed
    assert trial.kills[0].by in SEEN.accepted
    assert 1 <= trial.kills[0].cases <= CASES
    assert trial.kills[0].by in trial.broken
    assert trial.library is None


def test_a_survivor_has_seen_all_cases_and_the_library() -> None:
    """An honest poller cannot be killed."""
    trial = run().trials[1]

    assert run().survivors == (trial,)
    assert (trial.kills[0].by, trial.kills[0].cases) == (None, CASES)
    assert trial.by_library is None


def test_equal_seeds_find_equally() -> None:
    """On the fake world, whatever the number of processes."""
    again = selfcheck(seed=1, jobs=2, cases=CASES, mutants=(SEEN,))

    assert again.trials == run().trials[:1]


def test_what_only_linux_can_show_is_run_there() -> None:
    """The row says why, and the library finds it on the real world."""
    check = selfcheck(seed=1, jobs=1, cases=1, mutants=(REAL,))

    assert check.trials[0].world == "real"
    assert check.trials[0].is_killed
    assert "real world: the fake kernel has no regular files" in as_text(check)


def test_the_text_names_the_survivor() -> None:
    """What it does wrong stands beside its name."""
    text = as_text(run())

    assert "SURVIVED: double_register_replaces: Tells no lie." in text
    assert "2 mutants: 1 killed, 1 survived" in text


def test_the_json_has_a_format() -> None:
    """As every file that we write."""
    data = json.loads(as_json(run()))

    assert data["format"] == 1
    assert [row["killed"] for row in data["mutants"]] == [True, False]


def test_the_page_says_how_it_was_made() -> None:
    """The command, the date, the number of seeds; a row per guarantee and per mutant."""
    page = as_page(run(), command="pollcheck selfcheck --seed 1", date="2026-01-01")

    assert "Generated on 2026-01-01 by `pollcheck selfcheck --seed 1`" in page
    assert "of 1 seeds" in page
    assert "| TOK-01 | invents_tokens" in page
    assert "| double_register_replaces | Tells no lie. |" in page


@pytest.mark.parametrize(("trials", "code"), [(1, 0), (2, 1)])
def test_the_command_exits_by_survivors(
    trials: int, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0 when all are killed, 1 otherwise; the files are written either way."""
    found = replace(run(), trials=run().trials[:trials])
    monkeypatch.setattr(module, "selfcheck", lambda **_: found)
    files = ["--json", str(tmp_path / "found.json"), "--matrix", str(tmp_path / "matrix.md")]

    result = CliRunner().invoke(cli, ["selfcheck", "--seed", "1", *files], standalone_mode=False)

    assert result.return_value == code
    assert "seed 1" in result.output
    assert {file.name for file in tmp_path.iterdir()} == {"found.json", "matrix.md"}
