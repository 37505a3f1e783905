"""What a maintainer is told of each mutant: `python -m tests.quality.messages` writes `messages.txt`, which is read by people.

Each mutant does its own shortest scenario, on the fake world where that can show it, so that equal code prints equal bytes.
"""

from __future__ import annotations

from pathlib import Path

from conformance.child import Child
from conformance.guarantees import lookup
from conformance.mutants import MUTANTS, Mutant
from tests.quality.trial import broken_by

__all__ = ["GOLDEN", "message"]

GOLDEN = Path(__file__).with_name("messages.txt")


def message(mutant: Mutant) -> str:
    """Four lines: who, the guarantee, the scenario, and the sentence."""
    with Child(mutant.spec, "real" if mutant.only_real else "fake") as child:
        fact = broken_by(child, mutant.scenario, [mutant.breaks]).get(mutant.breaks)
    said = f"got {fact.got}, but should be {fact.should_be} [step {fact.step}]" if fact else "not seen"
    return (
        f"{mutant.name}: {mutant.does}\n"
        f"    {mutant.breaks}: {lookup(mutant.breaks).says}\n"
        f"    {mutant.shortest}\n"
        f"    {said}\n"
    )


if __name__ == "__main__":
    GOLDEN.write_text("\n".join(map(message, MUTANTS)), encoding="utf-8")
