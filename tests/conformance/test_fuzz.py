"""Campaigns without an end: they go on where they were cut, find nothing twice, and the suite is a test for fuzzers that have bytes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from conformance import cli, hunt, replay
from conformance.crew import Crew
from conformance.drawing import stepwise
from conformance.fuzzing import Broken, property_of
from conformance.hunt import Hunt, Limits, State, read_state, state_path, write_state
from conformance.loading import UsageError, resolve
from conformance.mutants import MUTANTS
from conformance.scenario import Scenario, parse
from conformance.slots import Slots
from conformance.verdict import EXIT_BROKEN, EXIT_INTERRUPTED, EXIT_KEPT, EXIT_UNKNOWN, Finding
from tests.conformance.histories import EVERYTHING

BY_NAME = {mutant.name: mutant for mutant in MUTANTS}
MUTANT = BY_NAME["ignores_deregister"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and rounds that are soon over."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hunt, "SHARDS", 2)
    monkeypatch.setattr(hunt, "EACH", 20)
    return tmp_path


@pytest.fixture
def crew() -> Iterator[Crew]:
    """One hand."""
    with Crew(1) as crew:
        yield crew


def ignore(_: object) -> None:
    """Nobody listens."""


def campaign(crew: Crew, name: str, cases: int, *, seed: int | None = None) -> tuple[int, Hunt]:
    """A campaign on the fake world."""
    one = Hunt(resolve(name), "fake", crew, seed=seed)
    return hunt.hunt([one], Limits(cases=cases), on_finding=ignore, on_progress=ignore), one


# ── a campaign ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_honest_poller_is_kept(crew: Crew) -> None:
    """Exit 0, and the state says how far it came."""
    code, one = campaign(crew, "reference", 60, seed=1)
    assert (code, one.now, one.state.scenarios, one.state.round) == (EXIT_KEPT, 60, 60, 2)
    assert read_state(one.path) == one.state


@pytest.mark.slow
def test_findings_are_saved_with_their_scripts_and_found_once(crew: Crew) -> None:
    """A second campaign goes on, knows what is known, and exits as the first."""
    code, first = campaign(crew, MUTANT.spec, 40, seed=1)
    assert code == EXIT_BROKEN
    assert first.findings
    for finding in first.findings:
        assert replay.path_of(finding).exists()
        assert replay.script_path_of(finding).exists(), finding.unscripted
    code, second = campaign(crew, MUTANT.spec, 40)
    assert (code, second.state.seed, second.state.scenarios) == (EXIT_BROKEN, 1, 80)
    known = [tuple(key) for key in second.state.known]
    assert len(known) == len(set(known)) == len(first.findings) + len(second.findings)


def test_seed_begins_anew(crew: Crew) -> None:
    """What was known is found again."""
    state = State(seed=3, round=7, scenarios=99, known=[["REG-09", "poll 0"]])
    write_state(state_path(MUTANT.spec, "fake"), state)
    assert Hunt(resolve(MUTANT.spec), "fake", crew).state == state
    assert Hunt(resolve(MUTANT.spec), "fake", crew, seed=3).state == State(seed=3)


def test_rounds_depend_on_seed_and_number_alone(crew: Crew) -> None:
    """So a round that was cut is the same when it is done again."""
    one, other = (Hunt(resolve("reference"), "fake", crew, seed=seed) for seed in (1, 2))

    def seeds(of: Hunt) -> list[Any]:
        return [getattr(make(), "seed") for make in of._draw_jobs(Limits(), None)]  # noqa: B009 - a job of either kind

    first = seeds(one)
    assert first == seeds(one) != seeds(other)
    one.state.round = 1
    assert first != seeds(one)


def test_scenarios_that_differ_in_numbers_only_are_one() -> None:
    """Labels and tokens are names, also where a fault names a file; the waker's label is not."""
    fault = "fault epoll_wait@epoll#1[3] = hangup("
    shapes = {
        hunt._shape(parse(text))
        for text in (
            f"{fault}label1#1); unix 1 2; register 2 7 r level; await none wake 0; dispatch 0 deregister 2 and send 1 1",
            f"{fault}label3#1); unix 3 5; register 5 4294967296 r level; await none wake 0; dispatch 0 deregister 5 and send 3 1",
        )
    }
    assert len(shapes) == 1
    assert hunt._shape(parse("unix 1 2; send 1 1")) != hunt._shape(parse("unix 1 2; send 2 1"))


@pytest.mark.parametrize(
    ("known", "misses", "is_settled"),
    [(0, 0, False), (2, 2, False), (3, 0, True), (1, 3, True)],
)
def test_guarantee_that_yields_nothing_new_is_left_alone(known: int, misses: int, is_settled: bool) -> None:
    """Three findings, or three that were known in a row."""
    state = State(seed=0, known=[["LVL-01", str(number)] for number in range(known)], misses={"LVL-01": misses})
    assert state.is_settled("LVL-01") is is_settled


def test_doubt_is_unknown_and_a_false_claim_is_broken(crew: Crew) -> None:
    """The exit codes of a run."""
    one = Hunt(resolve("reference"), "fake", crew, seed=0)
    one.doubts["LVL-01"] = "seen broken once"
    assert one.exit_code == EXIT_UNKNOWN
    one.false_claims = ("claims WAKE, but cannot",)
    assert one.exit_code == EXIT_BROKEN


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 2}', '{"format": 1, "seed": "1"}'])
def test_unreadable_state_is_a_mistake_of_one_line(text: str) -> None:
    """And the way out is named."""
    path = state_path("mine", "real")
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(UsageError, match="--seed begins anew"):
        read_state(path)


def test_state_that_cannot_be_written_is_a_mistake() -> None:
    """Where findings cannot be stored, the user is told."""
    Path(replay.FOLDER).write_text("in the way")
    with pytest.raises(UsageError, match="cannot write"):
        write_state(state_path("mine", "real"), State(seed=0))


def test_interrupt_ends_the_campaign_with_what_is_known(crew: Crew) -> None:
    """Ctrl-C: 130, the state of the last round stays."""
    one = Hunt(resolve(MUTANT.spec), "fake", crew, seed=1)

    def interrupt(_: Finding) -> None:
        raise KeyboardInterrupt

    assert hunt.hunt([one], Limits(), on_finding=interrupt, on_progress=ignore) == EXIT_INTERRUPTED
    state = read_state(one.path)
    assert state is not None
    assert len(state.known) == 1


def test_time_ends_a_campaign(crew: Crew) -> None:
    """--minutes: the round in progress is cut."""
    one = Hunt(resolve("reference"), "fake", crew, seed=1)
    assert hunt.hunt([one], Limits(seconds=0.0), on_finding=ignore, on_progress=ignore) == EXIT_KEPT


# ── the command ─────────────────────────────────────────────────────────────────────────────────────────────────────


def command(*arguments: str) -> list[str]:
    """The command line of a campaign in a process of its own."""
    return [sys.executable, "-m", "conformance", "fuzz", *arguments]


def test_command_prints_findings_and_a_summary(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each finding as it comes; how far it came at the end."""
    options = ["fuzz", MUTANT.spec, "--world", "fake", "--cases", "40", "--seed", "1"]
    monkeypatch.setattr(sys, "argv", ["pollcheck", *options])
    with pytest.raises(SystemExit) as left:
        cli.main()
    out = capsys.readouterr().out
    assert left.value.code == EXIT_BROKEN
    assert "\npython pollcheck-findings/" in out
    assert "on the fake world: 40 scenarios of seed 1; findings: " in out


def test_two_limits_are_a_mistake(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, exit 2."""
    monkeypatch.setattr(sys, "argv", ["pollcheck", "fuzz", "epoll", "--cases", "1", "--minutes", "1"])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    assert capsys.readouterr().err == "pollcheck: give --minutes or --cases, not both\n"


@pytest.mark.slow
@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGINT])
def test_killed_campaign_goes_on(way: signal.Signals) -> None:
    """kill -9 after the first finding: the next campaign knows it, and no finding is told twice."""
    process = subprocess.Popen(
        command(MUTANT.spec, "--world", "fake", "--seed", "1", "--minutes", "2"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        assert process.stdout is not None
        told = process.stdout.readline()
        os.kill(process.pid, way)
        rest = process.stdout.read().decode()
        code = process.wait(60)
    assert b" broken by " in told
    assert code == (-9 if way is signal.SIGKILL else EXIT_INTERRUPTED)
    assert ("findings: " in rest) is (way is signal.SIGINT)
    state = json.loads(state_path(MUTANT.spec, "fake").read_text())
    again = subprocess.run(
        command(MUTANT.spec, "--world", "fake", "--cases", "100"),
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert again.returncode == EXIT_BROKEN, again.stderr
    after = json.loads(state_path(MUTANT.spec, "fake").read_text())
    assert after["known"][: len(state["known"])] == state["known"]
    assert len({tuple(key) for key in after["known"]}) == len(after["known"])
    assert again.stdout.count(" broken by ") == len(after["known"]) - len(state["known"])


# ── fuzzers that have bytes ─────────────────────────────────────────────────────────────────────────────────────────


@given(scenario=stepwise(EVERYTHING))
def test_scenarios_drawn_step_by_step_waste_none(scenario: Scenario) -> None:
    """They are drawn against the slots, as those from a seed are."""
    slots = Slots(EVERYTHING)
    for action in scenario:
        assert not slots.why_not(action), action
        slots.apply(action, succeeded=action.verb != "accept" or bool(slots.files[action.label].queue))


def fuzz_one_input(test: Callable[[], None]) -> Callable[[bytes], bytes | None]:
    """Hypothesis's door for external fuzzers."""
    door: Callable[[bytes], bytes | None] = getattr(test, "hypothesis").fuzz_one_input  # noqa: B009 - untyped
    return door


def inputs(count: int) -> Iterator[bytes]:
    """What a fuzzer without guidance would try."""
    bits = random.Random(1)
    return (bits.randbytes(2_000) for _ in range(count))


def test_bytes_find_a_mutant() -> None:
    """An external fuzzer drives the suite; what it finds is named, with its scenario."""
    fuzz = fuzz_one_input(property_of(BY_NAME["tells_readable_once"].spec, world="fake"))
    with pytest.raises(Broken, match=r"^[A-Z]{3}-\d\d: got .*, but should be .*\n") as broken:
        list(map(fuzz, inputs(300)))
    assert parse(str(broken.value).partition("\n")[2])


def test_bytes_do_not_break_the_reference() -> None:
    """An honest poller passes, whatever the bytes."""
    fuzz = fuzz_one_input(property_of("reference", world="fake"))
    for data in inputs(30):
        fuzz(data)


def test_property_is_a_hypothesis_test_that_shrinks() -> None:
    """Called like any other, it ends in a small scenario."""
    test = property_of(BY_NAME["tells_readable_once"].spec, world="fake", only=("LVL-01",))
    with pytest.raises(Broken) as broken:
        test()
    assert len(parse(str(broken.value).partition("\n")[2])) <= 20
