"""The command line: results on stdout, mistakes in one line on stderr, the verdict as exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance import campaign, cli, replay
from conformance.actions import BadScenario
from conformance.campaign import Plan
from conformance.guarantees import Guarantee, catalogue
from conformance.loading import Target, UsageError
from conformance.mutants import MUTANTS
from conformance.verdict import Finding, Report, Verdict
from tests.conformance.samples import MUST, OTHER_MUST, SHOULD, campaign_of, found

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def pollcheck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs the command line in an empty working directory; answers exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])

    def say(*arguments: str, judged: Callable[..., Report] | None = None) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["pollcheck", *arguments])
        monkeypatch.setattr(campaign, "run", judged or campaign_of())
        with pytest.raises(SystemExit) as left:
            cli.main()
        assert isinstance(left.value.code, int)
        return left.value.code, *capsys.readouterr()

    return say


@pytest.mark.parametrize(
    ("verdicts", "exit_code"),
    [
        ({}, 0),
        ({MUST: Verdict.BROKEN}, 1),
        ({MUST: Verdict.UNKNOWN}, 3),
        ({MUST: Verdict.UNKNOWN, OTHER_MUST: Verdict.BROKEN}, 1),
        ({SHOULD: Verdict.BROKEN}, 0),
        ({SHOULD: Verdict.UNKNOWN}, 0),
    ],
)
def test_run_exits_with_the_verdict(pollcheck: Say, verdicts: dict[str, Verdict], exit_code: int) -> None:
    """0 kept, 1 a MUST broken, 3 a MUST unknown; a SHOULD changes nothing."""
    code, out, err = pollcheck("run", "epoll", judged=campaign_of(verdicts))
    assert (code, err) == (exit_code, "")
    assert "epoll: MUST kept" in out


def test_run_exits_with_1_for_a_false_claim(pollcheck: Say) -> None:
    """A poller that claims what it does not have is told so."""
    code, out, _ = pollcheck("run", "epoll", judged=campaign_of(false_claims=("claims WAKE, but cannot",)))
    assert code == 1
    assert "false claim: claims WAKE, but cannot" in out


def test_interrupted_run_is_reported_in_part(pollcheck: Say) -> None:
    """Ctrl-C: what is known so far, and exit 130."""
    code, out, _ = pollcheck("run", "epoll", judged=campaign_of(interrupted=True))
    assert code == 130
    assert "interrupted, this is a part of the report" in out


def test_interrupt_outside_of_a_run_is_no_traceback(pollcheck: Say) -> None:
    """Ctrl-C at any other moment is exit 130, too."""

    def interrupt(*_: object, **__: object) -> Report:
        raise KeyboardInterrupt

    code, _, err = pollcheck("run", "epoll", judged=interrupt)
    assert (code, err.strip()) == (130, "pollcheck: interrupted, nothing was judged yet")


def test_options_become_a_plan(pollcheck: Say) -> None:
    """What the user asks for is what the campaign is told, each poller once."""
    plans: list[Plan] = []
    options = ["--world", "both", "--profile", "ci", "--seed", "7", "--jobs", "2", "-x", "--only"]
    pollcheck("run", "epoll", "poll", "epoll", *options, f"{MUST},{OTHER_MUST}", judged=campaign_of(plans=plans))
    (plan,) = plans
    assert [target.name for target in plan.targets] == ["epoll", "poll"]
    assert (plan.worlds, plan.profile, plan.seed, plan.jobs) == (("real", "fake"), "ci", 7, 2)
    assert (plan.only, plan.stop_at_first) == ((MUST, OTHER_MUST), True)


def test_profiles_are_those_of_the_campaign() -> None:
    """`--help` knows the profiles without importing the campaign."""
    assert set(cli.PROFILES) == set(campaign.PROFILES)


def test_seed_is_printed_and_random(pollcheck: Say) -> None:
    """Every run can be repeated: its seed is the last line."""
    seeds = {pollcheck("run", "epoll")[1].splitlines()[-1] for _ in range(2)}
    assert len(seeds) == 2
    assert all("repeat with --seed " in line for line in seeds)


def test_findings_are_printed_and_saved(pollcheck: Say) -> None:
    """A finding is told in five blocks, the last of which is the command that replays the file it was saved to."""
    _, out, _ = pollcheck("run", "epoll", judged=campaign_of({MUST: Verdict.BROKEN}))
    path = f"pollcheck-findings/epoll-{MUST}.json"
    assert f"\n\npollcheck replay {path}\n" in out
    assert replay.read(Path(path)).poller == "epoll"


def test_json_report_has_the_exit_code(pollcheck: Say) -> None:
    """The file says what the process says."""
    code, _, _ = pollcheck("run", "epoll", "--json", "report.json", judged=campaign_of({MUST: Verdict.BROKEN}))
    assert json.loads(Path("report.json").read_text())["exit_code"] == code == 1


def test_expected_failure_is_no_failure(pollcheck: Say) -> None:
    """`--write-expect` writes what `--expect` then accepts; an entry that no longer fails is exit 1 and named."""
    broken = campaign_of({MUST: Verdict.BROKEN})
    assert pollcheck("run", "epoll", "--write-expect", "expect.toml", judged=broken)[0] == 0
    code, out, _ = pollcheck("run", "epoll", "--expect", "expect.toml", judged=broken)
    assert code == 0
    assert "smallest scenario" not in out
    code, out, _ = pollcheck("run", "epoll", "--expect", "expect.toml")
    assert code == 1
    assert f"expect.toml:1: {MUST} of epoll should be broken, but is kept; delete this entry" in out


def test_rewriting_expectations_keeps_the_users_words(pollcheck: Say) -> None:
    """A reason that was written by hand outlives `--write-expect`, be the source the same file or another."""
    mine = f'[[expect]]\nid = "{MUST}"\npoller = "epoll"\nreason = "see #7"  # mine\n'
    Path("mine.toml").write_text(mine)
    broken = campaign_of({MUST: Verdict.BROKEN, OTHER_MUST: Verdict.BROKEN})
    for options in (["--write-expect", "mine.toml"], ["--expect", "mine.toml", "--write-expect", "new.toml"]):
        assert pollcheck("run", "epoll", *options, judged=broken)[0] == 0
        written = Path(options[-1]).read_text()
        assert written.startswith(mine)
        assert written.count("[[expect]]") == 2


def test_expectations_may_be_shared_by_runs(pollcheck: Say) -> None:
    """An entry for a poller that is not in this run is left alone, if there is such a poller."""
    Path("mine.py").write_text("def make(): ...")
    Path("expect.toml").write_text(ENTRY.format(MUST, "mine:make", "r") + ENTRY.format(MUST, "poll", "r"))
    assert pollcheck("run", "epoll", "--expect", "expect.toml")[0] == 0


def test_interrupted_run_rewrites_nothing(pollcheck: Say) -> None:
    """What was cut off is no reason to forget an expectation."""
    pollcheck("run", "epoll", "--write-expect", "expect.toml", judged=campaign_of(interrupted=True))
    assert not Path("expect.toml").exists()


ENTRY = '[[expect]]\nid = "{}"\npoller = "{}"\nreason = "{}"\n'


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("", "a command is missing"),
        ("judge", "No such command 'judge'"),
        ("run", "Missing argument 'NAME...'"),
        ("run epoll --bogus", "No such option '--bogus'"),
        ("run epoll --profile slow", "'slow' is not one of"),
        ("run epoll --jobs 0", "--jobs"),
        ("run epol", "no poller is called 'epol' (did you mean"),
        ("run nowhere:make", "no module is called 'nowhere'"),
        ("run lacking:make", "'lacking' needs 'loop_of_tomorrow': pip install loop_of_tomorrow"),
        ("run broken:make", "importing 'broken' raised ZeroDivisionError"),
        ("run epoll --only EDG-77", "there is no guarantee 'EDG-77'"),
        ("run uvloop --world fake", "uvloop says native = True"),
        ("run epoll --json nowhere/report.json", "cannot write nowhere/report.json"),
        ("run epoll --json .", "cannot write ."),
        ("run epoll --json /dev/full", "cannot write /dev/full: No space left on device"),
        ("run epoll --expect none.toml", "cannot read none.toml"),
        ("run epoll --expect garbled.toml", "garbled.toml: "),
        ("run epoll --expect unknown.toml", "unknown.toml:1: no guarantee 'EDG-77' is checked; delete this entry"),
        ("run epoll --expect stranger.toml", "stranger.toml:1: there is no poller 'her'; delete this entry"),
        ("run epoll --expect silent.toml", "the entry in line 1 should have a reason"),
        ("run epoll --write-expect garbled.toml", "garbled.toml: "),
        ("explain EDG-77", "there is no guarantee 'EDG-77'"),
        ("replay none.json", "cannot read none.json"),
        ("selfcheck reversed_order", "there is no 'reversed_order'"),
        ("selfcheck --honest --seeds 2", "--honest goes with --seed, --cases and --jobs only"),
        ("selfcheck --honest --world real", "--honest goes with --seed, --cases and --jobs only"),
        ("selfcheck eats_a_datagram --world real", "none of these mutants is tried on the real world"),
        ("replay garbled.toml", "garbled.toml is not JSON"),
        ("replay renamed.json", "there is no guarantee 'EDG-77'"),
    ],
)
def test_mistake_is_one_line_and_exit_2(
    pollcheck: Say, monkeypatch: pytest.MonkeyPatch, arguments: str, complaint: str
) -> None:
    """A user's mistake: one line that says what is wrong and how to mend it, and never a traceback."""
    monkeypatch.setattr(replay, "FOLDER", ".")
    replay.save(found("EDG-77", poller="epoll")).rename("renamed.json")
    Path("lacking.py").write_text("import loop_of_tomorrow")
    Path("broken.py").write_text("1 / 0")
    Path("garbled.toml").write_text("[[expect")
    Path("unknown.toml").write_text(ENTRY.format("EDG-77", "epoll", "r"))
    Path("stranger.toml").write_text(ENTRY.format(MUST, "her", "r"))
    Path("silent.toml").write_text(ENTRY.format(MUST, "epoll", ""))
    code, out, err = pollcheck(*arguments.split())
    assert code == 2
    assert not out or "/dev/full" in complaint, "only what cannot be known before the run may be told after it"
    assert err.startswith("pollcheck: ")
    assert complaint in err
    assert err.count("\n") == 1


def test_poller_that_cannot_be_made_is_a_mistake(pollcheck: Say) -> None:
    """What the campaign finds out of a factory is told in the same way."""

    def refuse(*_: object, **__: object) -> Report:
        raise UsageError("mine: the factory raised ValueError: no")

    assert pollcheck("run", "epoll", judged=refuse) == (2, "", "pollcheck: mine: the factory raised ValueError: no\n")


def test_unchecked_guarantee_cannot_be_asked_for(pollcheck: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said why."""
    row = Guarantee(id="THR-99", strength=catalogue()[0].strength, says="s", why="w", source="s", unchecked="too slow")
    monkeypatch.setattr("conformance.guarantees.catalogue", lambda: (row,))
    assert pollcheck("run", "epoll", "--only", "THR-99") == (2, "", "pollcheck: THR-99 is not checked: too slow\n")


def test_list_has_a_line_for_each_guarantee(pollcheck: Say) -> None:
    """Each begins with its ID; --unchecked keeps those without a check, --json is for machines."""
    lines = pollcheck("list")[1].splitlines()
    assert [line[:6] for line in lines] == [row.id for row in catalogue()]
    unchecked = pollcheck("list", "--unchecked")[1].splitlines()
    assert [line[:6] for line in unchecked] == [row.id for row in catalogue() if row.check is None]
    assert len(json.loads(pollcheck("list", "--json")[1])["guarantees"]) == len(lines)


def test_explain_tells_all_of_one(pollcheck: Say) -> None:
    """Sentence, reason, source, a scenario that puts it to the test, and the mutant that breaks it."""
    row = catalogue()[0]
    code, out, _ = pollcheck("explain", row.id)
    assert code == 0
    assert all(fact in out for fact in (row.id, row.says, row.why, row.source))
    assert "\nexample\n    " in out
    lie = next(mutant for mutant in MUTANTS if mutant.breaks == row.id)
    assert f"\nbroken by\n    {lie.name}: {lie.does}" in out


def test_selfcheck_runs_those_that_are_named(pollcheck: Say) -> None:
    """One mutant, or one honest variant; an honest one is nobody's mutant."""
    code, out, _ = pollcheck("selfcheck", "invents_tokens", "--seed", "1", "--cases", "5", "--jobs", "1")
    assert (code, "1 mutants: 1 killed, 0 survived" in out) == (0, True)
    code, out, _ = pollcheck("selfcheck", "sulks_after_refusal", "invents_tokens", "--world", "real", "--seed", "1")
    assert (code, "1 mutants: 1 killed, 0 survived" in out) == (0, True)
    code, out, _ = pollcheck("selfcheck", "--honest", "reversed_order", "--seed", "1", "--cases", "5", "--jobs", "1")
    assert (code, "1 honest variants: 1 clean, 0 accused" in out) == (0, True)


def test_pollers_lists_what_can_be_judged(pollcheck: Say) -> None:
    """Every entry point is listed, the native ones as such."""
    lines = {line.split()[0]: line for line in pollcheck("pollers")[1].splitlines()}
    assert lines["epoll"].endswith(" impl.adapters.raw_epoll:make")
    assert {"reference", "poll", "select", "selectors-epoll", "selectors-poll", "selectors-select"} < set(lines)


@pytest.mark.parametrize(
    ("name", "exit_code", "last"),
    [
        ("poll", 0, "ok      claims REGULAR_FILES"),
        ("tests.conformance.pollers:Boasts", 1, "        to mend it: make it work, or do not claim WAKE"),
        ("tests.conformance.pollers:Stubborn", 2, "        to mend it: the factory takes nothing"),
        ("epol", 2, "        to mend it: a poller is named module:attribute"),
    ],
)
def test_doctor_gives_one_diagnosis(pollcheck: Say, name: str, exit_code: int, last: str) -> None:
    """Gate by gate, and how to mend what is broken; the exit code says whose turn it is."""
    code, out, err = pollcheck("doctor", name)
    assert (code, err) == (exit_code, "")
    assert any(line.startswith(last) for line in out.splitlines())
    assert out.count("broken  ") == bool(exit_code)


def test_pollers_says_what_is_missing(pollcheck: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that is not installed is listed with the pip line to install it."""
    monkeypatch.setitem(sys.modules, "trio", None)
    monkeypatch.delitem(sys.modules, "impl.adapters.trio_loop", raising=False)
    lines = {line.split()[0]: line for line in pollcheck("pollers")[1].splitlines()}
    assert lines["trio"].endswith("unavailable: 'impl.adapters.trio_loop' needs 'trio': pip install 'pollcheck[loops]'")


@pytest.mark.parametrize(("still", "exit_code"), [(found(MUST, poller="epoll"), 1), (None, 0)])
def test_replay_tells_whether_it_still_fails(
    pollcheck: Say, monkeypatch: pytest.MonkeyPatch, still: Finding | None, exit_code: int
) -> None:
    """Exit 1 with the five blocks while the stored scenario still fails, else 0."""
    asked: list[tuple[str, ...]] = []

    def rerun(target: Target, *rest: str) -> Finding | None:
        asked.append((target.name, *rest))
        return still

    monkeypatch.setattr(campaign, "rerun", rerun)
    stored = found(MUST, poller="epoll")
    code, out, _ = pollcheck("replay", str(replay.save(stored)))
    assert asked == [("epoll", "real", MUST, stored.scenario)]
    assert code == exit_code
    assert ("smallest scenario" in out) == (still is not None)


def test_replay_of_a_garbled_scenario_is_a_mistake(pollcheck: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scenario that was edited into nonsense is named, line by line."""

    def refuse(*_: object) -> None:
        raise BadScenario("'frobnicate 1' is no action")

    monkeypatch.setattr(campaign, "rerun", refuse)
    code, _, err = pollcheck("replay", str(replay.save(found(MUST, poller="epoll"))))
    assert code == 2
    assert err.endswith(f"epoll-{MUST}.json: 'frobnicate 1' is no action\n")


def test_version_and_help_are_no_verdict(pollcheck: Say) -> None:
    """--version and --help exit with 0."""
    assert pollcheck("--version")[:2] == (0, "pollcheck 0.1.0\n")
    code, out, _ = pollcheck("run", "--help")
    assert code == 0
    assert "--write-expect" in out


def test_help_imports_nothing_heavy() -> None:
    """What a command does not need is not imported for it."""
    heavy = "{'hypothesis', 'rich', 'tomlkit', 'pytest', 'conformance.campaign'}"
    script = f"import sys, conformance.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_module_is_the_command() -> None:
    """`python -m conformance` is `pollcheck`."""
    done = subprocess.run([sys.executable, "-m", "conformance", "run"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("pollcheck: Missing argument")
