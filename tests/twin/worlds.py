"""The two worlds a program is performed in: this machine's kernel, and a fake one.

Both are reached through `os`, `socket` and `select`, and both give the same fd numbers, because
every number from `base` up is free on this machine and `base` is the fake kernel's first.
"""

from __future__ import annotations

import errno
import os
import resource
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from types import CodeType

import fakepoll
from tests.twin.calls import DATA, PATHS, ROWS, File, Number, Numbers
from tests.twin.program import Call, Program, Value

Answer = object
Names = dict[str, object]
UNACKNOWLEDGED = frozenset({4, 9, 11})  # TCP_FIN_WAIT1, TCP_LAST_ACK, TCP_CLOSING
SEEING = frozenset({"wait", "poll_wait", "select", "register", "nest", "modify"})
"""Calls that could tell an acknowledged FIN from one that is not."""
SENDING_FIN = frozenset({"close", "close_fd", "inet_close", "inet_shutdown", "tcp_connect", "tcp_accept"})
"""Calls after which a FIN may be under way; a listener that was shut before hands its FIN on to whom it accepts."""
SKIPPED = "skipped"


@cache
def _code(name: str) -> CodeType:
    """Compile the line of a row into a function of its arguments."""
    row = ROWS[name]
    names = [f"a{index}" for index in range(len(row.takes))]
    return compile(f"lambda {', '.join(names)}: {row.line.format(*names)}", name, "eval")


class World:
    """Performs calls and keeps the slots they fill."""

    def __init__(self, names: Names, close_fd: Callable[[int], None]) -> None:
        """Start with no slot filled; `names` are what the lines of the calls refer to."""
        self.names = names | {"data": DATA, "struct": struct, "tag": os.getpid()}
        self.close_fd = close_fd
        self.verbs: dict[str, Callable[..., object]] = {}
        self.held: dict[int, object] = {}
        self.number: dict[int, int] = {}
        self.kind: dict[int, str] = {}
        self.unsettled = False

    def perform(self, call: Call) -> Answer:
        """Do one call and say what it answered: a value, an errno or the name of an exception."""
        row = call.row
        if row.name in SEEING and self.unsettled:
            self.settle()
        self.unsettled = row.name in SENDING_FIN or (self.unsettled and row.name not in SEEING)
        args = []
        for take, value in zip(row.takes, call.args, strict=True):
            args.append(self._resolved(take, value))
            if args[-1] is SKIPPED:
                return SKIPPED
        try:
            result = self._verb(call.name)(*args)
        except OSError as error:
            return errno.errorcode[error.errno or 0]
        except Exception as error:  # noqa: BLE001  what a call raises is its answer
            return type(error).__name__
        finally:
            if row.ends:
                del self.held[call.args[0]]  # type: ignore[arg-type]  # the first is a slot
        return self._filled(call, result) if call.out else result

    def settle(self) -> None:
        """Let what is under way arrive."""

    def close(self) -> None:
        """Close every slot, resetting TCP connections; whatever happened, nothing stays open."""
        for slot, thing in self.held.items():
            with suppress(OSError, AttributeError):
                if self.kind[slot] == "tcp":
                    linger = struct.pack("ii", 1, 0)
                    thing.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)  # type: ignore[attr-defined]
            with suppress(OSError):
                if isinstance(thing, int):
                    self.close_fd(thing)
                elif self.kind[slot] != "poll":
                    thing.close()  # type: ignore[attr-defined]
        self.held.clear()
        for number in PATHS.values:
            with suppress(OSError):
                self._verb("unlink")(number)

    def _verb(self, name: str) -> Callable[..., object]:
        """Give the function of a row, made with this world's modules."""
        if name not in self.verbs:
            self.verbs[name] = eval(_code(name), self.names)
        return self.verbs[name]

    def _resolved(self, take: object, value: Value) -> object:
        """Turn a slot into what the call takes; SKIPPED where it was never filled or is closed."""
        match take:
            case File():
                return self.held.get(value, SKIPPED)  # type: ignore[arg-type]  # a slot
            case Number():
                return self.number.get(value, SKIPPED)  # type: ignore[arg-type]  # a slot
            case Numbers():
                assert isinstance(value, tuple)
                return [self.number[slot] for slot in value if slot in self.held]
        return value

    def _filled(self, call: Call, result: object) -> Answer:
        """Put what a call opened into its slots, non-blocking; answer with the fd numbers."""
        results = result if isinstance(result, tuple) else (result,)
        for slot, kind, thing in zip(call.out, call.row.makes, results, strict=True):
            self.kind[slot] = kind
            self.held[slot] = thing
            if kind == "poll":
                continue
            self.number[slot] = thing if isinstance(thing, int) else thing.fileno()
            if kind in ("stream", "dgram", "udp", "tcp"):
                thing.setblocking(False)
            if kind == "tcp":
                thing.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return tuple(self.number.get(slot) for slot in call.out)


class RealWorld(World):
    """This machine's kernel."""

    def settle(self) -> None:
        """Wait until every FIN that was sent is acknowledged (5.2: a late extra edge)."""
        deadline = time.monotonic() + 1.0
        while any(map(self._unacknowledged, self.held)) and time.monotonic() < deadline:
            time.sleep(0.0005)

    def _unacknowledged(self, slot: int) -> bool:
        """Say whether a TCP socket still waits for the ACK of its FIN."""
        thing = self.held[slot]
        if self.kind[slot] != "tcp" or not isinstance(thing, socket.socket):
            return False
        return thing.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] in UNACKNOWLEDGED


@contextmanager
def contiguous() -> Iterator[int]:
    """Plug the holes among the open fd numbers; give the number from which on all are free."""
    with ExitStack() as plugs:
        while True:
            fd = os.open(os.devnull, os.O_RDONLY)
            if max(map(int, os.listdir("/proc/self/fd"))) == fd + 1:  # the listing's own fd
                break
            plugs.callback(os.close, fd)
        os.close(fd)
        yield fd


@contextmanager
def real_world(end: int | None = None) -> Iterator[World]:
    """Open this machine's kernel as a world; numbers from `end` on are beyond RLIMIT_NOFILE."""
    world = RealWorld({"os": os, "socket": socket, "select": select}, os.close)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft if end is None else end, hard))
    try:
        yield world
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        world.close()


@contextmanager
def fake_world(base: int, end: int | None = None) -> Iterator[World]:
    """Open a fresh fake kernel as a world whose fd numbers go from `base` to `end`.

    It acknowledges a FIN at once, which is what the real world waits for in `settle`.
    """
    room = 1000 if end is None else end - base
    limits = fakepoll.Limits(nofile=room + 3, fin_ack_ns=0)
    kernel = fakepoll.Kernel(first_fd=base, trace=False, limits=limits)
    names: Names = {"os": kernel.os, "socket": kernel.socket, "select": kernel.select}
    yield World(names, kernel.os.close)


def perform(world: World, program: Program) -> list[Answer]:
    """Perform a whole program and give every answer."""
    return [world.perform(call) for call in program]
