"""Ctrl-C as something to wait for: a source that is readable once somebody has asked the program to stop.

A blocking server cannot wait for a connection and for Ctrl-C at once: while `accept` waits, the kernel has the program.
A poll waits for many things, so the wish to stop has to become one of them. It is a pair of sockets: Python's signal
machinery writes a byte into one end (`signal.set_wakeup_fd`), the poll watches the other.
"""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Iterator
from types import FrameType

__all__ = ["Stop"]

PRESSED = 0
"""The byte of a press by hand; that of a signal is its number, from 1 up."""


class Stop:
    """A button: pressed from any thread or by a signal, watched like a file."""

    def __init__(self) -> None:
        self._watched, self._pressed = socket.socketpair()
        self._watched.setblocking(False)
        self._pressed.setblocking(False)
        self._meant = {PRESSED}  # the bytes that press it: of other signals it is told as well

    def fileno(self) -> int:
        """Answer the fd that is readable while a press has not been taken."""
        return self._watched.fileno()

    def press(self) -> None:
        """Ask to stop. Callable from any thread."""
        with contextlib.suppress(BlockingIOError):  # full of presses already: one is enough
            self._pressed.send(bytes([PRESSED]))

    def take(self) -> bool:
        """Answer whether it has been pressed since the last time it was asked."""
        try:
            return not self._meant.isdisjoint(self._watched.recv(4096))
        except BlockingIOError:
            return False

    @contextlib.contextmanager
    def on(self, *signals: signal.Signals) -> Iterator[None]:
        """Let these signals press it for a while, instead of what they did before. Only in the main thread."""
        before = {number: signal.getsignal(number) for number in signals}
        self._meant |= set(signals)
        wakeup_fd = signal.set_wakeup_fd(self._pressed.fileno(), warn_on_full_buffer=False)
        try:
            for number in signals:
                signal.signal(number, _note)
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(wakeup_fd)

    def close(self) -> None:
        """Free both fds."""
        self._watched.close()
        self._pressed.close()


def _note(number: int, frame: FrameType | None) -> None:
    """Do nothing: the byte that the handling of a signal writes says it all, but there is none without a handler."""
