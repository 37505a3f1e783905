"""eventfd(2): a counter that is readable when it is not zero.

Wakes: every write that is accepted, also one of 0 (key IN); every read (key OUT). Its mask and its keys have no
RDNORM and WRNORM, so an interest in those alone is never told (fs/eventfd.c).
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

from fakepoll.abi import IN, OUT, fail
from fakepoll.file import File

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

TOP = 0xFFFF_FFFF_FFFF_FFFF
"""The one value a write may not hold; the counter stops one below it."""


class EventFd(File):
    """A 64-bit counter; in semaphore mode each read takes one."""

    __slots__ = ("count", "semaphore")

    kind = "eventfd"
    mode = 0o600

    def __init__(self, kernel: Kernel, count: int, *, semaphore: bool, flags: int) -> None:
        super().__init__(kernel, os.O_RDWR | flags)
        self.count = count
        self.semaphore = semaphore

    def mask(self) -> int:
        """IN if there is something to take, OUT if 1 can be added."""
        return (IN if self.count else 0) | (OUT if self.count < TOP - 1 else 0)

    def read(self, size: int) -> bytes:
        """Take the count (in semaphore mode: one) as 8 bytes; EAGAIN at zero."""
        if size < 8:
            fail(errno.EINVAL)
        if not self.count:
            fail(errno.EAGAIN)
        taken = 1 if self.semaphore else self.count
        self.count -= taken
        self.wake(OUT)
        return taken.to_bytes(8, sys.byteorder)

    def write(self, data: bytes) -> int:
        """Add 8 bytes, no more and no less; EAGAIN if the counter would pass its top."""
        if len(data) != 8:
            fail(errno.EINVAL)
        added = int.from_bytes(data, sys.byteorder)
        if added == TOP:
            fail(errno.EINVAL)
        if self.count + added >= TOP:
            fail(errno.EAGAIN)
        self.count += added
        self.wake(IN)
        return 8

    def describe(self) -> str:
        """Show the count."""
        return f"eventfd count {self.count}{' semaphore' * self.semaphore}"
