"""The examples under legal faults: a right result, or the kernel's error; nothing left open, no endless wait."""

from __future__ import annotations

import pytest

import fakepoll
from tests.examples.plays import EXAMPLES, faults_for, perform
from tests.programs import main

SEEDS = range(40)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_survives_legal_faults(name: str) -> None:
    """And comes to its result now and then."""
    results = [perform(name, fakepoll.Kernel(faults=faults_for(name, seed), trace=False)) for seed in SEEDS]
    assert any(results)


def test_the_campaign_counts_what_it_ran(capsys: pytest.CaptureFixture[str]) -> None:
    """A short one; the long one is for an evening."""
    assert main(["--runs", "40", "--seed", "3"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("40 runs of 20 programs in ")
    assert first.endswith(": 0 failed")
    assert " faults: " in second
