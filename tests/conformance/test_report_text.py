"""The report for people, without colour and on 80 columns."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from conformance.campaign import Progress
from conformance.guarantees import catalogue
from conformance.report import Tally, markdown, rows, tally, text
from conformance.report.progress import shown
from conformance.verdict import Report, Strength, Verdict
from tests.conformance.samples import found, part, report, result

TOLD = report(
    part(result("LVL-01"), result("EDG-01", Verdict.BROKEN), result("EDG-02", Verdict.BROKEN, Strength.SHOULD)),
    part(result("LVL-01", Verdict.UNKNOWN), world="fake"),
    part(result("LVL-01"), result("EDG-01", Verdict.NOT_APPLICABLE), poller="other"),
)


def says(guarantee: str) -> str:
    """Answer a sentence that does not fit on a line."""
    return f"the promise of {guarantee} " + "is kept " * 10


def test_matrix_shows_every_verdict_by_its_sign() -> None:
    """One sign for each poller and guarantee, worlds merged, names on a stair, sentences cut to the width."""
    assert text.matrix(TOLD, says) == (
        """\
+ kept   X broken   x broken SHOULD   e expected failure   ? unknown   - not applicable

              mine
              | other
LVL  level
LVL-01 MUST   ? +  the promise of LVL-01 is kept is kept is kept is kept is k...
EDG  edge and draining
EDG-01 MUST   X -  the promise of EDG-01 is kept is kept is kept is kept is k...
EDG-02 SHOULD x    the promise of EDG-02 is kept is kept is kept is kept is k..."""
    )


def test_matrix_marks_what_was_expected() -> None:
    """A failure that the file foretold does not cry."""
    assert "\nEDG-01 MUST   e -  " in text.matrix(TOLD, says, expected=[("EDG-01", "mine")])


def test_matrix_is_painted_sign_by_sign() -> None:
    """Colour is put around a sign and shifts no column."""
    painted = text.matrix(TOLD, says, paint=lambda symbol, verdict: f"<{symbol}>")
    assert "EDG-01 MUST   <X> <->  the" in painted


def test_every_verdict_has_a_sign() -> None:
    """The table of signs is total, and every sign is in the legend."""
    assert set(text.SYMBOLS) == set(Verdict)
    assert all(f"{symbol} {verdict}" in text.LEGEND for verdict, symbol in text.SYMBOLS.items())


def test_finding_is_told_in_five_blocks() -> None:
    """Guarantee and sentence; got and should be; smallest scenario; last lines of the history; how to replay it."""
    assert text.finding(found(), lambda _: "edges are told") == (
        """\
EDG-01 MUST broken by mine on the real world: edges are told

got no event, but should be token 1 READABLE [step 3]
in 5 of 5 re-runs, the control in 0 of 5

smallest scenario:
    pipe 1 2
    register 1 1 r level
    poll 0

last lines of its history:
    1 pipe 1 2
    2 register 1 1 r level
    3 poll 0 -> []

pollcheck replay pollcheck-findings/mine-EDG-01.json"""
    )


def test_long_history_is_cut_to_its_end() -> None:
    """What led to the failure is what came last."""
    told = text.finding(replace(found(), trace=tuple(f"line {number}" for number in range(100))), says)
    assert "    line 80\n" in told
    assert "    line 79\n" not in told


def test_summary_counts_and_never_divides() -> None:
    """A line per poller, no percentage; below it what must not be overlooked, world by world."""
    boastful = report(part(result(), false_claims=("claims WAKE, but has no method waker()",)))
    assert text.summary(boastful) == (
        """\
mine: MUST kept 1/1, SHOULD 0/0, not applicable 0, unknown 0
  real: false claim: claims WAKE, but has no method waker()
  real: judged 120 of 200 scenarios, the rest was cut off
  real: emulated by the adapter: LEVEL
  real: quality, never red: needless events 4"""
    )


def test_summary_says_which_faults_fell() -> None:
    """On the world that has some."""
    told = text.summary(report(part(result(), world="real"), part(result(world="fake"), world="fake")))
    assert told.endswith("  fake: quality, never red: needless events 4\n  fake: faults that fell: late 2, wake 1")
    assert "real: faults" not in told


def test_tally_merges_worlds() -> None:
    """Broken > unknown > kept > not applicable, over all worlds of a poller."""
    mine, other = tally(TOLD)
    assert mine == Tally(poller="mine", must_kept=0, must=2, should_kept=0, should=1, not_applicable=0, unknown=1)
    assert (other.must_kept, other.must, other.not_applicable) == (1, 1, 1)
    assert [row.verdicts for row in rows(TOLD)] == [
        (Verdict.UNKNOWN, Verdict.KEPT),
        (Verdict.BROKEN, Verdict.NOT_APPLICABLE),
        (Verdict.BROKEN, None),
    ]


def test_unknown_is_told_with_its_reason() -> None:
    """The MUSTs that could not be settled are told with the reason, each reason once."""
    doubts = [result(f"LVL-0{number}", Verdict.UNKNOWN) for number in range(1, 4)]
    assert text.unknowns(report(part(*doubts, result()))) == (
        "unknown for mine on the real world: seen 1 of 5\n    LVL-01 LVL-02 LVL-03"
    )


def test_seed_line_repeats_the_run() -> None:
    """One line says how to run the same again."""
    assert text.seed_line(TOLD) == "seed 42, profile quick: repeat with --seed 42 --profile quick"


@pytest.mark.parametrize("row", catalogue(), ids=lambda row: row.id)
def test_every_guarantee_is_explained(row: object) -> None:
    """Sentence, reason and source are told of each."""
    told = text.explanation(row)  # type: ignore[arg-type]  # pytest's parameters are not typed
    assert "\nwhy " in told
    assert "\nsource " in told


def test_markdown_is_the_same_matrix() -> None:
    """A page shows the same signs and counts."""
    page = markdown.matrix(TOLD, lambda guarantee: f"{guarantee} | kept")
    assert "| guarantee | strength | mine | other | |\n|---|---|---|---|---|\n" in page
    assert "| EDG-01 | MUST | `X` | `-` | EDG-01 \\| kept |\n" in page
    assert "- other: MUST kept 1/1, SHOULD 0/0, not applicable 1, unknown 0\n" in page


def test_page_of_guarantees_has_every_row() -> None:
    """The page of the documentation is printed from the catalogue."""
    page = markdown.guarantees_page(catalogue())
    assert [line.split()[1] for line in page.splitlines() if line.startswith("### ")] == [row.id for row in catalogue()]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def shown_on(stream: io.StringIO, ticks: Iterator[float]) -> str:
    """Show three steps of progress, the clock going by `ticks`, and answer what was written."""
    clock: Callable[[], float] = lambda: next(ticks)  # noqa: E731  # a clock is a function
    with shown(stream, clock=clock) as show:
        for done in (1, 2, 3):
            show(Progress(poller="mine", world="real", phase="drawn", done=done, planned=9, suspects=done - 1))
    return stream.getvalue()


def test_progress_is_a_line_now_and_then() -> None:
    """Where there is no terminal, a line every ten seconds is enough."""
    assert shown_on(io.StringIO(), iter([0, 1, 11, 11, 12])) == (
        "pollcheck: mine on the real world, drawn, 1 suspected 2/9\n"
    )


def test_short_run_shows_no_progress() -> None:
    """What ends within two seconds flickers nowhere."""
    assert shown_on(io.StringIO(), iter([0, 1, 1, 1])) == ""
    assert shown_on(Terminal(), iter([0, 1, 1, 1])) == ""


def test_progress_is_a_bar_on_a_terminal() -> None:
    """A terminal shows how far the run has come, and keeps nothing of it."""
    assert "mine on the real world, drawn" in shown_on(Terminal(), iter([0, 3, 3, 3]))


def test_empty_report_is_printed() -> None:
    """A run that was interrupted at once has a matrix all the same."""
    assert text.matrix(Report(profile="quick", seed=1), says).startswith(text.LEGEND)
