"""A schedule: which faults fell where, as a text that people read, write, and run again.

    recv@client#1[3] = arrive(2)
    epoll_wait@epoll#1[7] = reset(client#1)

One line per fault. A site is the n-th call of that name on that file, not the n-th of the whole run, so a schedule
survives edits elsewhere in the program. An equal program under an equal schedule runs equally, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fakepoll.faults import END, KINDS, MENUS, Fault, Site

LINE = re.compile(r"(\w+)(?:@([\w.-]+#\d+))?\[([1-9]\d*)\]\s*=\s*(\w+)(?:\((-?\d+|[\w.-]+#\d+)\))?")


@dataclass(frozen=True, slots=True)
class Schedule:
    """Faults and their sites, in the order in which they fell or were written; a value.

    `str()` gives the text form, `Schedule.parse` reads it. Given to `Kernel(faults=...)` it is run again.
    """

    lines: tuple[tuple[Site, Fault], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read the text form; empty lines and those that begin with `#` say nothing.

        Raises:
            ValueError: a line that is none, an unknown call or kind, two faults at one site; names the line.
        """
        found: dict[Site, Fault] = {}
        for number, line in enumerate(text.splitlines(), 1):
            stripped = line.strip()
            if not stripped or stripped.startswith("#"):
                continue
            try:
                site, fault = _parse_line(stripped)
                if site in found:
                    raise ValueError("a second fault at this site")
            except ValueError as error:
                raise ValueError(f"line {number}, {stripped!r}: {error}") from None
            found[site] = fault
        return cls(tuple(found.items()))

    def __str__(self) -> str:
        return "".join(f"{site} = {fault}\n" for site, fault in self.lines)

    def __repr__(self) -> str:
        return f"Schedule.parse({str(self)!r})"

    def __len__(self) -> int:
        return len(self.lines)

    def __iter__(self) -> Iterator[tuple[Site, Fault]]:
        return iter(self.lines)

    def counts(self) -> dict[str, int]:
        """Count the faults by kind; every kind of the table is there, in its order."""
        kinds = [fault.kind for _, fault in self.lines]
        return {kind: kinds.count(kind) for kind in KINDS}

    def require(self, kind: str, times: int = 1) -> None:
        """Raise AssertionError unless at least `times` faults of this kind fell: a test that saw none proves nothing."""
        seen = self.counts()[kind]
        assert seen >= times, f"{kind} fell {seen} times, but should have fallen at least {times} times"

    def ended(self) -> bool:
        """Tell whether a connection was ended by a fault, so that less than everything may arrive."""
        return any(KINDS[fault.kind].family == END for _, fault in self.lines)

    def without(self, index: int) -> Schedule:
        """Leave one line out."""
        return Schedule(self.lines[:index] + self.lines[index + 1 :])

    def minimise(self, still_fails: Callable[[Schedule], bool]) -> Schedule:
        """Leave out line after line, the last first, as long as `still_fails(schedule)`; none can be spared then."""
        smallest, changed = self, True
        while changed:
            changed = False
            for index in reversed(range(len(smallest))):
                smaller = smallest.without(index)
                if still_fails(smaller):
                    smallest, changed = smaller, True
        return smallest


def _parse_line(line: str) -> tuple[Site, Fault]:
    match = LINE.fullmatch(line)
    if match is None:
        raise ValueError("should be like recv@client#1[3] = arrive(2)")
    call, file, nth, kind, argument = match.groups()
    if call not in MENUS:
        raise ValueError(f"no fault falls at {call!r}; it does at {', '.join(MENUS)}")
    if kind not in KINDS:
        raise ValueError(f"no kind {kind!r}; there are {', '.join(KINDS)}")
    if KINDS[kind] not in MENUS[call]:
        raise ValueError(f"{kind} does not fall at {call}")
    number = argument is not None and "#" not in argument
    return Site(call, file or "", int(nth)), Fault(kind, int(argument) if number else argument)


class Written:
    """The decisions of a schedule; what has not fallen is `unused`."""

    def __init__(self, schedule: Schedule) -> None:
        self._left = dict(schedule.lines)

    def decide(self, site: Site) -> Fault | None:
        """Give the fault that is written for this site, once, if it is possible there."""
        fault = self._left.get(site)
        if fault is None or fault.kind not in site.possible:
            return None
        return self._left.pop(site)

    @property
    def unused(self) -> Schedule:
        """What is written and was never asked for, or not possible when it was."""
        return Schedule(tuple(self._left.items()))
