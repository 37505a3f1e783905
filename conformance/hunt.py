"""A campaign without an end: rounds of drawn scenarios, findings saved as they come, to be taken up again after a kill.

A round is 8 shards of one seed each, which follow from the campaign's seed and the number of the round alone. What is new in it is
attributed (`attribution.py`) and saved; then the state is written, in one rename, and the next round begins. A campaign that was killed
does the round again in which it was, and knows what it had found.
"""

from __future__ import annotations

import json
import os
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from conformance import probe
from conformance.actions import ACTS, FAULT, Action
from conformance.attribution import Attribution, TryJob
from conformance.blame import responsible
from conformance.budget import Budget
from conformance.campaign import Progress
from conformance.child import Child
from conformance.crew import Crew, Interrupted, Job, Outcome
from conformance.guarantees import lookup
from conformance.loading import Target, UsageError
from conformance.replay import FOLDER, FORMAT, plain_name, save
from conformance.scenario import Scenario, parse, show
from conformance.shard import DrawJob, Suspect, Tally, hung_too_often
from conformance.slots import WAKER
from conformance.verdict import (
    EXIT_BROKEN,
    EXIT_INTERRUPTED,
    EXIT_KEPT,
    EXIT_UNKNOWN,
    Finding,
    Strength,
)

__all__ = ["Hunt", "Limits", "State", "hunt", "state_path"]

SHARDS = 8
EACH = 100
"""Scenarios of one shard."""
_TO_CONFIRM = {"real": Budget(seconds=60.0), "fake": Budget(steps=200_000)}
"""World -> what the attribution of one round may take, whatever time is left."""
_VARIANTS = 3
"""Findings of one guarantee that are looked for; each has a smallest scenario of its own."""
_MISSES = 3
"""When a guarantee has led to a scenario that is known so often in a row, it is left alone."""
_LABEL = re.compile(r"(?<=label)\d+(?=#)")
"""Within a written fault."""
_FIELDS: dict[str, type] = {"seed": int, "round": int, "scenarios": int, "known": list, "misses": dict}

OnFinding = Callable[[Finding], object]
OnProgress = Callable[[Progress], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a campaign ends: after so many seconds or scenarios; None: never."""

    seconds: float | None = None
    cases: int | None = None


@dataclass(slots=True, kw_only=True)
class State:
    """What is written after each round."""

    seed: int
    round: int = 0
    """The next one."""
    scenarios: int = 0
    known: list[list[str]] = field(default_factory=list)
    """Guarantee and smallest scenario of each finding, its labels and tokens numbered in the order of their appearance."""
    misses: dict[str, int] = field(default_factory=dict)
    """Guarantee -> how often in a row it led to what was known."""

    def variants(self, guarantee: str) -> int:
        return sum(id == guarantee for id, _ in self.known)

    def is_settled(self, guarantee: str) -> bool:
        """Whether nothing new is expected of a guarantee."""
        return self.variants(guarantee) >= _VARIANTS or self.misses.get(guarantee, 0) >= _MISSES


def state_path(poller: str, world: str) -> Path:
    """Name the file of a campaign's state: `pollcheck-findings/<poller>-<world>.fuzz`."""
    return Path(FOLDER, f"{plain_name(poller)}-{world}.fuzz")


def read_state(path: Path) -> State | None:
    """Read a state; None where there is none.

    Raises:
        UsageError: the file is no state of format 1.
    """
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {path}: {error}; --seed begins anew") from None
    if not isinstance(tree, dict) or tree.get("format") != FORMAT:
        raise UsageError(f'{path} should hold "format": {FORMAT}; --seed begins anew')
    values: dict[str, Any] = {name: tree.get(name) for name in _FIELDS}
    for name, kind in _FIELDS.items():
        if type(values[name]) is not kind:
            raise UsageError(f"{path}: field {name!r} should be a {kind.__name__}; --seed begins anew")
    return State(**values)


def write_state(path: Path, state: State) -> None:
    """Write a state in one rename: whoever is killed leaves the old one or the new one.

    Raises:
        UsageError: the working directory cannot be written.
    """
    beside = path.with_suffix(".fuzz-new")
    try:
        path.parent.mkdir(exist_ok=True)
        beside.write_text(json.dumps({"format": FORMAT, **asdict(state)}, indent=2) + "\n", encoding="utf-8")
        os.replace(beside, path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}; run in a directory that can be written") from None


class Hunt:
    """The campaign of one poller on one world.

    Args:
        seed: begins anew; None goes on where the state in the working directory ends, or begins with a random seed.

    Raises:
        UsageError: the poller cannot be constructed, or a state cannot be read.
    """

    def __init__(self, target: Target, world: str, crew: Crew, *, seed: int | None = None) -> None:
        self.target, self.world, self.crew = target, world, crew
        try:
            with Child(target.spec, world) as child:
                self.false_claims = probe.false_claims(child)
        except UsageError as error:
            raise UsageError(f"{target.name}: {error}") from None
        self.path = state_path(target.name, world)
        known = read_state(self.path) if seed is None else None
        self.state = known or State(seed=random.SystemRandom().getrandbits(32) if seed is None else seed)
        self.findings: list[Finding] = []
        """What was found since this process began."""
        self.doubts: dict[str, str] = {}
        self.crashes: list[str] = []
        self.now = 0
        """Scenarios since this process began."""
        self._done = 0
        """As far as is known while a round is in progress."""
        self._library: Tally | None = None
        self._whole = Tally()

    @property
    def exit_code(self) -> int:
        """As a run's: 1 for a MUST that is broken, today or in what was taken up again; 3 for what could not be settled."""
        if self.false_claims or any(_is_must(id) for id, _ in self.state.known):
            return EXIT_BROKEN
        return EXIT_UNKNOWN if self.crashes or any(map(_is_must, self.doubts)) else EXIT_KEPT

    def round(self, limits: Limits, ends_at: float | None, on_finding: OnFinding, on_progress: OnProgress) -> None:
        """Do one round; the first of a process begins with the library, which tells causes from consequences."""
        tick = partial(self._tick, limits, on_progress)
        if self._library is None:
            self._library = self._merged(self.crew.do([self._library_job], tick))
            self._confirm(self._library, on_finding)
        self._done = self.now
        tally = self._merged(self.crew.do(list(self._draw_jobs(limits, ends_at)), tick))
        self._confirm(tally, on_finding)
        self.now += tally.planned
        self.state.scenarios += tally.planned
        self.state.round += 1
        write_state(self.path, self.state)

    # ── drawing ─────────────────────────────────────────────────────────────────────────────────────────────

    def _tick(self, limits: Limits, on_progress: OnProgress, count: int) -> None:
        self._done += count
        on_progress(
            Progress(
                poller=self.target.name,
                world=self.world,
                phase=f"round {self.state.round + 1}, findings {len(self.state.known)}",
                done=self._done,
                planned=max(limits.cases or self.now + SHARDS * EACH, self._done),
                suspects=0,
            )
        )

    def _library_job(self) -> Job:
        return self._draw_job(0, None, None)

    def _draw_jobs(self, limits: Limits, ends_at: float | None) -> Iterator[Callable[[], Job]]:
        seeds = random.Random(f"{self.state.seed} {self.state.round}")
        left = SHARDS * EACH if limits.cases is None else min(SHARDS * EACH, limits.cases - self.now)
        for index in range(SHARDS):
            count = min(EACH, max(0, left - index * EACH))
            seed = seeds.getrandbits(64)
            if count:
                yield partial(self._draw_job, seed, count, ends_at)

    def _draw_job(self, seed: int, count: int | None, ends_at: float | None) -> DrawJob:
        return DrawJob(
            spec=self.target.spec,
            world=self.world,
            seed=seed,
            count=count,
            budget=Budget(seconds=None if ends_at is None else max(0.0, ends_at - time.monotonic())),
            avoid=hung_too_often(self._whole.hangs),
        )

    def _merged(self, outcomes: list[Outcome]) -> Tally:
        tally = Tally()
        for outcome in outcomes:
            assert isinstance(outcome, Tally)
            tally.add(outcome)
        self._whole.add(tally)
        self.crashes += tally.crashes
        return tally

    # ── finding ─────────────────────────────────────────────────────────────────────────────────────────────

    def _confirm(self, tally: Tally, on_finding: OnFinding) -> None:
        """Attribute what is new: guarantees that explain what no finding explains, and more variants of those that are known."""
        confirmed = dict.fromkeys(id for id, _ in self.state.known)
        new = responsible(self._library or Tally(), tally, confirmed=confirmed, doubted=self.doubts)
        ids = [id for id in dict.fromkeys([*new, *confirmed]) if id in tally.suspects and not self.state.is_settled(id)]
        suspects: dict[str, tuple[Suspect, ...]] = {id: tuple(tally.suspects[id]) for id in ids}
        if not suspects:
            return
        job = TryJob(
            name=self.target.name,
            spec=self.target.spec,
            world=self.world,
            suspects=suspects,
            budget=_TO_CONFIRM[self.world],
        )
        (outcome,) = self.crew.do([lambda: job], lambda _: None)
        assert isinstance(outcome, Attribution)
        for finding in outcome.findings.values():
            self._found(finding, on_finding)
        self.doubts |= {id: doubt.reason for id, doubt in outcome.doubts.items() if id not in confirmed}

    def _found(self, finding: Finding, on_finding: OnFinding) -> None:
        """Save what is new, and know it from now on."""
        id, key = finding.guarantee, [finding.guarantee, _shape(parse(finding.scenario))]
        if key in self.state.known:
            self.state.misses[id] = self.state.misses.get(id, 0) + 1
            return
        self.state.misses[id] = 0
        self.state.known.append(key)
        finding = replace(finding, variant=self.state.variants(id))
        save(finding)
        write_state(self.path, self.state)
        self.findings.append(finding)
        on_finding(finding)


def _shape(scenario: Scenario) -> str:
    """A scenario but for the numbers that labels and tokens happen to have."""
    labels = {WAKER: WAKER}
    numbers: dict[str, dict[Any, int]] = {"label": labels, "token": {}}

    def renumber(action: Action) -> Action:
        args = []
        for param, arg in zip(action.row.params, action.args, strict=True):
            known = numbers.get(param.name.removeprefix("new "))
            if param is ACTS and arg:
                arg = tuple(map(renumber, arg))
            elif param is FAULT:
                arg = _LABEL.sub(lambda found: str(labels.setdefault(int(found[0]), len(labels))), arg)
            args.append(arg if known is None else known.setdefault(arg, len(known)))
        return Action(action.verb, tuple(args))

    return show(tuple(map(renumber, scenario)))


def _is_must(id: str) -> bool:
    return lookup(id).strength is Strength.MUST


def hunt(hunts: list[Hunt], limits: Limits, *, on_finding: OnFinding, on_progress: OnProgress) -> int:
    """Do round after round, in turn, until a limit or Ctrl-C; answer the exit code."""
    ends_at = None if limits.seconds is None else time.monotonic() + limits.seconds
    try:
        while going := [one for one in hunts if limits.cases is None or one.now < limits.cases]:
            for one in going:
                one.round(limits, ends_at, on_finding, on_progress)
                if ends_at is not None and time.monotonic() >= ends_at:
                    return _worst(hunts)
    except (Interrupted, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    return _worst(hunts)


def _worst(hunts: list[Hunt]) -> int:
    codes = [one.exit_code for one in hunts]
    return EXIT_BROKEN if EXIT_BROKEN in codes else max(codes)
