"""The sentences by which mutants are accused: reviewed once, in `messages.txt`, and again whenever one changes."""

from __future__ import annotations

import pytest

from conformance.mutants import MUTANTS, Mutant
from tests.quality.messages import GOLDEN, message

READ = GOLDEN.read_text(encoding="utf-8").split("\n\n")
SAMPLE = 16
"""Each so many-th is compared in every run, the rest where slow tests are."""
SLOW = [mutant for index, mutant in enumerate(MUTANTS) if index % SAMPLE]


def test_each_mutant_has_its_message() -> None:
    """In the order of the table; `python -m tests.quality.messages` writes them all."""
    assert [text.partition(":")[0] for text in READ] == [mutant.name for mutant in MUTANTS]


@pytest.mark.parametrize("mutant", MUTANTS[::SAMPLE], ids=lambda mutant: mutant.name)
def test_the_message_is_the_one_that_was_reviewed(mutant: Mutant) -> None:
    """A change shows in the diff of a file that people read."""
    assert message(mutant).rstrip("\n") in [text.rstrip("\n") for text in READ]


@pytest.mark.slow
@pytest.mark.parametrize("mutant", SLOW, ids=lambda mutant: mutant.name)
def test_every_message_is_the_one_that_was_reviewed(mutant: Mutant) -> None:
    """The rest of them."""
    assert message(mutant).rstrip("\n") in [text.rstrip("\n") for text in READ]
