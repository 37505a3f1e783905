"""A finding is stored so that it can be read, edited and run again."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from conformance import replay
from conformance.loading import UsageError
from conformance.verdict import Finding
from tests.conformance.samples import found


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finding, saved in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    return replay.save(found())


def test_finding_survives_the_file(stored: Path) -> None:
    """What is saved is what is read."""
    assert replay.read(stored) == found()


def test_file_is_for_people_too(stored: Path) -> None:
    """Format 1; the scenario is a list of lines, one action each."""
    tree = json.loads(stored.read_text())
    assert tree["format"] == 1
    assert tree["scenario"] == ["pipe 1 2", "register 1 1 r level", "poll 0"]


def test_table_of_fields_is_total() -> None:
    """Every field of a finding has its row; its script has a file of its own."""
    fields = {field.name for field in dataclasses.fields(Finding)}
    assert set(replay._FIELDS) == fields - {"script", "unscripted"}


@pytest.mark.parametrize(
    ("poller", "world", "name"),
    [
        ("uvloop", "real", "uvloop-EDG-01.json"),
        ("uvloop", "fake", "uvloop-EDG-01-fake.json"),
        ("my.pkg:make", "real", "my.pkg-make-EDG-01.json"),
    ],
)
def test_file_is_named_after_poller_and_guarantee(poller: str, world: str, name: str) -> None:
    """The name needs no quoting in a shell."""
    assert replay.path_of(found(poller=poller, world=world)) == Path("pollcheck-findings", name)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is no finding of pollcheck"),
        ('{"format": 2}', 'should hold "format": 1'),
        ('{"format": 1}', "field 'guarantee' is None, but should be a str"),
    ],
)
def test_unreadable_file_is_a_mistake_of_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    """What is wrong with the file is named."""
    path = tmp_path / "finding.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=complaint):
        replay.read(path)


@pytest.mark.parametrize(
    ("field", "value"),
    [("step", True), ("step", "3"), ("scenario", "poll 0"), ("scenario", [0]), ("trace", None), ("world", "moon")],
)
def test_field_of_another_type_is_named(stored: Path, field: str, value: object) -> None:
    """A file that was edited by hand is not trusted."""
    stored.write_text(json.dumps(json.loads(stored.read_text()) | {field: value}))
    with pytest.raises(UsageError, match=f"field '{field}'"):
        replay.read(stored)


def test_missing_file_is_a_mistake(tmp_path: Path) -> None:
    """A file that is not there is said not to be there."""
    with pytest.raises(UsageError, match=r"cannot read .*: No such file"):
        replay.read(tmp_path / "none.json")


def test_folder_that_cannot_be_made_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where findings cannot be stored, the user is told."""
    monkeypatch.chdir(tmp_path)
    Path("pollcheck-findings").write_text("in the way")
    with pytest.raises(UsageError, match=r"cannot write pollcheck-findings/mine-EDG-01.json"):
        replay.save(found())
