"""One factory per mutant and honest variant, by name: `pollcheck run conformance.mutants.factories:reads_a_byte`."""

from __future__ import annotations

from conformance.mutants import FACTORIES
from conformance.mutants.rows import Factory


def __getattr__(name: str) -> Factory:
    try:
        return FACTORIES[name]
    except KeyError:
        raise AttributeError(name) from None


def __dir__() -> list[str]:
    return sorted(FACTORIES)
