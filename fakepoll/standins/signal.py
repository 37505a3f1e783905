"""`signal`: handlers and the wake-up fd; masks, timers and waiting for signals are not modelled."""

from __future__ import annotations

import fcntl
import os
import signal

from fakepoll.signals import Handler
from fakepoll.standins.module import StandIn, as_int


def _check(signum: int) -> int:
    number = as_int(signum)
    if not 1 <= number < signal.NSIG:
        raise ValueError("signal number out of range")
    return number


class SignalModule(StandIn):
    """The `signal` module over a kernel."""

    real = signal
    pure = frozenset({"default_int_handler", "strsignal", "valid_signals"})

    def signal(self, signalnum: int, handler: Handler) -> Handler:
        """Set a handler and give the old one."""
        if not callable(handler) and handler not in (signal.SIG_IGN, signal.SIG_DFL):
            raise TypeError("signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object")
        return self._kernel.signals.set(_check(signalnum), handler)

    def getsignal(self, signalnum: int) -> Handler:
        """Give the handler."""
        return self._kernel.signals.get(_check(signalnum))

    def siginterrupt(self, signalnum: int, flag: bool, /) -> None:
        """Accept; calls are never seen to be interrupted."""
        _check(signalnum)

    def raise_signal(self, signalnum: int, /) -> None:
        """Let a signal arrive now."""
        self._kernel.signals.deliver(_check(signalnum))

    def set_wakeup_fd(self, fd: int, /, *, warn_on_full_buffer: bool = True) -> int:
        """Set the fd that gets a byte per signal and give the old one; it must be non-blocking."""
        number = as_int(fd)
        if number != -1 and not self._calls.fcntl(number, fcntl.F_GETFL, 0) & os.O_NONBLOCK:
            raise ValueError(f"the fd {number} must be in non-blocking mode")
        signals = self._kernel.signals
        old, signals.wakeup_fd = signals.wakeup_fd, number
        return old
