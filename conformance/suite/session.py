"""The runs behind the items: one for each poller and world, made before the first item that asks about it.

A run is made outside of its items, so that a timeout per item (pytest-timeout) does not fall into it. Under
pytest-xdist the controller asks each poller what it claims and draws the seed, workers make the runs, what they find
travels back with the items' properties, which survive the crash of a worker.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from conformance import campaign
from conformance.child import Child
from conformance.expectations import expectations_for, judge
from conformance.guarantees import Guarantee, catalogue
from conformance.judging import applicable
from conformance.loading import Target, UsageError, resolve, worlds_of
from conformance.protocol import Capability
from conformance.replay import save
from conformance.report import text
from conformance.report.json import as_json
from conformance.suite.hearing import Hearing, tell
from conformance.suite.outcome import settle
from conformance.verdict import PollerReport, Report, Verdict

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController  # type: ignore[import-untyped]  # xdist has no types

    from conformance.suite.scheduling import RunScheduling

__all__ = ["Judging", "Question"]

_TOLD = "pollcheck"
"""Under this name an item tells its result, and a controller tells its workers what it knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an item asks of a run, one poller on one world: is the guarantee kept? Without one: are its claims true?"""

    poller: str
    world: str
    guarantee: Guarantee | None = None

    @property
    def run(self) -> tuple[str, str]:
        return self.poller, self.world

    def __str__(self) -> str:
        run = f"{self.poller}-{self.world}"
        return run if self.guarantee is None else f"{self.guarantee.id}-{run}"


class Judging:
    """A pytest plugin, registered only where a poller is named."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._is_worker = hasattr(config, "workerinput")
        self._profile: str = config.getoption("poll_profile")
        self._rows = tuple(row for row in catalogue() if row.check is not None)
        self._parts: dict[tuple[str, str], PollerReport] = {}
        self._asked: dict[tuple[str, str], tuple[str, ...]] = {}
        self._mistakes: dict[tuple[str, str], str] = {}
        self._told: set[tuple[str, str]] = set()
        self._hearing = Hearing()
        self._interrupted = False
        try:
            self._prepare(config.getoption("poller"))
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None

    def _prepare(self, names: list[str]) -> None:
        targets = {name: resolve(name) for name in names}
        worlds = worlds_of(self._config.getoption("poll_world"), targets.values())
        self._runs = {
            (name, world): target
            for name, target in targets.items()
            for world in worlds
            if world != "fake" or not target.native
        }
        seed = self._config.getoption("poll_seed")
        known: dict[str, Any] = getattr(self._config, "workerinput", {}).get(_TOLD) or {
            "seed": secrets.randbits(32) if seed is None else seed,
            "claims": {name: _claims_of(target) for name, target in targets.items()},
        }
        self._seed: int = known["seed"]
        self._claims: dict[str, int] = known["claims"]
        self._applicable = {
            name: tuple(row.id for row in applicable(Capability(claims))) for name, claims in self._claims.items()
        }
        self._expectations = expectations_for(self._config.getoption("poll_expect"), targets)
        for entry in self._expectations.entries:
            if entry.poller in targets and entry.guarantee not in self._applicable[entry.poller]:
                raise UsageError(self._expectations.stale(entry, f"{entry.guarantee} does not apply to {entry.poller}"))

    def pytest_report_header(self) -> str:
        """Say what is judged, and how to repeat it."""
        runs = ", ".join(f"{poller} ({world})" for poller, world in self._runs)
        return f"pollcheck: {runs}; profile {self._profile}, seed {self._seed}"

    @pytest.fixture
    def judging(self) -> Judging:
        """Answer an item's question."""
        return self

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make an item of each guarantee, poller and world, and one of the claims of each run."""
        if "judging" not in metafunc.fixturenames:
            return
        rows = self._rows if metafunc.function.__name__ == "test_guarantee" else (None,)
        questions = [
            Question(poller=poller, world=world, guarantee=row) for poller, world in self._runs for row in rows
        ]
        metafunc.parametrize("question", questions, ids=str)

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Deselect what does not apply; the summary says it in one line."""
        silent = [item for item in items if not self._is_applicable(_question(item))]
        items[:] = [item for item in items if item not in silent]
        config.hook.pytest_deselected(items=silent)

    def _is_applicable(self, question: Question | None) -> bool:
        if question is None or question.guarantee is None:
            return True
        return question.guarantee.id in self._applicable[question.poller]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note what is asked of each run: with -k, fewer guarantees need fewer scenarios."""
        for question in map(_question, session.items):
            if question is not None and question.guarantee is not None:
                self._asked[question.run] = (*self._asked.get(question.run, ()), question.guarantee.id)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Make the run that an item is the first to ask about, before anybody's clock starts for the item."""
        question = _question(item)
        if question is not None and question.run not in self._parts.keys() | self._mistakes.keys():
            try:
                self._parts[question.run] = self._make(question.run)
            except UsageError as error:
                self._mistakes[question.run] = str(error)
        return (yield)

    def _make(self, run: tuple[str, str]) -> PollerReport:
        poller, world = run
        asked = self._asked.get(run, ())
        plan = campaign.Plan(
            targets=(self._runs[run],),
            worlds=(world,),
            profile=self._profile,
            seed=self._seed,
            only=asked if len(asked) < len(self._applicable[poller]) else (),
        )
        report = campaign.run(plan)
        if report.interrupted:
            self._interrupted = True
            for part in report.pollers:
                self._hearing.add(part)
            raise KeyboardInterrupt
        return report.pollers[0]

    def answer(self, question: Question, item: pytest.Item) -> None:
        """Answer an item: pass, fail, xfail, skip or warn, and tell the result to whoever writes the summary."""
        row, part = question.guarantee, self._part(question)
        assert row is not None, "an item of test_guarantee asks about a guarantee"
        result = part.result(row.id)
        silent = [other for other in part.results if other.verdict is Verdict.NOT_APPLICABLE]
        item.user_properties += [
            ("guarantee", row.id),
            ("strength", str(row.strength)),
            ("poller", part.poller),
            ("world", part.world),
            ("verdict", str(result.verdict)),
            ("exercised", result.exercised),
            (_TOLD, tell(part, [result, *(silent if question.run not in self._told else ())])),
        ]
        self._told.add(question.run)
        if result.finding is not None:
            save(result.finding)
        settle(row, result, part, self._expectations)

    def answer_claims(self, question: Question) -> None:
        """Fail if the poller claims what it does not have."""
        if claims := self._part(question).false_claims:
            pytest.fail("\n".join(f"{question.poller} {claim}" for claim in claims), pytrace=False)

    def _part(self, question: Question) -> PollerReport:
        if question.run in self._mistakes:
            pytest.fail(self._mistakes[question.run], pytrace=False)
        return self._parts[question.run]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hear what an item tells, here or in a worker."""
        told = dict(report.user_properties).get(_TOLD)
        if report.when == "call" and isinstance(told, str):
            self._hearing.hear(told)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: WorkerController) -> None:
        """Tell a worker what was asked of the pollers once, and the seed (pytest-xdist)."""
        node.workerinput[_TOLD] = {"seed": self._seed, "claims": self._claims}

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: object) -> RunScheduling | None:
        """Send the items that share a run to one worker (pytest-xdist)."""
        if config.getoption("dist") == "each":
            return None
        from conformance.suite.scheduling import RunScheduling

        return RunScheduling(config, log)

    def _report(self) -> Report:
        return self._hearing.report(
            profile=self._profile,
            seed=self._seed,
            order=tuple(self._runs),
            guarantees=[row.id for row in catalogue()],
            interrupted=self._interrupted,
        )

    def pytest_sessionfinish(self) -> None:
        """Write the merged report where that was asked."""
        path = self._config.getoption("poll_json")
        if path is not None and not self._is_worker:
            report = self._report()
            path.write_text(as_json(report, exit_code=judge(report, self._expectations).exit_code), encoding="utf-8")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Sum up all runs, if there were any, on the terminal of the controller."""
        report = self._report()
        if not report.pollers:
            return
        terminalreporter.section("pollcheck")
        terminalreporter.line(text.summary(report))
        silent = ", ".join(f"{poller} {len(self._rows) - len(ids)}" for poller, ids in self._applicable.items())
        terminalreporter.line(f"deselected as not applicable: {silent}")
        terminalreporter.line(text.seed_line(report, option="--poll-"))


def _claims_of(target: Target) -> int:
    with Child(target.spec, "real") as child:
        try:
            return int(child.hello().capabilities)
        except UsageError as error:
            raise UsageError(f"{target.name}: {error}") from None


def _question(item: pytest.Item) -> Question | None:
    callspec = getattr(item, "callspec", None)
    question = callspec.params.get("question") if callspec is not None else None
    return question if isinstance(question, Question) else None
