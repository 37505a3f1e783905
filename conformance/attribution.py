"""Suspects become findings: minimised, then 5 re-runs against 5 of the control.

Broken means reproduced in at least 2 of 5 re-runs (1 of 5 for a hang or an abort) while the control - raw `select.epoll`, or the
reference where epoll lacks the capability - fails in none. Seen and not reproduced is unknown; a control that fails too is unknown
and a defect of ours. Where subject and control are the same, a failure is broken.

Attempts are shared: many guarantees usually break for one reason, so a smallest scenario that was found for one is tried for the
next before anything is minimised anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from conformance.budget import ENDLESS, SCRIPT_STEPS, Budget, Meter
from conformance.child import Child, HarnessCrash
from conformance.guarantees import catalogue, lookup
from conformance.history import History, describe
from conformance.judging import Weighed, applicable, weigh
from conformance.loading import UsageError, resolve
from conformance.luck import luck_of, spell_out
from conformance.minimise import minimise
from conformance.protocol import Capability
from conformance.scenario import Scenario, parse, show
from conformance.script import Cast, proven
from conformance.shard import Suspect
from conformance.verdict import Finding

__all__ = ["RERUNS", "Attribution", "Doubt", "TryJob", "attribute", "control_for"]

RERUNS = 5
_NEEDED = {False: 2, True: 1}
"""Fatal or not -> in how many re-runs it must be seen again."""
_TRACE_LINES = 12
_MOST = Budget(seconds=8.0, steps=30_000)
"""For minimising one guarantee, where the whole has a budget; in the same measure."""
_CONTROLS = ("epoll", "reference")
_REFERENCE_ONLY = ("user", "set", "waker", "wake", "dispatch", "meanwhile")
"""Verbs that raw epoll has nothing to answer with."""
_NOT_IN_EPOLL = Capability.WAKE | Capability.USER_READINESS | Capability.DISPATCH | Capability.MULTI_THREAD


@dataclass(frozen=True, slots=True, kw_only=True)
class TryJob:
    """The suspects of one poller on one world."""

    name: str
    spec: str
    world: str
    suspects: Mapping[str, tuple[Suspect, ...]]
    budget: Budget = ENDLESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A suspect that did not become a finding, and why: the guarantee is unknown."""

    guarantee: str
    reason: str


@dataclass(slots=True)
class Attribution:
    """What became of the suspects."""

    findings: dict[str, Finding] = field(default_factory=dict)
    doubts: dict[str, Doubt] = field(default_factory=dict)
    steps: int = 0
    """What was spent of a budget in steps."""


@dataclass(frozen=True, slots=True)
class _Trial:
    """One scenario, run some times: what each run broke."""

    scenario: Scenario
    runs: tuple[tuple[History, Weighed], ...]

    def times(self, id: str) -> int:
        return sum(id in weighed.broken for _, weighed in self.runs)


def attribute(job: TryJob, outcome: Attribution, tick: Callable[[int], None]) -> None:
    """Confirm or doubt each suspect, adding to `outcome` as it goes."""
    with Child(job.spec, job.world) as subject:
        court = _Court(job, subject)
        try:
            for row in catalogue():
                if row.id in job.suspects:
                    court.hear(row.id, outcome)
                    outcome.steps = court.meter.steps
                    tick(1)
        finally:
            court.close()


class _Court:
    """The subject, its controls, and the scenarios tried so far."""

    def __init__(self, job: TryJob, subject: Child) -> None:
        self.job, self.subject = job, subject
        self.rows = applicable(subject.hello().capabilities)
        self.controls: dict[str, Child] = {}
        self.trials: dict[str, _Trial] = {}
        self.control_trials: dict[str, _Trial] = {}
        self.meter = Meter(job.budget)

    def close(self) -> None:
        for child in self.controls.values():
            child.close()

    def hear(self, id: str, outcome: Attribution) -> None:
        """Try the suspects of one guarantee until one is a finding."""
        doubt = ""
        for suspect in self.job.suspects[id]:
            if self.meter.is_spent:
                doubt = doubt or "seen broken, and no time was left to run it again"
                break
            try:
                verdict = self._try(id, suspect)
            except HarnessCrash as crash:
                verdict = f"pollcheck itself crashed, please report it: {crash}"
            if isinstance(verdict, Finding):
                outcome.findings[id] = verdict
                return
            doubt = verdict
        outcome.doubts[id] = Doubt(guarantee=id, reason=doubt)

    def _try(self, id: str, suspect: Suspect) -> Finding | str:
        scenario = self._smallest(id, suspect)
        trial = self._trial(scenario)
        seen = trial.times(id)
        runs = [(history, weighed) for history, weighed in trial.runs if id in weighed.broken]
        fatal = any(history.is_fatal for history, _ in runs)
        if seen < _NEEDED[fatal]:
            return f"seen broken once, and again in {seen} of {RERUNS} re-runs"
        control = self._control_times(id, scenario)
        if control:
            return f"the control fails too, in {control} of {RERUNS} re-runs: a defect of pollcheck, please report it"
        history, weighed = runs[0]
        fact = weighed.broken[id]
        entries = [entry for entry in history.entries if entry.step <= fact.step] or history.entries
        found = Finding(
            guarantee=id,
            poller=self.job.name,
            world=self.job.world,
            step=fact.step,
            got=fact.got,
            should_be=fact.should_be,
            scenario=show(scenario),
            trace=describe(entries)[-_TRACE_LINES:],
            seen=seen,
            control=control,
            reruns=RERUNS,
            fatal=fatal,
        )
        cast = Cast(subject=self.job.spec, control=resolve(control_for(id, scenario)).spec)
        return proven(found, history, lookup(id), cast, self._may_try_script)

    def _may_try_script(self) -> bool:
        self.meter.steps += SCRIPT_STEPS
        return not self.meter.is_spent

    # ── the smallest scenario ───────────────────────────────────────────────────────────────────────────────

    def _smallest(self, id: str, suspect: Suspect) -> Scenario:
        """Minimise; from a scenario that was found for another guarantee, if it breaks this one and is shorter."""
        known = [trial.scenario for trial in self.trials.values() if trial.times(id) >= _NEEDED[suspect.fatal]]
        start = min([parse(suspect.scenario), *known], key=len)
        tried: dict[str, bool] = {}
        meter = Meter(_only(self.job.budget, _MOST))

        def still_fails(scenario: Scenario) -> bool:
            text = show(scenario)
            if text not in tried:
                tried[text] = id in weigh(meter.ran(self._run(self.subject, scenario)), self.rows).broken
            return tried[text]

        def may_go_on() -> bool:
            return not meter.is_spent and not self.meter.is_spent

        smallest = minimise(start, still_fails, may_go_on=may_go_on)
        return self._spelled_out(smallest, still_fails, may_go_on)

    def _spelled_out(
        self, scenario: Scenario, still_fails: Callable[[Scenario], bool], may_go_on: Callable[[], bool]
    ) -> Scenario:
        """Write the faults in the place of their seed, and leave out those that do not matter, and steps that only the seed needed.

        As it was, where the written faults do not break it: some pollers do not do the same twice.
        """
        luck = luck_of(scenario)
        if luck is None or luck.seed is None:
            return scenario
        spelled = spell_out(scenario, self._run(self.subject, scenario).fell)
        return minimise(spelled, still_fails, may_go_on=may_go_on) if still_fails(spelled) else scenario

    def _trial(self, scenario: Scenario) -> _Trial:
        text = show(scenario)
        if text not in self.trials:
            self.trials[text] = self._tried(self.subject, scenario)
        return self.trials[text]

    def _tried(self, child: Child, scenario: Scenario) -> _Trial:
        rows = applicable(child.hello().capabilities)
        histories = [self._run(child, scenario) for _ in range(RERUNS)]
        return _Trial(scenario, tuple((history, weigh(history, rows)) for history in histories))

    def _run(self, child: Child, scenario: Scenario) -> History:
        return self.meter.ran(child.run(scenario))

    # ── the control ─────────────────────────────────────────────────────────────────────────────────────────

    def _control_times(self, id: str, scenario: Scenario) -> int:
        name = control_for(id, scenario)
        target = resolve(name)
        if target.spec == self.job.spec:
            return 0
        if name not in self.controls:
            self.controls[name] = Child(target.spec, self.job.world)
        key = f"{name}\n{show(scenario)}"
        if key not in self.control_trials:
            self.control_trials[key] = self._tried(self.controls[name], scenario)
        return self.control_trials[key].times(id)


def control_for(id: str, scenario: Scenario) -> str:
    """The name of the control: raw epoll; the reference where epoll lacks what the guarantee or the scenario needs."""
    asks = any(action.verb in _REFERENCE_ONLY or action.args[1:2] in (("wake",), ("set",)) for action in scenario)
    return _CONTROLS[asks or bool(lookup(id).needs & _NOT_IN_EPOLL)]


def _only(measures: Budget, most: Budget) -> Budget:
    """What of `most` has a limit in the other."""
    return Budget(
        seconds=None if measures.seconds is None else most.seconds,
        steps=None if measures.steps is None else most.steps,
    )


def check_controls() -> None:
    """Raise UsageError now, not after the run, when a control cannot be found."""
    for name in _CONTROLS:
        try:
            resolve(name)
        except UsageError as error:
            raise UsageError(f"the control {name!r} cannot be loaded, is pollcheck installed? {error}") from None
