"""Performs a program on both kernels and says where they first differ."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.twin.drawing import Below, draw
from tests.twin.program import Call, Program, lines, minimise, show
from tests.twin.worlds import Answer, World, fake_world, perform, real_world

Opener = Callable[[], AbstractContextManager[World]]


@dataclass(frozen=True, slots=True)
class Difference:
    """A program whose call `index` is answered differently; the first one that is."""

    program: Program
    index: int
    real: Answer
    fake: Answer

    def __str__(self) -> str:
        """Print the program up to the difference, and both answers."""
        call = lines(self.program[self.index])[0].removeprefix("show(lambda: ").removesuffix(")")
        return (
            f"{show(self.program[: self.index + 1])}"
            f"# {call}\n#   Linux:    {self.real!r}\n#   fakepoll: {self.fake!r}\n"
        )


@dataclass(frozen=True, slots=True)
class Twins:
    """The two worlds to compare."""

    real: Opener
    fake: Opener

    def compare(self, program: Program) -> Difference | None:
        """Perform a program on both and give the first difference."""
        with self.real() as world:
            real = perform(world, program)
        return self.check(program, real)

    def draw(self, below: Below, family: str, length: int) -> tuple[Program, list[Answer]]:
        """Draw a program while performing it on the real kernel; give both."""
        answers: list[Answer] = []

        def perform_one(call: Call) -> Answer:
            answers.append(world.perform(call))
            return answers[-1]

        with self.real() as world:
            return draw(below, family, length, perform_one), answers

    def check(self, program: Program, real: list[Answer]) -> Difference | None:
        """Perform a program on the fake and compare with what the real kernel answered."""
        with self.fake() as world:
            for index, (call, left) in enumerate(zip(program, real, strict=True)):
                right = world.perform(call)
                if left != right:
                    return Difference(program, index, left, right)
        return None

    def shrink(self, difference: Difference) -> Difference:
        """Delete what the difference does not need."""
        best = difference

        def still_differs(program: Program) -> bool:
            nonlocal best
            found = self.compare(program)
            if found is None:
                return False
            best = found
            return True

        minimise(difference.program[: difference.index + 1], still_differs)
        return best


def twins(base: int, room: int | None = None) -> Twins:
    """Compare this machine's kernel with a fresh fake one; both number from `base`, with `room` for so many fds."""
    end = None if room is None else base + room
    return Twins(lambda: real_world(end), lambda: fake_world(base, end))
