"""Waking a poll from anywhere: an eventfd that the poll watches edge-triggered.

eventfd(2) holds a counter and is readable while the counter is not zero. Nobody here ever reads it. That
would be one more call per wake, and needless: each write wakes an edge-triggered watcher anew, whether the
counter was zero or not. The counter holds 2**64 - 2 wakes; at a thousand million a second that lasts 584
years.
"""

from __future__ import annotations

import os
import select
import threading

__all__ = ["Waker"]


class Waker:
    """Wakes a poll in progress, or the next one. Wakes that nobody has seen yet are one wake."""

    __slots__ = ("_fd", "_lock")

    def __init__(self, epoll: select.epoll) -> None:
        """Make an eventfd and let `epoll` watch it."""
        # Reentrant, because a signal handler may wake in the middle of another wake of the same thread.
        self._lock = threading.RLock()
        self._fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        try:
            epoll.register(self._fd, select.EPOLLIN | select.EPOLLET)
        except OSError:
            self.close()
            raise

    def fileno(self) -> int:
        """Answer the fd by which epoll reports the wakes; -1 once closed."""
        return self._fd

    def wake(self) -> None:
        """Owe the poll one event. Callable from any thread and from signal handlers; once closed, does nothing."""
        with self._lock:
            if self._fd >= 0:  # else the number may be a stranger's file by now
                os.eventfd_write(self._fd, 1)

    def close(self) -> None:
        """Free the eventfd. The poll that made this waker calls it."""
        with self._lock:
            fd, self._fd = self._fd, -1
            os.close(fd)
