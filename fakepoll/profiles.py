"""LOOPS: what each event loop holds of the standard library, as (module, attribute, kind).

A profile is data. Its kinds say what the attribute must hold for the profile to fit, and what takes its place; both
are checked before anything is changed, so a version of a library that moved something fails with its name, and never
runs half on the fake kernel and half on the real one. `python -m pytest tests/fakepoll/test_profiles.py` runs an
echo through each.

What a profile replaces beyond modules and functions, and why:

* `Task` (asyncio): `asyncio.run` cancels what is left in the order of a set, that is of addresses; these tasks are
  counted, and their hash is their number. `run_in_executor` calls the function at once: threads are for real worlds.
* `to_thread.run_sync` (trio): the same.
* `_r`, `_ALLOW_DETERMINISTIC_SCHEDULING` (trio): it shuffles its run queue, with `random`; here with the kernel's seed.
* `_nonblocking_helper` (trio): closures hold methods of the real `socket.socket`; they are looked up again by name.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Awaitable, Callable
from importlib import import_module
from itertools import count
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

FIRST_FD = 1 << 20
"""Where a kernel's fds begin once a library is patched: a call that escapes to Linux is EBADF, not somebody's file."""


class Entry(NamedTuple):
    """One attribute of one module of a library.

    `kind` is "module" or "function", for what a kernel has a stand-in of, or else a key of KINDS.
    """

    module: str
    attribute: str
    kind: str


def _entries(kind: str, attribute: str, *modules: str) -> tuple[Entry, ...]:
    return tuple(Entry(module, attribute, kind) for module in modules)


ASYNCIO = (
    *_entries("module", "socket", "asyncio.base_events", "asyncio.events", "asyncio.selector_events",
              "asyncio.streams", "asyncio.trsock", "asyncio.unix_events"),
    *_entries("module", "os", "asyncio.base_events", "asyncio.unix_events"),
    *_entries("module", "selectors", "asyncio.selector_events", "asyncio.unix_events"),
    *_entries("module", "signal", "asyncio.unix_events"),
    *_entries("module", "time", "asyncio.base_events"),
    *_entries("task", "Task", "asyncio.tasks"),
    *_entries("inline", "BaseEventLoop.run_in_executor", "asyncio.base_events"),
)  # fmt: skip

TORNADO = (
    *_entries("module", "socket", "tornado.iostream", "tornado.netutil", "tornado.platform.asyncio",
              "tornado.tcpclient", "tornado.tcpserver"),
    *_entries("module", "os", "tornado.iostream", "tornado.netutil"),
    *_entries("module", "select", "tornado.platform.asyncio"),
    *_entries("module", "time", "tornado.ioloop"),
)  # fmt: skip

TRIO = (
    *_entries("module", "select", "trio._core._io_epoll", "trio._socket"),
    *_entries("module", "socket", "trio._core._wakeup_socketpair"),
    *_entries("module", "_stdlib_socket", "trio._socket", "trio.socket"),
    *_entries("module", "signal", "trio._core._wakeup_socketpair"),
    *_entries("module", "os", "trio._socket", "trio._unix_pipes"),
    *_entries("function", "perf_counter", "trio._core._run"),
    *_entries("helper", "_SocketType._nonblocking_helper", "trio._socket"),
    *_entries("thread", "run_sync", "trio.to_thread"),
    *_entries("random", "_r", "trio._core._run"),
    *_entries("flag", "_ALLOW_DETERMINISTIC_SCHEDULING", "trio._core._run"),
)

LOOPS: dict[str, tuple[Entry, ...]] = {
    "asyncio": ASYNCIO,
    "tornado": (*ASYNCIO, *TORNADO),
    "trio": TRIO,
}
"""The profiles by name; tornado runs on asyncio."""


class Kind(NamedTuple):
    """What an attribute must hold, and what takes its place."""

    fits: Callable[[object], bool]
    make: Callable[[Kernel, Any], object]


def _counted(_kernel: Kernel, task: type) -> type:
    """Subclass a Task so that sets of tasks are walked in the order of creation."""
    numbers = count()

    class Task(task):  # type: ignore[misc]  # the loop's own class, C or Python
        def __init__(self, *args: object, **kwargs: object) -> None:
            self._number = next(numbers)
            super().__init__(*args, **kwargs)

        def __hash__(self) -> int:
            return self._number

    return Task


def _inline(_kernel: Kernel, _method: object) -> Callable[..., object]:
    """Replace `run_in_executor`: call the function now, and hand its result over as a future."""

    def run_inline(loop: Any, _executor: object, func: Callable[..., object], *args: object) -> object:
        loop._check_closed()
        future = loop.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  whatever it raises belongs to who awaits it
            future.set_exception(error)
        return future

    return run_inline


def _threadless(_kernel: Kernel, _function: object) -> Callable[..., Awaitable[object]]:
    """Replace trio's `to_thread.run_sync`: let others run, as it does, then call the function here."""
    checkpoint: Callable[[], Awaitable[None]] = import_module("trio.lowlevel").checkpoint

    async def run_sync(sync_fn: Callable[..., object], *args: object, **_options: object) -> object:
        await checkpoint()
        return sync_fn(*args)

    return run_sync


def _helper(kernel: Kernel, helper: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    """Wrap trio's `_nonblocking_helper`: a method of the real socket class becomes the stand-in's, by its name."""

    async def resolving(self: object, wait: object, method: Any, *args: object, **kwargs: object) -> object:
        name = method.__name__
        if getattr(socket.socket, name, None) is method:
            method = getattr(kernel.socket.socket, name)
        return await helper(self, wait, method, *args, **kwargs)

    return resolving


def _seeded(kernel: Kernel, _held: object) -> random.Random:
    """Draw from the kernel's seed."""
    return random.Random(kernel.seed)


def _set(_kernel: Kernel, _held: object) -> bool:
    """Raise a flag."""
    return True


KINDS: dict[str, Kind] = {
    "task": Kind(lambda held: isinstance(held, type), _counted),
    "inline": Kind(lambda held: isinstance(held, FunctionType), _inline),
    "thread": Kind(lambda held: isinstance(held, FunctionType), _threadless),
    "helper": Kind(lambda held: isinstance(held, FunctionType), _helper),
    "random": Kind(lambda held: isinstance(held, random.Random), _seeded),
    "flag": Kind(lambda held: isinstance(held, bool), _set),  # Hypothesis may have raised trio's already
}
