"""The kernel: one state, made of the fd table, the clock, the network and the trace. Nothing in it is global."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from fakepoll import standins
from fakepoll.abi import ALWAYS, IN, NVAL, OUT, PRI, RDHUP, Limits
from fakepoll.clock import Action, Clock
from fakepoll.drawn import Drawn
from fakepoll.faults import Decider
from fakepoll.fdtable import FdTable
from fakepoll.file import File
from fakepoll.injection import Injector
from fakepoll.network import Network
from fakepoll.schedule import Schedule, Written
from fakepoll.signals import Signals
from fakepoll.snapshot import snapshot
from fakepoll.standins.module import as_fd
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

_SHOWN = IN | PRI | OUT | RDHUP | ALWAYS
_NOTHING = contextlib.nullcontext()
Key = TypeVar("Key")


class Kernel:
    """A fake Linux, the same every time.

    `select`, `socket`, `selectors`, `os`, `time`, `signal` and `fcntl` are stand-ins for the standard library's
    modules over this kernel, made when they are first used. `trace` is what strace would have printed.

    Args:
        seed: names the run; without faults nothing is drawn, and it decides nothing.
        faults: None; a `Schedule` to run again; the name of a profile (`faults.profile`) to draw from with the seed; or
            whatever decides (`Drawn`, a Hypothesis strategy's value, an own `decide(site)`).
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
        faults: Decider | Schedule | str | None = None,
        *,
        tick_ns: int = 1000,
        trace: bool = True,
        first_fd: int = 3,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        self.seed = seed
        self.limits = limits
        self.clock = Clock(tick_ns)
        self.fds = FdTable(first_fd, limits.nofile)
        self.network = Network(self)
        self.trace = Trace(enabled=trace)
        self.signals = Signals(self)
        self.faults = _decider(faults, seed)
        self.injector = None if self.faults is None else Injector(self, self.faults)
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
        """Switch faults off and let everything arrive that they hold back.

        A plain call is for good; `with kernel.calm():` switches them on again at its end. Files that are opened
        while it is calm are never hit.
        """
        return _NOTHING if self.injector is None else self.injector.calm()

    def muted(self) -> contextlib.AbstractContextManager[None]:
        """Let no fault fall in this block, and leave held back what is: for who looks, and must change nothing."""
        return _NOTHING if self.injector is None else self.injector.muted()

    def fault_scope(self) -> contextlib.AbstractContextManager[None]:
        """Let faults hit only the files that are opened inside this block, and in others like it.

        From the first block on; without any, all files are hit that are opened while it is not calm. Opening calls
        outside a block do not fail, either.
        """
        return _NOTHING if self.injector is None else self.injector.scope()

    @property
    def fired(self) -> Schedule:
        """The faults that fell so far; `str()` is the text that `Schedule.parse` reads."""
        return Schedule() if self.injector is None else self.injector.fired

    def shows(self, fds: Mapping[Key, int]) -> dict[Key, int]:
        """Answer what poll(2) would show of each fd, under its key; POLLNVAL where none is open. No call is made, no time passes."""
        files = self.fds.files
        return {key: NVAL if (file := files.get(fd)) is None else file.poll(_SHOWN) & _SHOWN for key, fd in fds.items()}

    def name(self, file: object, role: str) -> None:
        """Call a file, given by its fd or by an object with `fileno()`, `role#1` (or #2, ...) in fault sites."""
        if self.injector is not None:
            self.injector.names.give(self._file(file), role)

    def spare(self, file: object) -> None:
        """Take a file for a loop's own self-pipe: only faults that are lawful for those hit it from now on."""
        if self.injector is not None:
            self.injector.spare(self._file(file))

    def _file(self, file: object) -> File:
        return self.fds.get(as_fd(file))

    def snapshot(self) -> str:
        """Write the whole kernel as a table for people: fds, files, queues, interests, and who waits."""
        return snapshot(self)

    def close(self) -> None:
        """Close every fd, in rising order, as the end of a process does."""
        for fd, _ in list(self.fds.items()):
            self.fds.close(fd)


def _decider(faults: Decider | Schedule | str | None, seed: int) -> Decider | None:
    if isinstance(faults, str):
        return Drawn(seed, legality=faults)
    return Written(faults) if isinstance(faults, Schedule) else faults
