"""Draws programs that make sense: every call finds a slot of the kind it takes.

The drawing knows kinds and slots, not what a kernel would answer: an accept that finds nobody
leaves its slot empty, and the calls on it are skipped on both kernels alike. `below(n)` is the
only source of chance, so that the plain generator and Hypothesis draw from the same grammar.
"""

from __future__ import annotations

import errno
import select
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate

from tests.twin.calls import (
    ASKED,
    FAMILIES,
    NAMES,
    OPENINGS,
    PRIVATE,
    ROWS,
    File,
    Mask,
    MaskMenu,
    Menu,
    Number,
    Numbers,
    Row,
)
from tests.twin.program import Call, Program, Value

Below = Callable[[int], int]
Perform = Callable[[Call], object]
MOST_FILES = 14
REFUSED = tuple(number for number in errno.errorcode if number != errno.EINPROGRESS)
LISTENING = ("listening", "called")
MOST_BYTES, MOST_SEGMENTS = 28_000, 50
ASKED_BITS = tuple(getattr(select, f"EPOLL{name}") for name in ASKED)
PRIVATE_BITS = tuple(getattr(select, f"EPOLL{name}") for name in PRIVATE)


@dataclass(slots=True)
class Plan:
    """What the drawing knows of the program so far."""

    below: Below
    slots: int = 0
    kind: dict[int, str] = field(default_factory=dict)
    open: dict[int, None] = field(default_factory=dict)
    state: dict[int, str] = field(default_factory=dict)
    pairs: dict[tuple[Value, Value], None] = field(default_factory=dict)
    spent: dict[int, tuple[int, int]] = field(default_factory=dict)
    name: dict[int, Value] = field(default_factory=dict)
    callers: dict[int, int] = field(default_factory=dict)

    def pick(self, kinds: frozenset[str], wants: str = "", *, strict: bool = False) -> int | None:
        """Choose an open slot of one of these kinds, mostly in the state that is wanted."""
        found = [slot for slot in self.open if self.kind[slot] in kinds]
        if wants and self.below(64 if strict else 8):
            wanted = [slot for slot in found if self.state.get(slot) == wants]
            found = wanted if strict else wanted or found
        return found[self.below(len(found))] if found else None

    def pick_named(self, kinds: frozenset[str]) -> int | None:
        """Choose an open slot that has an address, mostly one that listens."""
        found = [s for s in self.open if self.kind[s] in kinds and self.state[s] != "fresh"]
        if self.below(8) < 7:
            found = [slot for slot in found if self.state[slot] in LISTENING] or found
        return found[self.below(len(found))] if found else None

    def pick_name(self, take: Menu) -> Value:
        """Choose the name of an AF_UNIX socket, mostly one that listens."""
        known = [
            name for slot, name in self.name.items() if self.kind[slot] == "dgram" or self.state[slot] in LISTENING
        ]
        if known and self.below(4) < 3:
            return known[self.below(len(known))]
        value = take.values[self.below(len(take.values))]
        assert isinstance(value, int)
        return value

    def pick_number(self, kinds: frozenset[str]) -> int | None:
        """Choose a slot for its number; now and then one that is closed."""
        if self.below(16) < 15:
            return self.pick(kinds)
        found = [s for s, kind in self.kind.items() if kind in kinds and s not in self.open]
        return found[self.below(len(found))] if found else None


def draw(below: Below, family: str, length: int, perform: Perform | None = None) -> Program:
    """Draw a program of this many calls; `perform` tells the drawing what each call answered."""
    plan = Plan(below)
    openings = OPENINGS[family]
    chosen = {list(openings)[below(len(openings))]: None}
    chosen |= {name: None for name in openings if below(5) == 4}
    rows = [row for row in FAMILIES[family] if row.name in chosen or row.name not in openings]
    totals = list(accumulate(int(row.weight * 10) for row in rows))
    start = ["epoll", *(name for origin in chosen for name in openings[origin])]
    program: list[Call] = []
    while len(program) < length:
        row = ROWS[start.pop(0)] if start else rows[bisect(totals, below(totals[-1]))]
        call = _drawn(plan, row)
        if call is None:
            continue
        program.append(call)
        plan.slots += len(call.out)
        answer = None if perform is None else perform(call)
        if not isinstance(answer, str) and not (row.calls and answer in REFUSED):
            _settled(plan, call)
    return tuple(program)


def _drawn(plan: Plan, row: Row) -> Call | None:
    """Draw one call of this row; None where nothing fits it."""
    if row.makes and len(plan.open) >= MOST_FILES:
        return None
    args: list[Value] = []
    for index in range(len(row.takes)):
        value = _argument(plan, row, index)
        if value is None:
            return None
        args.append(value)
    if row.pair and plan.below(8) < 7:
        _pair(plan, row, args)
    if row.meets and len(args) > 1 and args[0] == args[-1]:
        return None  # a socket that connects to itself: a simultaneous open
    if row.bulk is not None and not _affordable(plan, args[0], args[row.bulk]):
        return None
    return Call(row.name, tuple(args), tuple(range(plan.slots, plan.slots + len(row.makes))))


def _argument(plan: Plan, row: Row, index: int) -> Value | None:
    """Draw one argument; None where no slot fits it."""
    take = row.takes[index]
    match take:
        case File():
            files = [i for i, other in enumerate(row.takes) if isinstance(other, File)]
            if row.meets and index == files[-1]:
                return plan.pick_named(take.kinds)
            wants = row.wants if index == 0 else ""
            return plan.pick(take.kinds, wants, strict=bool(row.makes))
        case Number():
            return plan.pick_number(take.kinds)
        case Numbers():
            slots = (plan.pick(take.kinds) for _ in range(plan.below(4)))
            return tuple(slot for slot in slots if slot is not None)
        case Menu() if take is NAMES and not row.binds:
            return plan.pick_name(take)
        case Menu():
            value = take.values[plan.below(len(take.values))]
            assert isinstance(value, int)
            return value
        case MaskMenu():
            return _mask(plan.below, private=take.private)


def _pair(plan: Plan, row: Row, args: list[Value]) -> None:
    """Make (epoll, fd) a pair that is known, or new, as the row would have it."""
    first, second = row.takes[:2]
    assert isinstance(first, File)
    assert isinstance(second, Number)
    if row.pair == "known":
        known = [pair for pair in plan.pairs if pair[0] in plan.open]
        if known:
            args[:2] = known[plan.below(len(known))]
        return
    new = [
        (epoll, fd)
        for epoll in plan.open
        if plan.kind[epoll] in first.kinds
        for fd in plan.open
        if plan.kind[fd] in second.kinds and fd != epoll and (epoll, fd) not in plan.pairs
    ]
    if new:
        args[:2] = new[plan.below(len(new))]


def _mask(below: Below, *, private: bool) -> Mask:
    """Draw a mask: IN, OUT or both most of the time, with the rarer bits thrown in."""
    mask = (1, 5, 4, 1, 5, 0)[below(6)]
    if below(2):
        mask |= ASKED_BITS[below(len(ASKED_BITS))] | ASKED_BITS[below(len(ASKED_BITS))]
    if private:
        mask |= (0, PRIVATE_BITS[0])[below(2)] | (0, 0, 0, PRIVATE_BITS[1])[below(4)]
    return Mask(mask)


def _affordable(plan: Plan, slot: Value, size: Value) -> bool:
    """Count a send on an internet socket; False once its budget is spent (5.2, buffers)."""
    count, total = plan.spent.get(_slot(slot), (0, 0))
    assert isinstance(size, int)
    plan.spent[_slot(slot)] = count + 1, total + size
    return count < MOST_SEGMENTS and total + size <= MOST_BYTES


def _called(plan: Plan, row: Row, args: tuple[Value, ...]) -> None:
    """Keep count of who has called whom, as far as a guess can."""
    if row.calls:
        called = [args[1]] if row.meets else [s for s, n in plan.name.items() if n == args[1]]
        for slot in map(_slot, called):
            if plan.state[slot] in LISTENING:
                plan.state[slot] = "called"
                plan.callers[slot] = plan.callers.get(slot, 0) + 1
    if row.wants == "called":
        slot = _slot(args[0])
        plan.callers[slot] = plan.callers.get(slot, 0) - 1
        if plan.callers[slot] == 0:
            plan.state[slot] = "listening"


def _slot(value: Value) -> int:
    """Read an argument as a slot."""
    assert isinstance(value, int)
    return value


def _settled(plan: Plan, call: Call) -> None:
    """Note what a call opened, closed, registered and turned its file into."""
    row, args = call.row, call.args
    for slot, kind in zip(call.out, row.makes, strict=True):
        plan.kind[slot] = kind
        plan.open[slot] = None
        plan.state[slot] = row.then
    _called(plan, row, args)
    if row.then and not call.out:
        plan.state[_slot(args[0])] = row.then
    if row.binds and len(args) > 1:
        plan.name[_slot(args[0])] = args[1]
    if row.ends:
        del plan.open[_slot(args[0])]
        plan.name.pop(_slot(args[0]), None)
    if row.name == "unregister":
        plan.pairs.pop((args[0], args[1]), None)
    elif row.pair:
        plan.pairs[args[0], args[1]] = None
