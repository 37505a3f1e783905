"""Pipes: a ring of page-sized slots between a read end and a write end, as fs/pipe.c fills and empties it.

| change | who is woken | key |
|---|---|---|
| a write of n > 0 bytes, accepted or refused, if the pipe was empty or either end was ever polled | read end | IN |
| a read that frees a slot of a pipe that was full | write end | OUT |
| the last reader or the last writer goes away, the other end still open | both ends | 0 |

The unit of space is the slot, not the byte: a write that does not end on a page boundary may be appended to the last
slot, and a slot is freed only when all of it was read. So a pipe may refuse OUT and still take a small write.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from typing import TYPE_CHECKING

from fakepoll.abi import ERR, HUP, KEY_STATE, PAGE, READABLE, WRITABLE, fail
from fakepoll.file import File

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

DEFAULT_SLOTS = 16


class Slot:
    """One page of a pipe: `data[start:]` is unread, and new bytes may be added up to the end of the page."""

    __slots__ = ("data", "start")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.start = 0


class Pipe:
    """What both ends share.

    `polled`: somebody asked poll or epoll about it once, which makes writes wake more. `held`: bytes in flight, by a
    fault; they were in the one slot that there was, and a write or the writer's end pushes them out.
    """

    __slots__ = ("held", "limit", "polled", "reader", "slots", "writer")

    def __init__(self, kernel: Kernel, flags: int) -> None:
        self.limit = DEFAULT_SLOTS
        self.slots: deque[Slot] = deque()
        self.polled = False
        self.held = b""
        self.reader: PipeReader | None = PipeReader(kernel, self, flags)
        self.writer: PipeWriter | None = PipeWriter(kernel, self, os.O_WRONLY | flags)

    def unread(self) -> int:
        """Count the bytes in the pipe."""
        return sum(len(slot.data) - slot.start for slot in self.slots)

    def put(self, data: bytes) -> int:
        """Store as much of `data` as fits: the odd bytes first into the last slot, then page by page."""
        stored = 0
        odd = len(data) % PAGE
        if odd and self.slots and len(self.slots[-1].data) + odd <= PAGE:
            self.slots[-1].data += data[:odd]
            stored = odd
        while stored < len(data) and len(self.slots) < self.limit:
            page = data[stored : stored + PAGE]
            self.slots.append(Slot(page))
            stored += len(page)
        return stored

    def take(self, size: int) -> bytes:
        """Take up to `size` bytes from the front; a slot goes when it is empty."""
        taken: list[bytes] = []
        while size and self.slots:
            slot = self.slots[0]
            piece = slot.data[slot.start : slot.start + size]
            slot.start += len(piece)
            size -= len(piece)
            taken.append(piece)
            if slot.start == len(slot.data):
                self.slots.popleft()
        return b"".join(taken)

    def resize(self, size: int) -> int:
        """`fcntl(F_SETPIPE_SZ)`: round up to a power of two of pages; EBUSY if the content would not fit."""
        slots = 1 << (max(1, -(-size // PAGE)) - 1).bit_length()
        if len(self.slots) > slots:
            fail(errno.EBUSY)
        self.limit = slots
        return slots * PAGE


class PipeReader(File):
    """The read end: IN while there is a byte, HUP (alone, at the end of the data) once no writer is left."""

    __slots__ = ("pipe",)

    kind = "pipe read end"
    mode = stat.S_IFIFO | 0o600

    def __init__(self, kernel: Kernel, pipe: Pipe, flags: int) -> None:
        super().__init__(kernel, flags)
        self.pipe = pipe

    def mask(self) -> int:
        """Compute the mask; never ERR, never RDHUP."""
        return (READABLE if self.pipe.slots else 0) | (0 if self.pipe.writer else HUP)

    def poll(self, asked: int) -> int:
        """As `mask`; the pipe remembers that it was asked (fs/pipe.c:pipe_poll, poll_usage)."""
        self.pipe.polled = True
        return self.mask()

    def read(self, size: int) -> bytes:
        """Take bytes; nothing there is end of file without writers and EAGAIN with them."""
        pipe = self.pipe
        if not size:
            return b""
        if not pipe.slots:
            if pipe.writer is None:
                return b""
            fail(errno.EAGAIN)
        was_full = len(pipe.slots) >= pipe.limit
        data = pipe.take(size)
        if was_full and len(pipe.slots) < pipe.limit and pipe.writer is not None:
            pipe.writer.wake(WRITABLE)
        return data

    def write(self, data: bytes) -> int:
        """The read end is not open for writing."""
        fail(errno.EBADF)

    def unread(self) -> int:
        """Count the bytes in the pipe."""
        return self.pipe.unread()

    def withhold(self, keep: int) -> bool:
        """As `File.withhold`, within a single slot, so that the writer's room does not change."""
        pipe = self.pipe
        if not keep or pipe.held or pipe.writer is None or len(pipe.slots) != 1 or pipe.limit <= 1:
            return False
        slot = pipe.slots[0]
        pipe.held = slot.data[slot.start + keep :]
        slot.data = slot.data[: slot.start + keep]
        return True

    def deliver(self) -> None:
        """As `File.deliver`."""
        pipe = self.pipe
        held, pipe.held = pipe.held, b""
        if not held:
            return
        if pipe.slots:
            pipe.slots[-1].data += held
        else:
            pipe.slots.append(Slot(held))
        self.wake(READABLE)

    def release(self) -> None:
        """The last reader goes: the write end shows ERR."""
        self.pipe.reader = None
        if self.pipe.writer is not None:
            self.pipe.writer.wake(KEY_STATE)

    def describe(self) -> str:
        """Show how much is unread and whether a writer is left."""
        return f"pipe read end, {self.unread()} bytes unread{'' if self.pipe.writer else ', no writer'}"


class PipeWriter(File):
    """The write end: OUT while a slot is free, ERR once no reader is left; never HUP."""

    __slots__ = ("pipe",)

    kind = "pipe write end"
    mode = stat.S_IFIFO | 0o600

    def __init__(self, kernel: Kernel, pipe: Pipe, flags: int) -> None:
        super().__init__(kernel, flags)
        self.pipe = pipe

    def mask(self) -> int:
        """Compute the mask; OUT and ERR may stand together."""
        pipe = self.pipe
        return (WRITABLE if len(pipe.slots) < pipe.limit else 0) | (0 if pipe.reader else ERR)

    def poll(self, asked: int) -> int:
        """As `mask`; the pipe remembers that it was asked."""
        self.pipe.polled = True
        return self.mask()

    def read(self, size: int) -> bytes:
        """The write end is not open for reading."""
        fail(errno.EBADF)

    def write(self, data: bytes) -> int:
        """Store what fits; EAGAIN if nothing does, EPIPE without readers. A refused write wakes as well."""
        if not data:
            return 0
        pipe = self.pipe
        if pipe.reader is None:
            fail(errno.EPIPE)
        if pipe.held:
            pipe.reader.deliver()
        was_empty = not pipe.slots
        stored = pipe.put(data)
        if was_empty or pipe.polled:
            pipe.reader.wake(READABLE)
        if not stored:
            fail(errno.EAGAIN)
        return stored

    def release(self) -> None:
        """The last writer goes: the read end shows HUP."""
        if self.pipe.reader is not None:
            self.pipe.reader.deliver()
        self.pipe.writer = None
        if self.pipe.reader is not None:
            self.pipe.reader.wake(KEY_STATE)

    def describe(self) -> str:
        """Show how much is in the pipe and whether a reader is left."""
        return f"pipe write end, {self.pipe.unread()} bytes in it{'' if self.pipe.reader else ', no reader'}"
