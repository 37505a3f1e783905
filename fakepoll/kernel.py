"""The kernel: one state, made of the fd table, the clock, the network and the trace. Nothing in it is global."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from fakepoll import standins
from fakepoll.abi import Limits, NotModelled
from fakepoll.clock import Action, Clock
from fakepoll.fdtable import FdTable
from fakepoll.network import Network
from fakepoll.signals import Signals
from fakepoll.snapshot import snapshot
from fakepoll.syscalls import Calls
from fakepoll.trace import Trace

if TYPE_CHECKING:
    from fakepoll.standins.fcntl import FcntlModule
    from fakepoll.standins.os import OsModule
    from fakepoll.standins.select import SelectModule
    from fakepoll.standins.selectors import SelectorsModule
    from fakepoll.standins.signal import SignalModule
    from fakepoll.standins.socket import SocketModule
    from fakepoll.standins.time import TimeModule


class Kernel:
    """A fake Linux, the same every time.

    `select`, `socket`, `selectors`, `os`, `time`, `signal` and `fcntl` are stand-ins for the standard library's
    modules over this kernel, made when they are first used. `trace` is what strace would have printed.

    Args:
        seed: names the run; nothing in the kernel is drawn, so it decides nothing until faults are drawn.
        faults: None.
        tick_ns: how far each call moves the clock.
        trace: whether calls are recorded.
        first_fd: the lowest number that an fd may get.
        limits: what an administrator could tune.
    """

    select: SelectModule
    socket: SocketModule
    selectors: SelectorsModule
    os: OsModule
    time: TimeModule
    signal: SignalModule
    fcntl: FcntlModule

    def __init__(
        self,
        seed: int = 0,
        faults: None = None,
        *,
        tick_ns: int = 1000,
        trace: bool = True,
        first_fd: int = 3,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        if faults is not None:
            raise NotModelled("faults")
        self.seed = seed
        self.limits = limits
        self.clock = Clock(tick_ns)
        self.fds = FdTable(first_fd, limits.nofile)
        self.network = Network(self)
        self.trace = Trace(enabled=trace)
        self.signals = Signals(self)
        self.calls = Calls(self)
        self._serial = 0

    def __getattr__(self, name: str) -> Any:
        if name not in standins.NAMES:
            raise AttributeError(name)
        module = standins.make(name, self)
        setattr(self, name, module)
        return module

    def new_serial(self) -> int:
        """Number a file; files count from one, in the order in which they are made."""
        self._serial += 1
        return self._serial

    def schedule(self, delay_ns: int, action: Action) -> None:
        """Run `action()` in `delay_ns`, as another thread would: see `Clock.schedule`."""
        self.clock.schedule(delay_ns, action)

    def calm(self) -> contextlib.AbstractContextManager[None]:
        """Switch faults off for a while; there are none yet, so nothing changes."""
        return contextlib.nullcontext()

    def snapshot(self) -> str:
        """Write the whole kernel as a table for people: fds, files, queues, interests, and who waits."""
        return snapshot(self)

    def close(self) -> None:
        """Close every fd, in rising order, as the end of a process does."""
        for fd, _ in list(self.fds.items()):
            self.fds.close(fd)
