"""What may fail is written down with a reason, and the file cannot rot."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.expectations import Expectations, judge, read, updated
from conformance.loading import UsageError
from conformance.verdict import PollerReport, Report, Strength, Verdict
from tests.conformance.samples import part, report, result

FILE = """\
# what we know of

# libuv does it
[[expect]]
id = "EDG-01"
poller = "mine"
reason = "https://example.org/1"

[[expect]]  # and this
id = "EDG-02"
poller = "theirs"
reason = "they do not care"
"""


def parsed(tmp_path: Path, text: str = FILE) -> Expectations:
    """Read `text` as an expectations file."""
    path = tmp_path / "expect.toml"
    path.write_text(text)
    return read(path, ids={"EDG-01", "EDG-02"}, is_poller={"mine", "theirs"}.__contains__)


def with_edge(verdict: Verdict, *parts: PollerReport) -> Report:
    """Make a report in which `mine` has this verdict for EDG-01."""
    return report(part(result("EDG-01", verdict), result("EDG-02")), *parts)


def test_entries_are_read_with_their_lines(tmp_path: Path) -> None:
    """An entry knows where it stands, so that an error can point at it."""
    expectations = parsed(tmp_path)
    assert [(one.guarantee, one.poller, one.line) for one in expectations.entries] == [
        ("EDG-01", "mine", 4),
        ("EDG-02", "theirs", 9),
    ]
    assert expectations.find("EDG-02", "mine") is None


ENTRY = '[[expect]]\nid = "EDG-01"\npoller = "mine"\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[expect", "expect.toml: "),
        ("[expect]", "nothing but [[expect]] entries, each a table"),
        ("[other]", "nothing but [[expect]] entries, not 'other'"),
        (ENTRY, "the entry in line 1 should have a reason"),
        (ENTRY + 'reason = " "', "the entry in line 1 should have a reason"),
        (ENTRY + "reason = 5", "the entry in line 1 should have a reason"),
        (ENTRY + 'reason = "r"\nurl = "u"', "and no 'url'"),
        (ENTRY.replace("01", "77") + 'reason = "r"', "expect.toml:1: no guarantee 'EDG-77' is checked; delete this"),
        (ENTRY.replace("mine", "her") + 'reason = "r"', "expect.toml:1: there is no poller 'her'; delete this entry"),
        (2 * (ENTRY + 'reason = "r"\n'), "expect.toml:5: EDG-01 of mine is expected twice; delete this entry"),
        ('expect = [{id = "EDG-77", poller = "mine", reason = "r"}]', "expect.toml:1: no guarantee 'EDG-77'"),
    ],
)
def test_invalid_file_is_a_mistake_of_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    """What is wrong is named with the line to mend."""
    with pytest.raises(UsageError) as caught:
        parsed(tmp_path, text)
    assert complaint in str(caught.value)


def test_missing_file_is_a_mistake(tmp_path: Path) -> None:
    """A file that cannot be read ends the run before it begins."""
    with pytest.raises(UsageError, match=r"cannot read .*: No such file"):
        read(tmp_path / "none.toml", ids=(), is_poller=bool)


@pytest.mark.parametrize(
    ("verdict", "exit_code", "expected"),
    [
        (Verdict.BROKEN, 0, True),
        (Verdict.UNKNOWN, 0, True),
        (Verdict.KEPT, 1, False),
        (Verdict.NOT_APPLICABLE, 1, False),
    ],
)
def test_expected_failure_must_fail(tmp_path: Path, verdict: Verdict, exit_code: int, expected: bool) -> None:
    """0 if what fails is exactly what the file says; 1 if something in it does not fail, with the line to delete."""
    judgement = judge(with_edge(verdict), parsed(tmp_path))
    assert judgement.exit_code == exit_code
    assert judgement.expected == ((("EDG-01", "mine"),) if expected else ())
    stale = f"{tmp_path}/expect.toml:4: EDG-01 of mine should be broken, but is {verdict}; delete this entry"
    assert judgement.stale == (() if expected else (stale,))


def test_entry_for_another_run_is_left_alone(tmp_path: Path) -> None:
    """A poller or a guarantee that this run did not ask about is not judged by it."""
    assert judge(report(part(result("EDG-02"))), parsed(tmp_path)).exit_code == 0


@pytest.mark.parametrize(
    ("told", "exit_code"),
    [
        (report(part(result(verdict=Verdict.BROKEN))), 1),
        (report(part(result(verdict=Verdict.BROKEN, strength=Strength.SHOULD))), 0),
        (report(part(result(verdict=Verdict.UNKNOWN))), 3),
        (report(part(result(), false_claims=("claims WAKE",))), 1),
        (report(part(result(verdict=Verdict.BROKEN)), interrupted=True), 130),
        (report(part(result(verdict=Verdict.UNKNOWN)), part(result(verdict=Verdict.BROKEN), world="fake")), 1),
    ],
)
def test_without_expectations_the_exit_code_is_the_reports(told: Report, exit_code: int) -> None:
    """With nothing expected, expectations change nothing."""
    assert judge(told, Expectations()).exit_code == exit_code == told.exit_code


def test_any_world_may_fail_as_expected(tmp_path: Path) -> None:
    """An entry speaks of the merged verdict: broken on one world is enough."""
    told = report(part(result()), part(result(verdict=Verdict.BROKEN), world="fake"))
    assert judge(told, parsed(tmp_path)).exit_code == 0


def test_interrupted_run_calls_nothing_stale(tmp_path: Path) -> None:
    """What was cut off might still have failed."""
    judgement = judge(report(part(result()), interrupted=True), parsed(tmp_path))
    assert (judgement.exit_code, judgement.stale) == (130, ())


def test_update_keeps_what_the_user_wrote() -> None:
    """Comments, reasons and order stay; what no longer fails goes with the comment directly above it."""
    assert updated(FILE, with_edge(Verdict.BROKEN)) == FILE
    first = FILE[FILE.index("# libuv") : FILE.index("[[expect]]  #")]
    assert updated(FILE, with_edge(Verdict.KEPT)) == FILE.replace(first, "")


def test_update_keeps_the_comment_of_the_next_entry() -> None:
    """The comment above an entry belongs to it, not to the entry before."""
    text = FILE.replace("[[expect]]  #", "# they said so\n[[expect]]  #")
    assert "# they said so\n[[expect]]" in updated(text, with_edge(Verdict.KEPT))


def test_update_adds_broken_musts_with_a_reason(tmp_path: Path) -> None:
    """What is new can be read back at once, and says that nobody has looked at it."""
    broken = with_edge(Verdict.BROKEN, part(result("EDG-02", Verdict.BROKEN, poller="theirs"), poller="theirs"))
    expectations = parsed(tmp_path, updated("", broken))
    assert [(one.guarantee, one.poller) for one in expectations.entries] == [("EDG-01", "mine"), ("EDG-02", "theirs")]
    assert expectations.entries[0].reason == "not looked at yet: got no event, but should be token 1 READABLE"
    assert judge(broken, expectations).exit_code == 0


def test_update_adds_nothing_but_broken_musts() -> None:
    """A SHOULD turns nothing red, and unknown may be settled by the next run."""
    told = report(part(result(verdict=Verdict.BROKEN, strength=Strength.SHOULD), result("EDG-02", Verdict.UNKNOWN)))
    assert updated("# mine\n", told) == "# mine\n"


def test_update_refuses_what_it_cannot_cut() -> None:
    """A file that spells its entries as one array is read, but not rewritten."""
    with pytest.raises(UsageError, match=r"spells each entry as \[\[expect\]\]"):
        updated('expect = [{id = "EDG-01", poller = "mine", reason = "r"}]', with_edge(Verdict.KEPT))
    with pytest.raises(UsageError, match="expectations: "):
        updated("[[expect", with_edge(Verdict.KEPT))
