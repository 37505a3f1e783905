"""The system calls: checks of the arguments in Linux's order, then the file does the work.

Each call is a function of the kernel and plain values, and raises `OSError` with the real errno. `SYSCALLS` is the
whole list; `Calls` is where every call passes: it lets the clock tick, performs the call, counts progress, writes the
trace, and puts the gates of `fakepoll.gates` around the calls of a kernel with faults.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from fakepoll.gates import gate
from fakepoll.syscalls import fds, polling, sockets

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel


class Syscall(NamedTuple):
    """One row: what performs the call, and whether its success changes anything (for `Livelock`)."""

    function: Callable[..., Any]
    changes: bool


SYSCALLS: dict[str, Syscall] = {
    "read": Syscall(fds.read, changes=False),
    "write": Syscall(fds.write, changes=True),
    "close": Syscall(fds.close, changes=True),
    "dup": Syscall(fds.dup, changes=True),
    "dup2": Syscall(fds.dup2, changes=True),
    "dup3": Syscall(fds.dup3, changes=True),
    "fcntl": Syscall(fds.fcntl, changes=False),
    "ioctl": Syscall(fds.ioctl, changes=False),
    "fstat": Syscall(fds.fstat, changes=False),
    "pipe2": Syscall(fds.pipe2, changes=True),
    "eventfd2": Syscall(fds.eventfd2, changes=True),
    "unlink": Syscall(fds.unlink, changes=True),
    "stat": Syscall(fds.stat, changes=False),
    "socket": Syscall(sockets.socket, changes=True),
    "socketpair": Syscall(sockets.socketpair, changes=True),
    "bind": Syscall(sockets.bind, changes=True),
    "listen": Syscall(sockets.listen, changes=True),
    "accept4": Syscall(sockets.accept4, changes=True),
    "connect": Syscall(sockets.connect, changes=True),
    "shutdown": Syscall(sockets.shutdown, changes=True),
    "sendto": Syscall(sockets.sendto, changes=True),
    "recvfrom": Syscall(sockets.recvfrom, changes=False),
    "getsockopt": Syscall(sockets.getsockopt, changes=False),
    "setsockopt": Syscall(sockets.setsockopt, changes=True),
    "getsockname": Syscall(sockets.getsockname, changes=False),
    "getpeername": Syscall(sockets.getpeername, changes=False),
    "epoll_create1": Syscall(polling.epoll_create1, changes=True),
    "epoll_ctl": Syscall(polling.epoll_ctl, changes=True),
    "epoll_wait": Syscall(polling.epoll_wait, changes=False),
    "poll": Syscall(polling.poll, changes=False),
    "select": Syscall(polling.select, changes=False),
    "nanosleep": Syscall(polling.nanosleep, changes=False),
}
"""Calls that read count as progress themselves, when they got something; looking is not progress."""


class Calls:
    """The entrance: an attribute per row of `SYSCALLS`, made when it is first used."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def __getattr__(self, name: str) -> Callable[..., Any]:
        row = SYSCALLS.get(name)
        if row is None:
            raise AttributeError(name)
        call = _quiet(self._kernel, row)
        if self._kernel.injector is not None:
            call = gate(self._kernel.injector, name, call)
        if self._kernel.trace.enabled:
            call = _traced(self._kernel, name, call)
        setattr(self, name, call)
        return call


def _quiet(kernel: Kernel, row: Syscall) -> Callable[..., Any]:
    clock, function, changes = kernel.clock, row.function, row.changes

    def call(*args: Any) -> Any:
        clock.now_ns += clock.tick_ns
        result = function(kernel, *args)
        if changes:
            clock.idle = 0
        return result

    return call


def _traced(kernel: Kernel, name: str, perform: Callable[..., Any]) -> Callable[..., Any]:
    clock, record = kernel.clock, kernel.trace.record

    def call(*args: Any) -> Any:
        begun_ns = clock.now_ns + clock.tick_ns
        try:
            result = perform(*args)
        except BaseException as error:
            record(begun_ns, name, args, error)
            raise
        record(begun_ns, name, args, result)
        return result

    return call
