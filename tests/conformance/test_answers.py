"""What a poller answers may be of a class of its own that raises whenever it is looked at: it is described all the same."""

from __future__ import annotations

import pytest

from conformance.answers import part_events, part_result, show_error


class Shy:
    """Cannot be printed."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


class Mute(Exception):
    """Cannot be printed either."""

    def __str__(self) -> str:
        raise RuntimeError("no")


class Thorny(int):
    """An int that answers nothing."""

    def __int__(self) -> int:
        raise RuntimeError("no")

    def __and__(self, _: int) -> int:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "answer", [Shy(), [Shy()], [(Shy(), 1)], [(Thorny(7), Thorny(1))], [(10**5000, 1)], [(7, 10**5000)]]
)
def test_what_cannot_be_read_is_a_flaw(answer: object) -> None:
    """It is no event, one short line says so, and nothing is raised."""
    events, flaws = part_result(answer)
    assert not events
    assert len(flaws) == 1
    assert len(flaws[0]) <= 160


def test_an_int_of_another_class_is_an_int() -> None:
    """Only its value counts."""

    class Odd(int):
        def __int__(self) -> int:
            raise RuntimeError("no")

    assert part_events([(Odd(7), Odd(1))]) == (((7, 1),), ())


def test_an_exception_that_cannot_be_printed() -> None:
    """Its class is told."""
    assert show_error(Mute()) == "Mute(<Mute, which cannot be printed: RuntimeError>)"


def test_control_characters_are_escaped() -> None:
    """A NUL is no argument of a program, half a surrogate pair no UTF-8, and an escape sequence paints the report."""
    assert show_error(ValueError("\udcff\x1b[31m\x00 é")) == r"ValueError(\udcff\x1b[31m\x00 é)"
