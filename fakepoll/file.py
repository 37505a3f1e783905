"""What a file descriptor points at: an open file description with its wait queue.

A kind of file says two things, and says them side by side in its own module: its *mask* (what is true now, computed
from facts, never stored) and its *wakes* (which change tells the wait queue, with which key). Readiness that is
true and not told is the whole difference between level and edge; see `fakepoll.epoll`.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, ClassVar

from fakepoll.abi import fail

if TYPE_CHECKING:
    from fakepoll.epoll import Item
    from fakepoll.kernel import Kernel


class File:
    """An open file description; shared by every fd that `dup` made of it.

    Attributes:
        flags: file status flags as `fcntl(F_GETFL)` shows them (access mode, O_NONBLOCK, ...).
        refs: number of fds; the file is released when the last is closed.
        waiters: who is told of wakes, oldest first; the queue is served from its end.
    """

    __slots__ = ("flags", "kernel", "refs", "serial", "waiters")

    kind: ClassVar[str] = "file"
    mode: ClassVar[int] = 0
    offset_error: ClassVar[int] = errno.ESPIPE

    def __init__(self, kernel: Kernel, flags: int = os.O_RDWR) -> None:
        self.kernel = kernel
        self.flags = flags
        self.refs = 0
        self.serial = kernel.new_serial()
        self.waiters: dict[Item, None] = {}

    def mask(self) -> int:
        """Compute what is true now, from facts alone; asking changes nothing."""
        raise NotImplementedError

    def poll(self, asked: int) -> int:
        """Answer poll(2) and epoll: the mask, and what being asked for `asked` leaves behind in the file."""
        return self.mask()

    def wake(self, key: int) -> None:
        """Tell everybody on the wait queue, the last added first (fs/eventpoll.c adds at the head)."""
        if self.waiters:
            for item in reversed(self.waiters):
                item.wake(key)

    def read(self, size: int) -> bytes:
        """`read(2)` on a file that has no read operation."""
        fail(errno.EINVAL)

    def write(self, data: bytes) -> int:
        """`write(2)` on a file that has no write operation."""
        fail(errno.EINVAL)

    def unread(self) -> int:
        """Answer `ioctl(FIONREAD)`: bytes that a read would give now."""
        fail(errno.ENOTTY)

    def unsent(self) -> int:
        """Answer `ioctl(TIOCOUTQ)`: what is held against the sender."""
        fail(errno.ENOTTY)

    def withhold(self, keep: int) -> bool:
        """Put all but the first `keep` unread bytes, and what is sent from now on, into flight until `deliver`.

        For faults. False, and nothing is done, where that would not be Linux: most kinds have nothing in flight.
        """
        return False

    def deliver(self) -> None:
        """Let what is in flight arrive, with its wake."""

    def close(self) -> None:
        """Drop one reference; at the last, leave every epoll and then release (fs/file_table.c:__fput)."""
        self.refs -= 1
        if self.refs == 0:
            for item in list(self.waiters):
                item.epoll.remove(item)
            self.release()

    def release(self) -> None:
        """Do what the last close of this kind means to the others."""

    def stat(self) -> os.stat_result:
        """`fstat(2)`: type and number of the file; everything else is zero."""
        return os.stat_result((self.mode or stat.S_IFIFO | 0o600, self.serial, 0, 1, 0, 0, 0, 0, 0, 0))

    def describe(self) -> str:
        """Say in a few words what this is and what is in it, for snapshots and explanations."""
        return self.kind
