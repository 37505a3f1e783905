"""Delete steps, simplify arguments, and put plainer steps in the place of what is left, while the same guarantee stays broken.

Works on any predicate. Because every sub-sequence of a scenario is a scenario, halves, quarters, single steps and pairs can be tried
blindly (delta debugging); an attempt costs one run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from conformance.actions import ACTS, CAPACITY, Action
from conformance.scenario import Scenario
from conformance.substitution import with_fewer_pairs, with_fewer_polls, with_pairs, without_input

__all__ = ["minimise"]

StillFails = Callable[[Scenario], bool]
_PAIRS_UP_TO = 10
"""Steps up to which every pair is tried: a register and its deregister can only go together."""


def minimise(scenario: Scenario, still_fails: StillFails, *, may_go_on: Callable[[], bool] = lambda: True) -> Scenario:
    """Find a scenario from which nothing can be taken away; the best one so far when `may_go_on` says stop."""
    before: Scenario | None = None
    while scenario != before:
        # what went as a pair, or became simpler, may have been all that kept another step
        before = scenario
        for candidates in _PASSES:
            scenario = _descend(scenario, candidates, still_fails, may_go_on)
    for lifted in _lifted(scenario):
        if may_go_on() and still_fails(lifted):
            shorter = minimise(lifted, still_fails, may_go_on=may_go_on)
            if len(shorter) < len(scenario):
                return shorter
    return scenario


def _descend(
    scenario: Scenario,
    candidates: Callable[[Scenario], Iterator[Scenario]],
    still_fails: StillFails,
    may_go_on: Callable[[], bool],
) -> Scenario:
    """Take the first candidate that still fails, and begin again from it, until none does."""
    progress = True
    while progress:
        progress = False
        for candidate in candidates(scenario):
            if not may_go_on():
                return scenario
            if still_fails(candidate):
                scenario, progress = candidate, True
                break
    return scenario


def _without_chunks(scenario: Scenario) -> Iterator[Scenario]:
    """Everything but a half, a quarter, ... a single step; from the end, where what no longer matters stands."""
    size = len(scenario) // 2 or 1
    while scenario:
        for stop in range(len(scenario), 0, -size):
            yield scenario[: max(0, stop - size)] + scenario[stop:]
        if size == 1:
            return
        size //= 2


def _without_pairs(scenario: Scenario) -> Iterator[Scenario]:
    if len(scenario) > _PAIRS_UP_TO:
        return
    for second in range(len(scenario) - 1, 0, -1):
        for first in range(second - 1, -1, -1):
            yield tuple(action for index, action in enumerate(scenario) if index not in (first, second))


def _folded(scenario: Scenario) -> Iterator[Scenario]:
    """Register at once as a later reregister asks for."""
    for later, action in enumerate(scenario):
        for earlier in range(later) if action.verb == "reregister" else ():
            if scenario[earlier].verb == "register" and scenario[earlier].label == action.label:
                folded = Action("register", action.args)
                yield (*scenario[:earlier], folded, *scenario[earlier + 1 : later], *scenario[later + 1 :])


def _with_simpler_arguments(scenario: Scenario) -> Iterator[Scenario]:
    for index, action in enumerate(scenario):
        for place, param in enumerate(action.row.params):
            if param is ACTS:
                if len(acts := action.args[place] or ()) == 1:
                    yield (*scenario[:index], *acts, *scenario[index + 1 :])  # it need not happen within a step
                for shorter in _shorter(acts):
                    fewer = Action(action.verb, (*action.args[:place], shorter))
                    yield (*scenario[:index], fewer, *scenario[index + 1 :])
                continue
            if param is CAPACITY and (action.args[place] or 0) > 1:
                lower = Action(action.verb, (*action.args[:place], action.args[place] - 1, *action.args[place + 1 :]))
                yield (*scenario[:index], lower, *scenario[index + 1 :])
            is_simple = action.args[place] == param.simplest
            if is_simple or (param.simplest is None and not param.optional):
                continue
            simpler = Action(action.verb, (*action.args[:place], param.simplest, *action.args[place + 1 :]))
            yield (*scenario[:index], simpler, *scenario[index + 1 :])


def _lifted(scenario: Scenario) -> Iterator[Scenario]:
    """What happens within a step, as steps of its own: more of them, of which more may go."""
    for index, action in enumerate(scenario):
        if action.acts:
            yield (*scenario[:index], *action.acts, *scenario[index + 1 :])


def _shorter(acts: Scenario) -> Iterator[Scenario | None]:
    """Each way to leave out one of the actions that happen within a step; None where none is left."""
    for index in range(len(acts)):
        yield (*acts[:index], *acts[index + 1 :]) or None


_PASSES = (
    _without_chunks,
    _without_pairs,
    _folded,
    _with_simpler_arguments,
    with_fewer_polls,
    without_input,
    with_pairs,
    with_fewer_pairs,
)
"""What is tried, in this order; what costs the fewest attempts for each step that it saves comes first."""
