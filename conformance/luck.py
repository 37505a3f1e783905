"""Luck: the faults of a scenario, drawn from a seed or written one by one.

    faults 4711                                 whatever this seed draws, from the first action on
    fault recv@label2#1[3] = arrive(2)          the third recv on the file of label 2: two bytes have arrived

A scenario is drawn with a seed. What fell in its run stands in the history, and can be written in the seed's place: from then on each
fault is a step, which can be left out like any other. Where a fault is written, no seed is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from conformance.actions import Action
from conformance.scenario import Scenario

__all__ = ["Luck", "kind_of", "luck_of", "spell_out"]


@dataclass(frozen=True, slots=True)
class Luck:
    """A seed, or faults in the spelling of `fakepoll.Schedule`; never both."""

    seed: int | None = None
    faults: tuple[str, ...] = ()


def luck_of(scenario: Iterable[Action]) -> Luck | None:
    """What a scenario says of its luck; None where nothing is to befall it."""
    actions = list(scenario)
    if written := tuple(action.args[0] for action in actions if action.verb == "fault"):
        return Luck(faults=written)
    return next((Luck(seed=action.args[0]) for action in actions if action.verb == "faults"), None)


def kind_of(fault: str) -> str:
    """The kind of a fault that fell: `arrive`."""
    return fault.partition(" = ")[2].partition("(")[0]


def spell_out(scenario: Scenario, fell: Iterable[str]) -> Scenario:
    """The same scenario with the faults that fell in the place of their seed."""
    return (*(Action("fault", (line,)) for line in fell), *(action for action in scenario if action.verb != "faults"))
