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
from types import MappingProxyType, SimpleNamespace
from typing import Any

from conformance.worlds import World

__all__ = ["RealWorld"]


class RealWorld(World):
    """Files of this machine."""

    name = "real"
    aside = 900  # select(2) knows no number from 1,024 on
    lacks = MappingProxyType(dict.fromkeys(("faults", "fault"), "faults are the fake kernel's"))

    def __init__(self) -> None:
        super().__init__(SimpleNamespace(os=os, socket=socket, select=select, fcntl=fcntl))

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

    def numbers(self) -> list[int]:
        try:
            listed = sorted(int(name) for name in os.listdir("/proc/self/fd"))
        except OSError:  # none is left to read the list with
            listed = list(range(resource.getrlimit(resource.RLIMIT_NOFILE)[0]))
        return [fd for fd in listed if _is_open(fd)]


def _is_open(fd: int) -> bool:
    """Whether `fd` is open; the one through which the list was read no longer is."""
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True
