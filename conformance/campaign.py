"""One run: library and shards, profile, seed, jobs and budget -> Report.

For each poller and world: the library's scenarios, then the profile's number of drawn ones in 16 shards, then attribution of whatever
broke. The number of jobs only schedules the shards. On the real world time wins: what it cut off becomes unknown. On the fake one the
budget is counted in steps, so that equal seeds give equal bytes.
"""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from conformance import library, probe
from conformance.attribution import Attribution, TryJob, attribute, check_controls
from conformance.blame import explain, responsible
from conformance.budget import Budget
from conformance.child import Child, Hello
from conformance.crew import Crew, Interrupted, Job, Outcome
from conformance.guarantees import Guarantee, catalogue
from conformance.loading import Target, UsageError
from conformance.scenario import parse, show
from conformance.shard import DrawJob, Suspect, Tally, hung_too_often
from conformance.verdict import Finding, PollerReport, Report, Result, Verdict

__all__ = ["PROFILES", "SHARDS", "Plan", "Progress", "rerun", "run"]

PROFILES = {"quick": 200, "ci": 2_000, "nightly": 100_000}
"""Profile -> drawn scenarios per poller and world."""
BUDGETS = {"quick": 55.0, "ci": 55.0, "nightly": 2_750.0}
"""Profile -> seconds of one core that one poller on the real world may take, whatever it does."""
STEPS = {"quick": 200_000, "ci": 200_000, "nightly": 10_000_000}
"""Profile -> steps that one poller on the fake world may take; the reference needs half of them for `ci`."""
SHARDS = 16
LIBRARY_PARTS = 2
"""Few: each part finds out for itself in what a poller hangs."""
_FOR_DRAWING = {True: 0.65, False: 0.9}
"""Whether the library has found suspects -> the part of the budget that scenarios may use; the rest is for attribution."""
_FOR_LIBRARY = 0.4
"""The part that the library may use, for it alone meets the floors; it needs far less of a poller that does not hang."""
_LEAST_SECONDS = 0.2
_AT_ONCE = 3
"""How many equal shares of the time that is left one job may take: a machine that is busy for a moment cuts nothing off."""
_LEAST_STEPS = 500
_ROUNDS = 3
"""When a guarantee that was blamed cannot be confirmed, others are blamed in its place, this often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to judge, and how thoroughly."""

    targets: tuple[Target, ...]
    worlds: tuple[str, ...] = ("real",)
    profile: str = "quick"
    seed: int
    only: tuple[str, ...] = ()
    jobs: int = 1
    stop_at_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far one poller on one world is; `phase` is `library`, `scenarios` or `attribution`."""

    poller: str
    world: str
    phase: str
    done: int
    planned: int
    suspects: int


OnProgress = Callable[[Progress], None]
OnFinding = Callable[[Finding], object]


def run(plan: Plan, *, on_progress: OnProgress | None = None, on_finding: OnFinding | None = None) -> Report:
    """Judge the pollers of `plan`, one after another. Ctrl-C gives the report of what was done until then.

    `on_progress` and `on_finding` are called as the run goes on, each finding once.

    Raises:
        UsageError: a poller cannot be constructed, or lacks a method.
    """
    check_controls()
    reports: list[PollerReport] = []
    interrupted = False
    with Crew(plan.jobs) as crew:
        for target in plan.targets:
            for world in plan.worlds:
                if interrupted or (target.native and world == "fake"):
                    continue
                case = _Case(plan, target, world, crew, on_progress or _ignore, on_finding or _ignore)
                interrupted = case.judge()
                reports.append(case.report())
    return Report(profile=plan.profile, seed=plan.seed, pollers=tuple(reports), interrupted=interrupted)


def _ignore(_: object) -> None:
    """Nobody listens."""


def rerun(target: Target, world: str, guarantee: str, scenario_text: str) -> Finding | None:
    """Run one stored scenario as attribution does, and give the finding if the guarantee is still broken.

    Raises:
        UsageError: the poller cannot be constructed. BadScenario: the text is no scenario.
    """
    text = show(parse(scenario_text))
    suspect = Suspect(guarantee=guarantee, scenario=text, fatal=False)
    outcome = Attribution()
    job = TryJob(name=target.name, spec=target.spec, world=world, suspects={guarantee: (suspect,)})
    attribute(job, outcome, lambda _: None)
    return outcome.findings.get(guarantee)


class _Seconds:
    """Seconds until `ends_at`, handed out job by job; what a job leaves goes to those after it."""

    def __init__(self, ends_at: float, hands: int, jobs: int) -> None:
        self.ends_at, self.hands, self.jobs = ends_at, hands, jobs

    def share(self) -> Budget:
        """What the next job may take."""
        left = self.ends_at - time.monotonic()
        share = _AT_ONCE * left * self.hands / self.jobs
        self.jobs -= 1
        return Budget(seconds=max(_LEAST_SECONDS, min(share, left)))


class _Case:
    """One poller on one world."""

    def __init__(
        self, plan: Plan, target: Target, world: str, crew: Crew, on_progress: OnProgress, on_finding: OnFinding
    ) -> None:
        self.plan, self.target, self.world, self.crew = plan, target, world, crew
        self.on_progress, self.on_finding = on_progress, on_finding
        try:
            with Child(target.spec, world) as child:
                self.hello: Hello = child.hello()
                self.false_claims = probe.false_claims(child)
        except UsageError as error:
            raise UsageError(f"{target.name}: {error}") from None
        self.tally = Tally()
        self.library: Tally | None = None
        self.attribution = Attribution()
        self.explained: dict[str, str] = {}
        self.began = time.monotonic()
        self.steps = 0

    def judge(self) -> bool:
        """Do the whole case; True when Ctrl-C cut it short.

        Raises:
            UsageError: the poller could be constructed once, and not anew for every scenario.
        """
        try:
            self._take(self._do("library", self._library_jobs()))
            self.library = copy.deepcopy(self.tally)
            if not (self.plan.stop_at_first and self.tally.suspects):
                self._take(self._do("scenarios", self._draw_jobs()))
            for _ in range(_ROUNDS):
                suspects = self._next_suspects()
                if not suspects:
                    break
                self._take(self._do("attribution", [partial(self._try_job, suspects)]))
        except Interrupted as cut:
            self._take(cut.outcomes)
            return True
        except UsageError as error:
            raise UsageError(f"{self.target.name}: {error}") from None
        return False

    def _take(self, outcomes: Sequence[Outcome]) -> None:
        """Put together what jobs have found."""
        for outcome in outcomes:
            self.steps += outcome.steps
            if isinstance(outcome, Attribution):
                for finding in outcome.findings.values():
                    self.on_finding(finding)
                self.attribution.findings |= outcome.findings
                self.attribution.doubts |= outcome.doubts
            else:
                self.tally.add(outcome)

    def _next_suspects(self) -> dict[str, tuple[Suspect, ...]]:
        """The guarantees that explain what broke and is not explained yet, with scenarios that show it."""
        found = self.attribution
        blamed = responsible(self.library or Tally(), self.tally, confirmed=found.findings, doubted=found.doubts)
        if self.plan.stop_at_first:
            blamed = () if found.findings or found.doubts else blamed[:1]
        return {id: tuple(self.tally.suspects[id]) for id in blamed}

    def _do(self, phase: str, prepare: Sequence[Callable[[], Job]]) -> list[Outcome]:
        done = 0
        planned = {
            "library": len(library.LIBRARY),
            "scenarios": PROFILES[self.plan.profile],
            "attribution": len(self.tally.suspects),
        }[phase]

        def tick(count: int) -> None:
            nonlocal done
            done += count
            self.on_progress(
                Progress(
                    poller=self.target.name,
                    world=self.world,
                    phase=phase,
                    done=min(done, planned),
                    planned=planned,
                    suspects=len(self.tally.suspects),
                )
            )

        return self.crew.do(prepare, tick)

    def _library_jobs(self) -> list[Callable[[], Job]]:
        """The library in parts, each with its share of every family."""
        shares = self._shares(_FOR_LIBRARY, self.plan.jobs, LIBRARY_PARTS)
        return [partial(self._draw_job, 0, None, shares, (part, LIBRARY_PARTS)) for part in range(LIBRARY_PARTS)]

    def _draw_jobs(self) -> list[Callable[[], Job]]:
        """16 shards whose seeds depend on the run's seed and nothing else."""
        seeds = random.Random(self.plan.seed)
        count = PROFILES[self.plan.profile]
        counts = [count // SHARDS + (index < count % SHARDS) for index in range(SHARDS)]
        shares = self._shares(_FOR_DRAWING[bool(self.tally.suspects)], self.plan.jobs, SHARDS)
        return [partial(self._draw_job, seeds.getrandbits(64), count, shares) for count in counts]

    def _shares(self, part: float, hands: int, jobs: int) -> Callable[[], Budget]:
        """What each job may take of a part of the whole: of time as much as is left when it begins, of steps the same for all."""
        if self.world == "real":
            return _Seconds(self.began + BUDGETS[self.plan.profile] * part, hands, jobs).share
        steps = (int(STEPS[self.plan.profile] * part) - self.steps) // jobs
        return lambda: Budget(steps=max(_LEAST_STEPS, steps))

    def _draw_job(
        self, seed: int, count: int | None, shares: Callable[[], Budget], part: tuple[int, int] = (0, 1)
    ) -> DrawJob:
        return DrawJob(
            spec=self.target.spec,
            world=self.world,
            seed=seed,
            count=count,
            part=part,
            only=self.plan.only,
            budget=shares(),
            stops_at_first=self.plan.stop_at_first,
            avoid=hung_too_often(self.tally.hangs),
        )

    def _try_job(self, suspects: dict[str, tuple[Suspect, ...]]) -> TryJob:
        return TryJob(
            name=self.target.name,
            spec=self.target.spec,
            world=self.world,
            suspects=suspects,
            budget=self._shares(1.0, 1, 1)(),
        )

    # ── verdicts ────────────────────────────────────────────────────────────────────────────────────────────

    def report(self) -> PollerReport:
        """Everything that the run says, so far."""
        rows = [row for row in catalogue() if row.check and (not self.plan.only or row.id in self.plan.only)]
        self.explained = explain(list(self.tally.suspects), self.tally, self.attribution.findings)
        return PollerReport(
            poller=self.target.name,
            world=self.world,
            capabilities=self.hello.capabilities,
            emulated=self.hello.emulated,
            results=tuple(self._result(row) for row in rows),
            false_claims=self.false_claims,
            scenarios=self.tally.scenarios,
            planned=self.tally.planned,
            quality=tuple(sorted(self.tally.quality.items())),
            fell=tuple(sorted(self.tally.fell.items())),
        )

    def _result(self, row: Guarantee) -> Result:
        verdict, reason, finding = self._verdict(row)
        return Result(
            guarantee=row.id,
            strength=row.strength,
            verdict=verdict,
            exercised=self.tally.exercised[row.id],
            reason=reason,
            finding=finding,
        )

    def _verdict(self, row: Guarantee) -> tuple[Verdict, str, Finding | None]:
        """One guarantee: not applicable, broken, unknown for a reason, or kept."""
        lacking = row.needs & ~self.hello.capabilities
        if lacking:
            return Verdict.NOT_APPLICABLE, f"does not claim {lacking.name}", None
        if finding := self.attribution.findings.get(row.id):
            return Verdict.BROKEN, "", finding
        if doubt := self.attribution.doubts.get(row.id):
            return Verdict.UNKNOWN, doubt.reason, None
        explained_by = self.explained.get(row.id)
        if row.id in self.tally.suspects and not explained_by:
            return Verdict.UNKNOWN, "seen broken, and not run again: the run was cut short", None
        if self.tally.crashes:
            crashes = self.tally.crashes
            return (
                Verdict.UNKNOWN,
                f"pollcheck itself crashed {len(crashes)} times, please report it: {crashes[0]}",
                None,
            )
        times = self.tally.exercised[row.id]
        if times < row.floor:
            hangs = ", ".join(self.tally.hangs)
            left_out = f": {self.tally.left_out} scenarios were left out after hangs in {hangs}" if hangs else ""
            return Verdict.UNKNOWN, f"put to the test {times} times, fewer than {row.floor}{left_out}", None
        return Verdict.KEPT, f"but where {explained_by} is broken" if explained_by else "", None
