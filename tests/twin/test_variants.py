"""The twin test notices a kernel with a wrong rule: what it cannot notice, nobody can."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.twin.variants import VARIANTS, Trial, Variant, in_force, prepare
from tests.twin.worlds import contiguous

PROGRAMS = 200
FEW = 12


@pytest.fixture(scope="module")
def trial() -> Iterator[Trial]:
    """Random programs with this machine's answers."""
    with contiguous() as base:
        yield prepare(base, PROGRAMS)


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.rule)
def test_variant_is_noticed(variant: Variant, trial: Trial) -> None:
    """Each wrong rule shows within a hundred thousand calls, but for those whose row says why it never can."""
    calls, difference = trial.notice(variant)
    if variant.unseen:
        assert difference is None, f"noticed after {calls} calls, so this is no explanation: {variant.unseen}"
    else:
        assert difference is not None, f"not noticed in {calls} calls"


def test_enough_variants_can_be_noticed() -> None:
    """Issue 3: at least 20 variants, of which 18 or more are noticed."""
    assert len([variant for variant in VARIANTS if not variant.unseen]) >= 18
    assert len({variant.rule for variant in VARIANTS}) == len(VARIANTS) >= 20


@pytest.mark.parametrize(
    "rule",
    [
        "MOD does not arm again",
        "a one-shot item stays armed",
        "a pipe at its end is readable",
        "connect succeeds at once",
    ],
)
def test_difference_shrinks_to_a_few_calls(rule: str, trial: Trial) -> None:
    """What is printed is a program that a person can follow; opening a connection takes most of its calls."""
    (variant,) = [variant for variant in VARIANTS if variant.rule == rule]
    _, found = trial.notice(variant)
    assert found is not None
    with in_force(variant):
        small = trial.pair.shrink(found)
    assert len(small.program[: small.index + 1]) <= FEW, str(small)


def test_variant_is_undone() -> None:
    """After the block the kernel follows its own rules again."""
    from fakepoll.epoll import Item

    before = Item.wake
    with in_force(VARIANTS[0]):
        assert Item.wake is not before
    assert Item.wake is before
