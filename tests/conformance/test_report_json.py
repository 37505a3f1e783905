"""The JSON report: equal runs, equal bytes."""

from __future__ import annotations

import json

import pytest

from conformance.guarantees import catalogue
from conformance.protocol import Capability
from conformance.report.json import as_json, catalogue_as_json, part_from_tree, part_to_tree
from conformance.verdict import PollerReport, Strength, Verdict
from tests.conformance.samples import part, report, result

TOLD = report(
    part(result(), result("LVL-01", Verdict.BROKEN, Strength.SHOULD)),
    part(result(verdict=Verdict.UNKNOWN), world="fake"),
    part(result(verdict=Verdict.NOT_APPLICABLE, poller="other"), poller="other"),
)


def test_report_is_merged_and_per_world() -> None:
    """Format 1; per poller the merged verdicts and the counts, and below them all that each world said."""
    tree = json.loads(as_json(TOLD))
    mine, other = tree.pop("pollers")
    assert tree == {
        "exit_code": 3,
        "format": 1,
        "interrupted": False,
        "profile": "quick",
        "seed": 42,
        "worlds": ["real", "fake"],
    }
    assert mine["verdicts"] == {"EDG-01": "unknown", "LVL-01": "broken"}
    assert mine["summary"] == {
        "must": 1,
        "must_kept": 0,
        "not_applicable": 0,
        "should": 1,
        "should_kept": 0,
        "unknown": 1,
    }
    assert mine["worlds"]["real"]["results"][0]["verdict"] == "kept"
    assert mine["worlds"]["real"]["results"][1]["finding"]["step"] == 3
    assert mine["worlds"]["fake"]["results"][0]["reason"] == "seen 1 of 5"
    assert other["summary"]["not_applicable"] == 1


def test_keys_are_sorted() -> None:
    """Two runs can be compared with diff."""
    text = as_json(TOLD)
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n"


def test_exit_code_may_be_that_of_the_expectations() -> None:
    """What the process exits with is in the file, too."""
    assert json.loads(as_json(TOLD, exit_code=0))["exit_code"] == 0


@pytest.mark.parametrize("said", TOLD.pollers)
def test_part_survives_the_way_to_another_process(said: PollerReport) -> None:
    """A pytest worker tells its controller all there is to tell."""
    assert part_from_tree(json.loads(json.dumps(part_to_tree(said)))) == said


def test_catalogue_tells_every_row() -> None:
    """`pollcheck list --json` has the rows of the catalogue in their order, capabilities by name."""
    tree = json.loads(catalogue_as_json(catalogue()))
    assert tree["format"] == 1
    assert [row["id"] for row in tree["guarantees"]] == [row.id for row in catalogue()]
    assert {name for row in tree["guarantees"] for name in row["needs"]} <= set(Capability.__members__)
