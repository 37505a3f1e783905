"""Rows without a check, each with the reason. They hold their IDs, so that a check can be added later."""

from __future__ import annotations

from conformance.guarantees import Guarantee
from conformance.protocol import Capability
from conformance.verdict import Strength

MUST, SHOULD = Strength.MUST, Strength.SHOULD

UNCHECKED = (
    Guarantee(
        id="LIF-11",
        strength=SHOULD,
        says="A blocking file stays blocking.",
        why="a program that hands a blocking fd to a loop finds it changed afterwards",
        source="pollcheck contract",
        unchecked="scenarios register non-blocking files only",
    ),
    Guarantee(
        id="USR-15",
        strength=MUST,
        says="set_readiness orders no other memory access.",
        why="a reader of shared state needs its own synchronisation",
        source="mio:CUS-06",
        needs=Capability.USER_READINESS,
        unchecked="Python's own memory model hides it",
    ),
)
