"""Plainer scenarios for the same failure: where nothing can be left out any more, something else may do in its place.

| in the place of | may stand |
|---|---|
| any file | an AF_UNIX pair, which can do what the others can |
| bytes that are sent so that a file can be read | the file's readiness to be written |
| two pairs | the two ends of one |
| several polls in a row | a `rest`, or a `settle` |

Each candidate is shorter or plainer than what it stands for, so that whoever takes the ones that still fail comes to an end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import count

from conformance.actions import ACTIONS, Action
from conformance.protocol import Interest
from conformance.scenario import Scenario

__all__ = ["with_fewer_pairs", "with_fewer_polls", "with_pairs", "without_input"]

_PAIR = "unix"
_FILES = ("tcp", "udp", "pipe", "eventfd", "listen", "fresh")
_INPUT = ("send", "recv", "peek", "drain")
_DEEDS = tuple(verb for verb, row in ACTIONS.items() if not (row.opens or row.calls or row.polls))
"""What is done to files."""
_POLLS = ("poll", "settle", "rest")
_IN_ONE = (Action.parse("rest 0.9ms"), Action.parse("settle"))
Change = Callable[[Action], Action | None]


def with_pairs(scenario: Scenario) -> Iterator[Scenario]:
    """One file after the other becomes an end of a pair; what came to it by itself is sent from the other end."""
    for opener in _every(scenario):
        if opener.verb in _FILES:
            used = [label for action in _every(scenario) for label in action.labels]
            other = opener.args[1] if len(opener.args) > 1 else next(one for one in count(1) if one not in used)
            yield _changed(scenario, partial(_pairing, opener=opener, other=other))


def _pairing(action: Action, *, opener: Action, other: int) -> Action | None:
    label = opener.args[0]
    if action == opener:
        return Action(_PAIR, (label, other))
    if opener.verb == "eventfd" and action.verb == "send" and action.label == label:
        return Action("send", (other, action.args[1]))
    if action.verb in ("connect", "accept") and label in action.labels:
        return Action("send", (other, 1)) if action.args == (action.args[0], label) else None
    return action


def without_input(scenario: Scenario) -> Iterator[Scenario]:
    """What is registered for reading is for writing: all that is done to files may go, or at least the input."""
    for needless in (_DEEDS, _INPUT):
        changed = _changed(scenario, partial(_writing, needless=needless))
        if len(changed) < len(scenario):
            yield changed


def _writing(action: Action, *, needless: Sequence[str]) -> Action | None:
    if action.verb in needless:
        return None
    if action.verb in ("register", "reregister") and action.args[2] == Interest.READABLE:
        label, token, _, trigger = action.args
        return Action(action.verb, (label, token, Interest.WRITABLE, trigger))
    return action


def with_fewer_pairs(scenario: Scenario) -> Iterator[Scenario]:
    """An end of one pair stands for one of another."""
    pairs = [action for action in _every(scenario) if action.verb == _PAIR]
    for gone in pairs:
        rest = _changed(scenario, partial(_without, gone=gone))
        for old in gone.args:
            for new in (label for pair in pairs if pair != gone for label in pair.args):
                yield _changed(rest, partial(Action.relabelled, labels={old: new}))


def _without(action: Action, *, gone: Action) -> Action | None:
    return None if action == gone else action


def with_fewer_polls(scenario: Scenario) -> Iterator[Scenario]:
    """One step in the place of polls that follow each other."""
    begin = 0
    for end in range(len(scenario) + 1):
        if end < len(scenario) and scenario[end].verb in _POLLS:
            continue
        if end - begin > 1:
            for one in _IN_ONE:
                yield (*scenario[:begin], one, *scenario[end:])
        begin = end + 1


def _every(scenario: Scenario) -> Iterator[Action]:
    """The actions, and those within them."""
    for action in scenario:
        yield action
        yield from action.acts


def _changed(scenario: Scenario, change: Change) -> Scenario:
    """Change every action, also those within others; None leaves it out."""
    changed: list[Action] = []
    for action in scenario:
        one = change(action)
        if one is not None and one.acts:
            one = replace(one, args=(*one.args[:-1], _changed(one.acts, change) or None))
        if one is not None:
            changed.append(one)
    return tuple(changed)
