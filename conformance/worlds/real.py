"""The real world: this machine's kernel, threads, signals and clock."""

from __future__ import annotations

import fcntl
import os
import resource
import select
import signal
import socket
import threading
import time
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from conformance.worlds import Modules, World

__all__ = ["RealWorld"]

_HIGH = 900
"""The harness's own fds live from here on (and below select's 1024), so that scenarios and pollers get the low numbers."""


class RealWorld(World):
    """Files of this machine."""

    name = "real"
    lacks = MappingProxyType(dict.fromkeys(("faults", "fault"), "faults are the fake kernel's"))

    def __init__(self) -> None:
        super().__init__(Modules(os=os, socket=socket, select=select))
        self._door, self._nobody = _move(self._door), _move(self._nobody)

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def later(self, delay_s: float, act: Callable[[], None]) -> Callable[[], None]:
        timer = threading.Timer(delay_s, act)
        timer.daemon = True
        timer.start()
        return lambda: timer.join(5.0)

    def signals(self, every_s: float, times: int) -> Callable[[], None]:
        came = 0

        def handler(_number: int, _frame: Any) -> None:
            nonlocal came
            came += 1
            if came >= times:
                signal.setitimer(signal.ITIMER_REAL, 0)

        before = signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, every_s, every_s)

        def stop() -> None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

        return stop

    def open_fds(self) -> dict[int, None]:
        try:
            listed = sorted(int(name) for name in os.listdir("/proc/self/fd"))
        except OSError:  # none is left to read the list with
            listed = list(range(resource.getrlimit(resource.RLIMIT_NOFILE)[0]))
        return dict.fromkeys(fd for fd in listed if _is_open(fd))


def _move(end: socket.socket) -> socket.socket:
    moved = socket.socket(
        end.family, end.type, end.proto, fileno=fcntl.fcntl(end.fileno(), fcntl.F_DUPFD_CLOEXEC, _HIGH)
    )
    end.close()
    return moved


def _is_open(fd: int) -> bool:
    """Whether `fd` is open; the one through which the list was read no longer is."""
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True
