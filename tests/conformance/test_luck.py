"""Faults of a scenario: drawn from a seed, written out, shrunk to the one that matters, and run again from every form."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from conformance import attribution, campaign, replay
from conformance.actions import Action, BadScenario
from conformance.child import Child
from conformance.history import Did, History
from conformance.judging import Weighed, applicable, weigh
from conformance.loading import resolve
from conformance.luck import Luck, luck_of, spell_out
from conformance.report import text
from conformance.scenario import Scenario, parse, show
from conformance.shard import DrawJob, Tally, draw_shard
from conformance.verdict import Finding
from conformance.worlds.fake import judged_kinds
from tests.conformance.samples import found

TOY = "tests.conformance.pollers:LosesWhatIsLate"
PROGRAM = "unix 1 2; register 1 7 r edge; send 2 3; poll 10ms; settle; poll 0; drain 1; poll 10ms; poll 0; settle"
LATE = "fault send@label2#1[1] = late(50)"
SPARE = "fault epoll_wait@epoll#1[1] = half_close(label2#1)"
WRITTEN = "fault recv@label1#1[1] = arrive(1)"


def ran(*scenarios: str, poller: str = TOY, world: str = "fake") -> list[tuple[History, Weighed]]:
    """Run scenarios, and weigh what was seen."""
    with Child(resolve(poller).spec, world) as child:
        histories = [child.run(parse(scenario)) for scenario in scenarios]
    return [(history, weigh(history, applicable(history.capabilities))) for history in histories]


@cache
def seeded() -> tuple[str, Scenario]:
    """The first seed under which the toy breaks something and more than one fault falls; and what it breaks."""
    for history, weighed in ran(*(f"faults {seed}; {PROGRAM}" for seed in range(100))):
        if weighed.broken and len(history.fell) > 1:
            return next(iter(weighed.broken)), history.scenario
    raise AssertionError("no seed breaks it")


def attributed(guarantee: str, scenario: str) -> Finding:
    """What a run makes of a scenario."""
    finding = campaign.rerun(resolve(TOY), "fake", guarantee, scenario)
    assert finding is not None
    return finding


def test_toy_needs_a_fault() -> None:
    """Without one it keeps what the same program breaks with one."""
    assert not ran(PROGRAM)[0][1].broken


@pytest.mark.parametrize("faults", ["", f"{LATE}\n{SPARE}\n", f"{SPARE}\n{WRITTEN}\n"], ids=["seed", "late", "arrive"])
def test_faults_shrink_to_the_one_that_matters(faults: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One written fault is left; in the report, the replay file and the script, which passes on the control."""
    guarantee, scenario = seeded()
    if faults:
        scenario = parse(f"{faults}{PROGRAM}")
        guarantee = next(iter(ran(show(scenario))[0][1].broken))
    finding = attributed(guarantee, show(scenario))
    fault, *steps = finding.scenario.splitlines()
    assert fault in (faults or f"{LATE} {WRITTEN}")
    assert not any(step.startswith("fault") for step in steps)
    assert f"    {fault}\n" in text.finding(finding, str)
    assert finding.script, finding.unscripted

    monkeypatch.chdir(tmp_path)
    assert replay.read(replay.save(finding)).scenario == finding.scenario
    path = replay.script_path_of(finding)
    assert (_ends(path), _ends(path, "--control")) == (1, 0)
    assert path.read_text().count(fault.removeprefix("fault ")) == 2, "in the header and in the schedule"


def _ends(path: Path, *options: str) -> int:
    here = str(Path(__file__).parents[2])
    environment = {"PYTHONPATH": here}
    return subprocess.run([sys.executable, str(path), *options], env=environment, timeout=30, check=False).returncode


def test_seed_stays_where_the_written_faults_do_not_break_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the report says so."""
    monkeypatch.setattr(attribution, "spell_out", lambda scenario, _fell: spell_out(scenario, ()))
    guarantee, scenario = seeded()
    finding = attributed(guarantee, show(scenario))
    assert finding.scenario.startswith("faults ")
    assert "# a seed of faults, for as written lines they did not break it again" in text.finding(finding, str)


def test_written_faults_fall_as_the_seed_had_them() -> None:
    """The same faults, the same history, from the lines that the history tells."""
    _, scenario = seeded()
    ((drawn, _),) = ran(show(scenario))
    ((written, _),) = ran(show(spell_out(scenario, drawn.fell)))
    assert written.fell == drawn.fell
    shift = len(drawn.fell) - 1
    assert [entry.step - shift for entry in written.entries[shift + 1 :]] == [entry.step for entry in drawn.entries[1:]]


def test_what_fell_is_known_of_a_poller_that_hangs() -> None:
    """It is told when it falls, not at the end."""
    ((history, _),) = ran(
        f"{WRITTEN}; unix 1 2; send 2 3; recv 1 3; poll 7ms", poller="tests.conformance.pollers:SpinsOnce"
    )
    assert history.is_fatal
    assert history.fell == (WRITTEN.removeprefix("fault "),)


def test_fault_survives_text_and_json() -> None:
    """It is spelled in one way, and the # of a name begins no comment."""
    action = Action.parse("fault   recv@label1#1[1]=arrive(1)")
    assert str(action) == WRITTEN
    scenario = parse(f"# a comment\n{WRITTEN}  # another; poll 0\npoll 0 # and one more")
    assert show(scenario) == f"{WRITTEN}\npoll 0"
    ((history, _),) = ran(f"{WRITTEN}; unix 1 2; send 2 3; recv 1 3")
    assert History.from_json(history.to_json()) == history
    assert history.fell == (WRITTEN.removeprefix("fault "),)


@pytest.mark.parametrize("line", ["fault", "fault recv", "fault recv@x[1] = stolen", "fault recv@x#1[0] = stolen"])
def test_line_that_is_no_fault_is_named(line: str) -> None:
    """As any other line that is no action."""
    with pytest.raises(BadScenario, match="fault"):
        parse(line)


@pytest.mark.parametrize(
    ("line", "world", "reason"),
    [
        ("fault recv@label1#1[1] = flood", "fake", "no kind 'flood'"),
        ("fault recv@label1#1[1] = short_read(1)", "fake", "pollers are judged under arrive, stolen, "),
        (WRITTEN, "real", "faults are the fake kernel's"),
    ],
)
def test_fault_that_cannot_fall_is_skipped(line: str, world: str, reason: str) -> None:
    """And the history says why."""
    ((history, _),) = ran(f"{line}; unix 1 2", world=world, poller="epoll")
    first = history.entries[0]
    assert isinstance(first, Did)
    assert reason in first.skipped
    assert not history.fell


def test_file_is_called_after_its_first_label() -> None:
    """Whatever else is opened before it, and under whatever other number it is used."""
    fault = "fault recv@label5#1[2] = arrive(1)"
    for other in ("", "unix 1 2; tcp 3 4; "):
        ((history, _),) = ran(f"{fault}; {other}unix 5 6; dup 5 7; send 6 3; recv 7 1; recv 7 2; drain 5")
        assert history.fell == (fault.removeprefix("fault "),)


@pytest.mark.slow
def test_every_judged_kind_falls_in_a_run() -> None:
    """In half of the scenarios that are drawn for an honest poller, which is accused of nothing; two that wait to be reordered are rare."""
    tally = Tally()
    job = DrawJob(spec=resolve("reference").spec, world="fake", seed=2, count=1_000)
    draw_shard(job, tally, lambda _: None)
    assert set(tally.fell) == set(judged_kinds())
    assert not tally.failed


def test_luck_of_a_scenario() -> None:
    """Written faults, or else the first seed, or none."""
    assert luck_of(parse("poll 0")) is None
    assert luck_of(parse("faults 3; poll 0; faults 4")) == Luck(seed=3)
    assert luck_of(parse(f"faults 3; {WRITTEN}")) == Luck(faults=(WRITTEN.removeprefix("fault "),))


def test_stranger_may_keep_the_report_of_a_hand_written_fault() -> None:
    """Nothing is said of a seed where none is."""
    assert "seed" not in text.finding(found(world="fake"), str)
