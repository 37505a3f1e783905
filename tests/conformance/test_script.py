"""A finding as a stand-alone program: exit 1 on the bug, 0 on the control, and nothing of the suite but the vocabulary."""

from __future__ import annotations

import ast
import dataclasses
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from conformance import campaign, replay, script
from conformance.actions import ACTIONS
from conformance.attribution import control_for
from conformance.child import Child
from conformance.facts import Account, Fact
from conformance.guarantees import lookup
from conformance.judging import applicable, weigh
from conformance.loading import resolve
from conformance.mutants import MUTANTS, Mutant
from conformance.report import text
from conformance.scenario import show
from conformance.script import Cast, proven, write
from conformance.script.files import IO, LUCK, OPENERS
from conformance.script.moment import LISTS
from conformance.script.trial import Outcome, run
from conformance.verdict import Finding
from tests.conformance.histories import tell
from tests.conformance.pairs import RULES, Pair
from tests.conformance.samples import found

BY_NAME = {mutant.name: mutant for mutant in MUTANTS}

HANDFUL = {
    "debt": "does_not_sample_at_register",
    "debt in a wait": "sets_wake_nobody",
    "quiet": "ignores_deregister",
    "quiet, after an event": "keeps_oneshot",
    "quiet, a direction": "adds_to_the_interest",
    "call refused": "refuses_dead_peers",
    "call of the wrong type": "refuses_with_type_error",
    "wait, the type of events": "returns_none",
    "wait, a signal": "raises_on_signals",
    "rest": "rounds_down",
    "rest, ended by another thread": "never_waits_for_ever",
    "hint": "says_half_is_whole",
    "data": "reads_a_byte",
    "left open": "leaks_fds",
    "left closed": "closes_sources",
    "left blocking": "makes_blocking",
    "stop": "tells_level_once_more",
}
"""Kind of fact -> a mutant whose shortest scenario breaks one."""
REAL_ONLY = {
    "sulks_after_refusal": "the fake kernel has no regular files",
    "drops_the_batch": "the fake kernel has no regular files",
    "starts_anew_on_signals": "it looks at a real timer, which the fake world has no use for",
}
"""Mutants whose lie nobody sees on the fake world, and why."""
CAST = Cast(subject="mine:make", control="impl.adapters.raw_epoll:make")
_CLOCK = 30.0


@cache
def finding_of(mutant: Mutant, world: str) -> Finding:
    """A finding, and its proven script, from the mutant's shortest scenario."""
    with Child(mutant.spec, world) as child:
        rows = applicable(child.hello().capabilities)
        for _ in range(5):
            history = child.run(mutant.scenario)
            weighed = weigh(history, rows)
            if caught := [guarantee for guarantee in mutant.accepted if guarantee in weighed.broken]:
                break
        else:
            raise AssertionError(f"{mutant.name} is not caught on the {world} world")
    fact = weighed.broken[caught[0]]
    finding = replace(
        found(caught[0], poller=mutant.spec, world=world),
        got=fact.got,
        should_be=fact.should_be,
        scenario=show(mutant.scenario),
        fatal=history.is_fatal,
    )
    cast = Cast(subject=mutant.spec, control=resolve(control_for(caught[0], mutant.scenario)).spec)
    return proven(finding, history, lookup(caught[0]), cast, lambda: True)


def ends(path: Path, *options: str) -> int:
    """The exit code of a script."""
    done = subprocess.run([sys.executable, str(path), *options], capture_output=True, timeout=_CLOCK, check=False)
    return done.returncode


@pytest.mark.parametrize("world", ["real", "fake"])
@pytest.mark.parametrize("name", HANDFUL.values(), ids=list(HANDFUL))
def test_script_fails_on_the_mutant_and_passes_on_the_control(
    name: str, world: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file beside the finding, run as a user would run it."""
    monkeypatch.chdir(tmp_path)
    if world == "fake" and name in REAL_ONLY:
        pytest.skip(REAL_ONLY[name])
    finding = finding_of(BY_NAME[name], world)
    assert finding.script, finding.unscripted
    replay.save(finding)
    path = replay.script_path_of(finding)
    assert (ends(path), ends(path, "--control")) == (1, 0)


@pytest.mark.parametrize(
    "name", ["ignores_deregister", "tells_readable_once", "adds_to_the_interest", "forgets_back_pressure"]
)
def test_script_has_the_bad_luck_of_its_finding(name: str) -> None:
    """Faults that fell when it failed fall again, on the files of the scenario."""
    mutant = BY_NAME[name]
    finding = finding_of(replace(mutant, shortest=f"faults 1\n{show(mutant.scenario)}"), "fake")
    assert "faults=fakepoll.Drawn(1, kinds=kinds, density=" in finding.script, finding.unscripted
    assert "with kernel.fault_scope():" in finding.script


def test_what_a_handler_makes_is_known_after_it() -> None:
    """A user source and a waker, and not only files."""
    inside = "dispatch 0 user 3 and register 3 8 r level and waker 9"
    shortest = f"unix 1 2; register 1 7 w level; {inside}; wake 1; set 3 r; deregister 1; poll 0"
    finding = finding_of(replace(BY_NAME["ignores_deregister"], shortest=shortest), "fake")
    assert "global user3, setter3, waker" in finding.script, finding.unscripted


@pytest.mark.slow
@pytest.mark.parametrize("world", ["real", "fake"])
@pytest.mark.parametrize("mutant", MUTANTS, ids=list(BY_NAME))
def test_every_mutant_has_a_script(mutant: Mutant, world: str) -> None:
    """Proven means: it was run on the mutant, and on the control."""
    if world == "fake" and mutant.name in REAL_ONLY:
        pytest.skip(REAL_ONLY[mutant.name])
    assert finding_of(mutant, world).script, finding_of(mutant, world).unscripted


def test_attribution_finds_the_script_too() -> None:
    """What a run does with a suspect ends in a script."""
    mutant = BY_NAME["ignores_deregister"]
    finding = campaign.rerun(resolve(mutant.spec), "fake", mutant.breaks, mutant.shortest)
    assert finding is not None
    assert finding.script


@pytest.mark.parametrize(
    ("name", "guarantee", "text"),
    [
        ("Leaves", "TIM-12", "pipe 1 2; register 1 7 r level; reregister 1 7 r level"),
        ("Aborts", "REG-01", "pipe 1 2; register 1 7 r level; send 2 1; poll 0"),
    ],
)
def test_a_process_that_ends_is_seen_by_its_parent(name: str, guarantee: str, text: str) -> None:
    """Also one that ends with 0, as if all were well, and also where the guarantee is about something else."""
    finding = campaign.rerun(resolve(f"tests.conformance.pollers:{name}"), "real", guarantee, text.replace("; ", "\n"))
    assert finding is not None
    assert finding.script, finding.unscripted


@pytest.mark.parametrize("world", ["real", "fake"])
def test_script_imports_the_vocabulary_and_the_factory_only(world: str) -> None:
    """The standard library, `conformance.protocol`, the two factories; `fakepoll` on the fake world."""
    finding = finding_of(BY_NAME["does_not_sample_at_register"], world)
    imported = {
        name
        for node in ast.walk(ast.parse(finding.script))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    ours = {"conformance.protocol", "conformance.mutants.factories", "impl.adapters.raw_epoll"}
    assert {name for name in imported if name not in sys.stdlib_module_names} == ours | (
        {"fakepoll"} if world == "fake" else set()
    )


@pytest.mark.parametrize("world", ["real", "fake"])
@pytest.mark.parametrize("pair", RULES, ids=lambda pair: pair.law.replace(" ", "-"))
def test_every_rule_can_be_written_as_a_script(pair: Pair, world: str) -> None:
    """Whatever a history breaks, there is a program for it, with one assertion."""
    history = tell(*pair.guilty, capabilities=pair.capabilities)
    source = write(found(pair.breaks, world=world), history, lookup(pair.breaks), CAST)
    assert ast.get_docstring(ast.parse(source))
    assert "faulthandler.dump_traceback_later(" in source


def test_tables_are_total() -> None:
    """Every verb reads like something, and every kind of fact has its list."""
    assert {verb for verb, row in ACTIONS.items() if not row.calls and not row.polls} == {*OPENERS, *IO, *LUCK}
    assert set(LISTS) == set(Fact.__subclasses__())
    assert set(LISTS.values()) <= {field.name for field in dataclasses.fields(Account)}


def test_history_that_keeps_the_guarantee_has_no_script() -> None:
    """There is nothing to assert."""
    history = tell(*RULES[0].innocent)
    with pytest.raises(ValueError, match="is not broken by this history"):
        write(found(RULES[0].breaks), history, lookup(RULES[0].breaks), CAST)


@pytest.mark.parametrize(
    ("subject", "control", "reason"),
    [
        ("epoll", "reference", "it exits 0 on the subject"),
        ("ignores_deregister", "ignores_deregister", ""),
        ("ignores_deregister", "deregisters_reading_twice", "it exits 1 on the control: broken"),
    ],
)
def test_script_that_does_not_do_what_it_says_is_none(subject: str, control: str, reason: str) -> None:
    """It must fail on the subject and pass on the control, unless that is the subject."""
    mutant = BY_NAME["ignores_deregister"]
    with Child(mutant.spec, "real") as child:
        history = child.run(mutant.scenario)
    specs = [BY_NAME[name].spec if name in BY_NAME else resolve(name).spec for name in (subject, control)]
    cast = Cast(subject=specs[0], control=specs[1])
    finding = proven(found(mutant.breaks), history, lookup(mutant.breaks), cast, lambda: True)
    assert finding.unscripted.startswith(reason)
    assert bool(finding.script) is not bool(reason)


def test_script_that_does_not_keep_its_deadline_is_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A poller that forks without end makes one; it is killed, and not tried again."""
    late = run("import time; time.sleep(60)", seconds=-4.5)
    assert late.is_late
    calls: list[str] = []

    def never_ends(source: str, **_: float) -> Outcome:
        calls.append(source)
        return late

    monkeypatch.setattr(script, "run", never_ends)
    mutant = BY_NAME["ignores_deregister"]
    finding = campaign.rerun(resolve(mutant.spec), "fake", mutant.breaks, mutant.shortest)
    assert finding is not None
    assert not finding.script
    assert len(calls) == 1


def test_no_script_is_run_when_time_is_up() -> None:
    """Time wins, and that is said."""
    pair = RULES[0]
    finding = proven(found(pair.breaks), tell(*pair.guilty), lookup(pair.breaks), CAST, lambda: False)
    assert (finding.script, finding.unscripted) == ("", "no time was left to run it")


def test_deadline_is_the_scripts_own() -> None:
    """A script that never ends is killed, and has shown nothing."""
    outcome = run("import time\nwhile True: time.sleep(1)", seconds=-9.5)
    assert (outcome.code, outcome.has_shown) == (-9, False)


def test_report_names_the_script_or_says_why_there_is_none() -> None:
    """The line after the replay command."""
    with_script = text.finding(replace(found(), script="x"), str)
    without = text.finding(replace(found(), unscripted="it exits 0 on the subject: kept"), str)
    assert with_script.endswith(
        "pollcheck replay pollcheck-findings/mine-EDG-01.json\npython pollcheck-findings/mine-EDG-01.py"
    )
    assert without.endswith("(no script for a bug report: it exits 0 on the subject: kept)")


def test_older_script_goes_with_its_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that was made from another scenario would mislead."""
    monkeypatch.chdir(tmp_path)
    replay.save(replace(found(), script="print()"))
    assert replay.script_path_of(found()).exists()
    replay.save(found())
    assert not replay.script_path_of(found()).exists()
