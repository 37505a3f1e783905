"""Rows: what a mutant does wrong and what must catch it; what an honest variant is free to do; the factories of both.

A row stands directly above its class, as a guarantee's stands above its check; the class's docstring is the row's sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from conformance.loading import load, resolve
from conformance.mutants.wrapper import Wrapper
from conformance.scenario import Scenario, parse

__all__ = ["HONEST_POLLER", "Factory", "Honest", "Mutant", "honest", "honest_rows", "mutant", "mutant_rows"]

HONEST_POLLER = "reference"
"""The poller that is wrapped, by entry point."""
_PACKAGE = __name__.rpartition(".")[0]


@dataclass(frozen=True)
class Factory:
    """make() for one wrapper class; it lives wherever the honest poller does, on either world."""

    wrapper: type[Wrapper]

    def __call__(self) -> Wrapper:
        return self.wrapper(load(resolve(HONEST_POLLER).spec)())

    @cached_property
    def fake_modules(self) -> tuple[str, ...]:
        """The modules that reach the kernel: those of the honest poller, and each in which a class of ours is written."""
        ours = dict.fromkeys(cls.__module__ for cls in self.wrapper.__mro__ if cls.__module__.startswith(_PACKAGE))
        target = resolve(HONEST_POLLER)
        return (target.spec.partition(":")[0], *target.fake_modules, *ours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A poller with one lie."""

    name: str
    does: str
    """What it does wrong, in one sentence."""
    history: str
    """The bug that inspired it: project and issue; or the documented item that no test of its project asks about."""
    breaks: str
    """The guarantee by which it must be caught."""
    neighbours: tuple[str, ...]
    """At most two more that are as good."""
    shortest: str
    """A scenario by hand; its length is the yardstick of shrinking."""
    factory: Factory
    only_real: str = ""
    """Why the fake world cannot show it; empty where it can."""

    @property
    def spec(self) -> str:
        """`module:attribute`, for `pollcheck run`."""
        return f"{_PACKAGE}.factories:{self.name}"

    @property
    def scenario(self) -> Scenario:
        return parse(self.shortest)

    @property
    def accepted(self) -> tuple[str, ...]:
        """Every guarantee by which it may be caught."""
        return (self.breaks, *self.neighbours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Honest:
    """A correct poller that uses one freedom to the full."""

    name: str
    does: str
    """The freedom, in one sentence."""
    source: str
    """Where it is granted."""
    factory: Factory

    @property
    def spec(self) -> str:
        """`module:attribute`, for `pollcheck run`."""
        return f"{_PACKAGE}.factories:{self.name}"


_Class = TypeVar("_Class", bound=type[Wrapper])
_mutants: list[Mutant] = []
_honest: list[Honest] = []


def mutant(
    breaks: str, history: str, shortest: str, *neighbours: str, only_real: str = ""
) -> Callable[[_Class], _Class]:
    """Enter the decorated class into the table of mutants."""

    def enter(cls: _Class) -> _Class:
        row = Mutant(
            name=_name(cls),
            does=_sentence(cls),
            history=history,
            breaks=breaks,
            neighbours=neighbours,
            shortest=shortest,
            factory=Factory(cls),
            only_real=only_real,
        )
        _mutants.append(row)
        return cls

    return enter


def honest(source: str) -> Callable[[_Class], _Class]:
    """Enter the decorated class into the table of honest variants."""

    def enter(cls: _Class) -> _Class:
        _honest.append(Honest(name=_name(cls), does=_sentence(cls), source=source, factory=Factory(cls)))
        return cls

    return enter


def mutant_rows() -> tuple[Mutant, ...]:
    """What was entered so far, in the order of the files."""
    return tuple(_mutants)


def honest_rows() -> tuple[Honest, ...]:
    """What was entered so far, in the order of the file."""
    return tuple(_honest)


def _name(cls: type[Wrapper]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


def _sentence(cls: type[Wrapper]) -> str:
    return (cls.__doc__ or "").partition("\n\n")[0].replace("\n", " ").strip()
