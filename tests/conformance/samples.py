"""Hand-made verdicts and reports, and a campaign that answers with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from conformance.campaign import Plan, Progress
from conformance.guarantees import catalogue
from conformance.protocol import Capability
from conformance.verdict import Finding, PollerReport, Report, Result, Strength, Verdict

BASIC = Capability.LEVEL | Capability.WRITABLE

_ROWS = [row for row in catalogue() if row.check is not None]
MUST, OTHER_MUST = [row.id for row in _ROWS if row.strength is Strength.MUST and not row.needs][:2]
"""Two checked guarantees of the real catalogue that apply to every poller."""
SHOULD = next(row.id for row in _ROWS if row.strength is Strength.SHOULD and not row.needs & ~BASIC)


def found(guarantee: str = "EDG-01", *, poller: str = "mine", world: str = "real") -> Finding:
    """Make a finding."""
    return Finding(
        guarantee=guarantee,
        poller=poller,
        world=world,
        step=3,
        got="no event",
        should_be="token 1 READABLE",
        scenario="pipe 1 2\nregister 1 1 r level\npoll 0",
        trace=("1 pipe 1 2", "2 register 1 1 r level", "3 poll 0 -> []"),
        seen=5,
        control=0,
        reruns=5,
    )


def result(
    guarantee: str = "EDG-01",
    verdict: Verdict = Verdict.KEPT,
    strength: Strength = Strength.MUST,
    *,
    poller: str = "mine",
    world: str = "real",
) -> Result:
    """Make a result, with its finding if it is broken and a reason if it is not settled."""
    return Result(
        guarantee=guarantee,
        strength=strength,
        verdict=verdict,
        exercised=7,
        reason="" if verdict in (Verdict.KEPT, Verdict.BROKEN) else "seen 1 of 5",
        finding=found(guarantee, poller=poller, world=world) if verdict is Verdict.BROKEN else None,
    )


def part(
    *results: Result, poller: str = "mine", world: str = "real", false_claims: tuple[str, ...] = ()
) -> PollerReport:
    """Make what a run says of one poller on one world."""
    return PollerReport(
        poller=poller,
        world=world,
        capabilities=BASIC,
        emulated=Capability.LEVEL,
        results=results,
        false_claims=false_claims,
        scenarios=120,
        planned=200,
        quality=(("needless events", 4),),
        fell=(("late", 2), ("wake", 1)) if world == "fake" else (),
    )


def report(*parts: PollerReport, interrupted: bool = False) -> Report:
    """Make a report of these parts."""
    return Report(profile="quick", seed=42, pollers=parts, interrupted=interrupted)


def campaign_of(
    verdicts: Mapping[str, Verdict] | None = None,
    *,
    false_claims: tuple[str, ...] = (),
    interrupted: bool = False,
    plans: list[Plan] | None = None,
) -> Callable[..., Report]:
    """Make a campaign that says what it is told of these guarantees, and kept of the others."""

    def run(
        plan: Plan,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        on_finding: Callable[[Finding], object] | None = None,
    ) -> Report:
        if plans is not None:
            plans.append(plan)
        parts = []
        for target in plan.targets:
            for world in plan.worlds:
                results = tuple(
                    result(
                        row.id,
                        (verdicts or {}).get(row.id, Verdict.KEPT),
                        row.strength,
                        poller=target.name,
                        world=world,
                    )
                    for row in _ROWS
                    if not plan.only or row.id in plan.only
                )
                parts.append(part(*results, poller=target.name, world=world, false_claims=false_claims))
        made = Report(profile=plan.profile, seed=plan.seed, pollers=tuple(parts), interrupted=interrupted)
        for finding in made.findings:
            if on_finding is not None:
                on_finding(finding)
        return made

    return run
