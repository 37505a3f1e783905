"""A program is a tuple of calls over numbered slots; it prints as Python that can be run.

A call names the slots it fills (`out`), so deleting another call never changes what this one
means: a call whose slots were never filled, or are closed, is skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.twin.calls import ROWS, File, Number, Numbers, Row

Value = int | str | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the name of its row, its arguments (slots or values), and the slots it fills."""

    name: str
    args: tuple[Value, ...] = ()
    out: tuple[int, ...] = ()

    @property
    def row(self) -> Row:
        """The row of the table that says what this call does."""
        return ROWS[self.name]


Program = tuple[Call, ...]

PRELUDE = """\
import errno, os, select, socket, struct

data = bytes(i * i % 251 for i in range(1 << 18))
tag = os.getpid()

def show(call):
    try:
        print(call())
    except OSError as error:
        print(errno.errorcode[error.errno])

"""


def show(program: Program) -> str:
    """Print a program as Python that runs on this machine; `s3` is slot 3 and `n3` its number."""
    return PRELUDE + "".join(f"{line}\n" for call in program for line in lines(call))


def lines(call: Call) -> list[str]:
    """Print one call, and the fixed handling of what it opened."""
    shown = (_shown(take, value) for take, value in zip(call.row.takes, call.args, strict=True))
    line = call.row.line.format(*shown)
    if not call.out:
        return [f"show(lambda: {line})"]
    pairs = zip(call.out, call.row.makes, strict=True)
    targets = ", ".join(f"s{slot}" for slot in call.out)
    return [f"{targets} = {line}", *(_opened(s, k) for s, k in pairs)]


def _shown(take: object, value: Value) -> str:
    """Print one argument."""
    match take, value:
        case File(), slot:
            return f"s{slot}"
        case Number(), slot:
            return f"n{slot}"
        case Numbers(), tuple():
            return "[" + ", ".join(f"n{slot}" for slot in value) + "]"
    return repr(value)


def _opened(slot: int, kind: str) -> str:
    """Print what `worlds.World.fill` does with a new slot of this kind."""
    if kind in ("stream", "dgram", "udp"):
        return f"s{slot}.setblocking(False); n{slot} = s{slot}.fileno()"
    if kind == "tcp":
        nodelay = f"s{slot}.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)"
        return f"s{slot}.setblocking(False); {nodelay}; n{slot} = s{slot}.fileno()"
    return f"n{slot} = s{slot}.fileno()" if kind == "epoll" else f"n{slot} = s{slot}"


def minimise(program: Program, still_fails: Callable[[Program], bool]) -> Program:
    """Delete calls, in ever smaller runs, until none can be spared."""
    size = max(len(program) // 2, 1)
    while size:
        before, start = program, 0
        while start < len(program):
            shorter = program[:start] + program[start + size :]
            if still_fails(shorter):
                program = shorter
            else:
                start += size
        if size > 1 or program == before:
            size //= 2
    return program
