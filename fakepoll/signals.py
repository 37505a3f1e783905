"""Signals, as far as a Python program sees them: handlers run, and the wake-up fd gets a byte.

A signal during a waiting call is an action that raises one. By PEP 475 the program never sees EINTR: its handler
runs, and the call goes on with the time that is left; an exception of the handler comes out of the call.
"""

from __future__ import annotations

import errno
import signal
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

from fakepoll.abi import NotModelled

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None

IGNORED_BY_DEFAULT = (signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH, signal.SIGCONT)


HARMLESS = (
    signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD, signal.SIGALRM, signal.SIGURG, signal.SIGWINCH, signal.SIGCONT,
)  # fmt: skip
"""Signals that do not ask a program to end, so a fault may send them where a handler waits."""


class Signals:
    """The handlers of one kernel and its wake-up fd (-1: none)."""

    __slots__ = ("_handlers", "_kernel", "wakeup_fd")

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.wakeup_fd = -1
        self._handlers: dict[int, Handler] = {}

    def get(self, signum: int) -> Handler:
        """Give the handler; unset ones are as in a freshly started Python."""
        if signum in self._handlers:
            return self._handlers[signum]
        if signum == signal.SIGINT:
            return signal.default_int_handler
        return signal.SIG_IGN if signum in (signal.SIGPIPE, signal.SIGXFSZ) else signal.SIG_DFL

    def set(self, signum: int, handler: Handler) -> Handler:
        """Change the handler and give the old one."""
        old = self.get(signum)
        self._handlers[signum] = handler
        return old

    def harmless(self) -> int | None:
        """Find a signal that the program handles and that does not ask it to end."""
        return next((signum for signum in HARMLESS if callable(self._handlers.get(signum))), None)

    def deliver(self, signum: int) -> None:
        """Let a signal arrive: a byte to the wake-up fd, then the handler."""
        kernel = self._kernel
        kernel.trace.note(kernel.clock.now_ns, f"{signal.Signals(signum).name} {{si_signo={signum}}}")
        handler = self.get(signum)
        if callable(handler):
            self._tell_wakeup_fd(signum)
            handler(signum, None)
        elif handler != signal.SIG_IGN and signum not in IGNORED_BY_DEFAULT:
            raise NotModelled(f"the default action of {signal.Signals(signum).name}")

    def _tell_wakeup_fd(self, signum: int) -> None:
        """A full or broken wake-up fd loses the byte; Python would only print a warning."""
        file = self._kernel.fds.files.get(self.wakeup_fd)
        if file is None:
            return
        try:
            file.write(bytes([signum]))
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EPIPE):
                raise
