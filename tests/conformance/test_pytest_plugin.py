"""`pytest --pyargs conformance --poller NAME`, as a stranger runs it."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

import conformance
from conformance import campaign
from conformance.campaign import Plan
from conformance.guarantees import catalogue
from conformance.loading import UsageError
from conformance.protocol import Capability
from conformance.suite.scheduling import RunScheduling
from conformance.verdict import Report, Verdict
from tests.conformance.samples import MUST, OTHER_MUST, SHOULD, campaign_of

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
PACKAGE = Path(conformance.__file__).parent
SELECT = Capability.LEVEL | Capability.WRITABLE | Capability.PRIORITY | Capability.TOKEN_CHANGE | Capability.DUP
FEW = f"{MUST} or {OTHER_MUST} or {SHOULD} or claims"
CHECKED = [row for row in catalogue() if row.check is not None]

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def judged(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the suite, a few guarantees of it unless told otherwise, with a campaign that answers as told."""
    monkeypatch.chdir(pytester.path)

    def run(*options: str, by: Callable[..., Report] | None = None, only: str = FEW) -> pytest.RunResult:
        monkeypatch.setattr(campaign, "run", by or campaign_of())
        command = ("--pyargs", "conformance", "-p", "no:cacheprovider", "-v", "-k", only)
        return pytester.runpytest_inprocess(*command, *options)

    return run


def test_each_guarantee_poller_and_world_is_an_item(judged: Run) -> None:
    """The node id has guarantee, poller and world; the items of a poller and world share one run."""
    plans: list[Plan] = []
    outcome = judged(
        "--poller", "epoll", "--poller", "poll", "--poll-seed", "7", by=campaign_of(plans=plans), only="test"
    )
    outcome.stdout.fnmatch_lines([f"*::test_guarantee?{MUST}-epoll-real? PASSED*"])
    outcome.stdout.fnmatch_lines([f"*::test_guarantee?{MUST}-poll-real? PASSED*"])
    outcome.stdout.fnmatch_lines(["*::test_claims?poll-real? PASSED*"])
    outcome.stdout.fnmatch_lines(["epoll: MUST kept *", "poll: MUST kept *", "seed 7, *--poll-seed 7 *"])
    assert outcome.ret == 0
    assert [(plan.targets[0].name, plan.worlds, plan.seed, plan.only) for plan in plans] == [
        ("epoll", ("real",), 7, ()),
        ("poll", ("real",), 7, ()),
    ]


def test_selected_guarantees_are_all_that_is_run(judged: Run) -> None:
    """With -k the campaign is told what is asked."""
    plans: list[Plan] = []
    outcome = judged("--poller", "epoll", only=MUST, by=campaign_of(plans=plans))
    outcome.assert_outcomes(passed=1, deselected=len(CHECKED))
    assert [plan.only for plan in plans] == [(MUST,)]


def test_native_poller_is_judged_on_the_real_world_only(judged: Run) -> None:
    """`--poll-world both` leaves out the world in which a poller cannot live."""
    outcome = judged("--poller", "uvloop", "--poll-world", "both", "--collect-only", "-q")
    outcome.stdout.fnmatch_lines([f"*test_guarantee?{MUST}-uvloop-real?*"])
    outcome.stdout.no_fnmatch_line("*uvloop-fake*")


def test_not_applicable_is_deselected_in_one_line(judged: Run) -> None:
    """What a poller does not claim is no item, and never a pass."""
    silent = sum(1 for row in CHECKED if row.needs & ~SELECT & ~Capability.REGULAR_FILES)
    outcome = judged("--poller", "select")
    outcome.stdout.fnmatch_lines([f"deselected as not applicable: select {silent}"])


@pytest.mark.parametrize("verdict", [Verdict.BROKEN, Verdict.UNKNOWN])
def test_must_that_is_not_kept_fails(judged: Run, verdict: Verdict) -> None:
    """Broken fails with the five blocks, unknown with the reason; neither with a traceback of ours."""
    outcome = judged("--poller", "epoll", by=campaign_of({MUST: verdict}))
    outcome.stdout.fnmatch_lines([f"*::test_guarantee?{MUST}-epoll-real? FAILED*"])
    if verdict is Verdict.BROKEN:
        outcome.stdout.fnmatch_lines(
            [
                f"{MUST} MUST broken by epoll on the real world: *",
                "got no event, but should be token 1 READABLE [[]step 3[]]",
                "smallest scenario:",
                "last lines of its history:",
                f"pollcheck replay pollcheck-findings/epoll-{MUST}.json",
            ]
        )
        assert Path("pollcheck-findings", f"epoll-{MUST}.json").exists()
    else:
        outcome.stdout.fnmatch_lines([f"{MUST} MUST unknown for epoll on the real world: seen 1 of 5*"])
    outcome.stdout.no_fnmatch_line("*.py:[0-9]*")
    assert outcome.ret == 1


def test_broken_should_passes_with_a_warning(judged: Run) -> None:
    """A SHOULD turns nothing red, not even where warnings are errors."""
    outcome = judged("--poller", "epoll", "-W", "error", by=campaign_of({SHOULD: Verdict.BROKEN}))
    outcome.stdout.fnmatch_lines([f"*PollcheckWarning: {SHOULD} SHOULD broken by epoll *", "*got no event*"])
    assert outcome.ret == 0


def test_verdict_that_only_the_run_could_tell_is_a_skip(judged: Run) -> None:
    """What turns out not to apply is no pass either."""
    outcome = judged("--poller", "epoll", only=MUST, by=campaign_of({MUST: Verdict.NOT_APPLICABLE}))
    outcome.assert_outcomes(skipped=1, deselected=len(CHECKED))


def test_false_claim_fails_an_item_of_its_own(judged: Run) -> None:
    """A claim that is not true is red, whatever the guarantees say."""
    outcome = judged("--poller", "epoll", by=campaign_of(false_claims=("claims WAKE, but cannot",)))
    outcome.stdout.fnmatch_lines(["*::test_claims?epoll-real? FAILED*", "epoll claims WAKE, but cannot"])
    assert outcome.ret == 1


def test_expected_failure_is_an_xfail(judged: Run) -> None:
    """What the file foretells is xfailed with its reason; what it foretells in vain fails, naming the line."""
    entry = '[[expect]]\nid = "{}"\npoller = "epoll"\nreason = "see #7"\n'
    Path("expect.toml").write_text(entry.format(MUST) + entry.format(OTHER_MUST))
    options = ("--poller", "epoll", "--poll-expect", "expect.toml", "-rx")
    outcome = judged(*options, by=campaign_of({MUST: Verdict.BROKEN}))
    outcome.stdout.fnmatch_lines([f"XFAIL *{MUST}-epoll-real? - see #7"])
    outcome.stdout.fnmatch_lines([f"expect.toml:5: {OTHER_MUST} of epoll should be broken, but is kept; delete *"])
    assert outcome.ret == 1
    assert judged(*options, by=campaign_of({MUST: Verdict.BROKEN, OTHER_MUST: Verdict.UNKNOWN})).ret == 0


def test_report_and_junit_file_appear(judged: Run) -> None:
    """--poll-json writes the merged report; JUnit has guarantee, poller, world and verdict as properties."""
    judged(
        *("--poller", "select", "--poller", "epoll", "--poll-json", "report.json", "--junitxml", "junit.xml"),
        by=campaign_of({MUST: Verdict.BROKEN}),
    )
    report = json.loads(Path("report.json").read_text())
    assert [poller["name"] for poller in report["pollers"]] == ["select", "epoll"]
    assert report["exit_code"] == 1
    assert report["pollers"][1]["worlds"]["real"]["scenarios"] == 120
    cases = ElementTree.parse("junit.xml").iter("testcase")
    (case,) = (case for case in cases if case.get("name") == f"test_guarantee[{MUST}-epoll-real]")
    said = {one.get("name"): one.get("value") for one in case.iter("property")}
    assert (said["guarantee"], said["poller"], said["world"], said["verdict"]) == (MUST, "epoll", "real", "broken")
    assert said["exercised"] == "7"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("", "which poller? add --poller NAME"),
        ("--poller epol", "no poller is called 'epol' (did you mean"),
        ("--poller nowhere:make", "no module is called 'nowhere'"),
        ("--poller plugged:lacking", "plugged:lacking: Lacking lacks register()"),
        ("--poller plugged:raising", "plugged:raising: the factory raised ZeroDivisionError"),
        ("--poller uvloop --poll-world fake", "uvloop says native = True"),
        ("--poller epoll --poll-expect none.toml", "cannot read none.toml"),
    ],
)
def test_mistake_is_one_line(judged: Run, pytester: pytest.Pytester, options: str, complaint: str) -> None:
    """A user's mistake is pytest's usage error: one line, and no item is run."""
    pytester.makepyfile(plugged="class Lacking: pass\ndef lacking(): return Lacking()\ndef raising(): return 1 / 0")
    outcome = judged(*options.split())
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines([f"ERROR: {complaint.replace('[', '?')}*"])


def test_what_never_applies_cannot_be_expected(judged: Run) -> None:
    """An entry for what a poller does not even claim is stale before the run."""
    row = next(row for row in CHECKED if row.needs & Capability.EDGE)
    Path("expect.toml").write_text(f'[[expect]]\nid = "{row.id}"\npoller = "select"\nreason = "r"\n')
    outcome = judged("--poller", "select", "--poll-expect", "expect.toml")
    outcome.stderr.fnmatch_lines([f"ERROR: expect.toml:1: {row.id} does not apply to select; delete this entry"])


def test_mistake_that_the_run_finds_fails_its_items(judged: Run) -> None:
    """An adapter that turns out not to be judgeable is told in a line, not in a traceback."""

    def refuse(plan: Plan) -> Report:
        raise UsageError("epoll never reached the fake kernel")

    outcome = judged("--poller", "epoll", only=MUST, by=refuse)
    outcome.stdout.fnmatch_lines(["epoll never reached the fake kernel"])
    outcome.assert_outcomes(failed=1, deselected=len(CHECKED))


def test_interrupted_run_is_summed_up(pytester: pytest.Pytester) -> None:
    """Ctrl-C ends the session, and what was known by then is in the summary and in the file."""
    plugin = (
        "from conformance import campaign\nfrom tests.conformance.samples import campaign_of\n"
        "campaign.run = campaign_of(interrupted=True)\n"
    )
    done = judged_in_process_of_its_own("--poller", "epoll", "--poll-json", "report.json", plugin=plugin)
    assert done.returncode == pytest.ExitCode.INTERRUPTED
    assert "epoll: MUST kept " in done.stdout
    assert json.loads(Path("report.json").read_text())["interrupted"] is True


def judged_in_process_of_its_own(*options: str, plugin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the suite in a fresh process, `plugin` being loaded before it, in its workers, too."""
    Path("told.py").write_text(plugin)
    command = [sys.executable, "-m", "pytest", "--pyargs", "conformance", "-p", "told", "-p", "no:cacheprovider"]
    environment = {"PYTHONPATH": f"{ROOT}:{Path.cwd()}", "PATH": ""}
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False, env=environment)


@pytest.mark.slow
def test_runs_are_shared_under_xdist(pytester: pytest.Pytester) -> None:
    """A poller and world go to one worker, and the controller merges what the workers say."""
    plugin = f"""
        from pathlib import Path
        from conformance import campaign
        from conformance.verdict import Verdict
        from tests.conformance.samples import campaign_of

        def run(plan):
            with Path("plans.txt").open("a") as plans:
                plans.write(f"{{plan.targets[0].name}} {{plan.seed}}\\n")
            return campaign_of({{"{MUST}": Verdict.BROKEN}})(plan)

        campaign.run = run
        """
    options = ("-n2", "--poller", "epoll", "--poller", "poll", "--poller", "select", "--poll-json", "report.json")
    done = judged_in_process_of_its_own(*options, plugin=textwrap.dedent(plugin))
    assert done.returncode == 1, done.stdout + done.stderr
    plans = [line.split() for line in Path("plans.txt").read_text().splitlines()]
    assert sorted(name for name, _ in plans) == ["epoll", "poll", "select"]
    assert len({seed for _, seed in plans}) == 1
    assert done.stdout.count(" deselected as not applicable") + done.stdout.count("\ndeselected as not") == 1
    report = json.loads(Path("report.json").read_text())
    assert [poller["verdicts"][MUST] for poller in report["pollers"]] == ["broken"] * 3


@pytest.mark.slow
def test_item_timeout_does_not_hit_the_run(pytester: pytest.Pytester) -> None:
    """pytest-timeout is an outer guard only: the run is made before the clock of its first item starts."""
    plugin = (
        "import time\nfrom conformance import campaign\nfrom tests.conformance.samples import campaign_of\n"
        "def run(plan):\n    time.sleep(0.6)\n    return campaign_of()(plan)\ncampaign.run = run\n"
    )
    done = judged_in_process_of_its_own("--poller", "epoll", "--timeout", "0.3", "-k", MUST, plugin=plugin)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("nodeid", "scope"),
    [
        ("suite/test_guarantees.py::test_guarantee[EDG-04-my.pkg:make-real]", "my.pkg:make-real"),
        ("suite/test_guarantees.py::test_claims[uvloop-fake]", "uvloop-fake"),
        ("tests/test_mine.py::test_guarantee[1]", "tests/test_mine.py::test_guarantee[1]"),
        ("tests/test_mine.py::test_it", "tests/test_mine.py::test_it"),
    ],
)
def test_scope_is_the_run(pytestconfig: pytest.Config, nodeid: str, scope: str) -> None:
    """The items of a run are one scope, any other test is one of its own."""
    assert RunScheduling._split_scope(object.__new__(RunScheduling), nodeid) == scope


def test_suite_stays_out_of_other_runs(pytester: pytest.Pytester) -> None:
    """Whoever merely collects the directory in which we are installed collects nothing of ours."""
    others = [f"--ignore={entry}" for entry in PACKAGE.parent.iterdir() if entry != PACKAGE]
    outcome = pytester.runpytest_inprocess(str(PACKAGE.parent), "--collect-only", "-q", *others)
    assert outcome.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    outcome.stdout.no_fnmatch_line("*test_guarantee*")


@pytest.mark.parametrize(
    "argument", ["conformance", "conformance/suite", "conformance/suite/test_guarantees.py::test_claims"]
)
def test_suite_named_by_path_asks_for_a_poller(pytester: pytest.Pytester, argument: str) -> None:
    """However the suite is named, it says how to name a poller."""
    outcome = pytester.runpytest_inprocess(str(PACKAGE.parent / argument))
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines(["ERROR: which poller? add --poller NAME*"])


def test_plugin_is_light() -> None:
    """Everyone's pytest loads the plugin: beyond the standard library it imports nothing but pytest."""
    script = (
        "import sys, pytest; before = set(sys.modules); import conformance.pytest_plugin;"
        "print(sorted(set(sys.modules) - before - sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "['conformance', 'conformance.pytest_plugin']\n"
