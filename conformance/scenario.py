"""Scenario: a tuple of actions that prints, parses and stores; every sub-sequence is a scenario.

That last property is what makes shrinking deletion: an action that does not apply to what is left is skipped and recorded, never an
error. So a scenario needs no well-formedness beyond that of its lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from conformance.actions import Action, BadScenario

__all__ = ["Scenario", "parse", "show"]

Scenario = tuple[Action, ...]

_COMMENT = re.compile(r"(?:^|(?<=\s))#")
"""Not any `#`: names of files have one, `label2#1`."""


def parse(text: str | Iterable[str]) -> Scenario:
    """Read a scenario: one action a line, or several on a line parted by `;`. Blank lines are skipped, and comments, which begin
    with a `#` that follows a blank or nothing.

    Raises:
        BadScenario: a line is no action.
    """
    lines = text.splitlines() if isinstance(text, str) else list(text)
    if not all(isinstance(line, str) for line in lines):
        raise BadScenario("a scenario should be lines of text")
    parts = (part.strip() for line in lines for part in _COMMENT.split(line, maxsplit=1)[0].split(";"))
    return tuple(Action.parse(part) for part in parts if part)


def show(scenario: Scenario) -> str:
    """Print it, one action a line; `parse` gives it back."""
    return "\n".join(map(str, scenario))
