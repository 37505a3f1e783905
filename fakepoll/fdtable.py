"""The table of file descriptors: always the lowest free number, as POSIX promises and stale fds make dangerous."""

from __future__ import annotations

import errno
import heapq
from collections.abc import Iterator

from fakepoll.abi import fail
from fakepoll.file import File

SMALLEST_TABLE = 256


class FdTable:
    """Numbers to files, from `first` upwards, at most `nofile` of them (counted as if `first` were 3).

    `files` may be read by everybody; a missing number is EBADF.
    """

    __slots__ = ("_cloexec", "_free", "_next", "end", "files", "first", "size")

    def __init__(self, first: int, nofile: int) -> None:
        self.first = first
        self.end = first + max(0, nofile - 3) if first >= 3 else nofile
        self.files: dict[int, File] = {}
        self.size = SMALLEST_TABLE
        self._cloexec: dict[int, bool] = {}
        self._free: list[int] = []
        self._next = first

    def get(self, fd: int) -> File:
        """Find the file of a number, or EBADF."""
        file = self.files.get(fd)
        if file is None:
            fail(errno.EBADF)
        return file

    def open(self, file: File, *, cloexec: bool, lowest: int | None = None) -> int:
        """Give `file` the lowest free number (not below `lowest`), or EMFILE."""
        if lowest is None or lowest <= self.first:
            fd = self._take_lowest()
        else:
            fd = lowest
            while fd in self.files:
                fd += 1
            if fd >= self.end:
                fail(errno.EMFILE)
        self._install(fd, file, cloexec=cloexec)
        return fd

    def check_room(self, count: int = 1) -> None:
        """Raise EMFILE unless `count` more numbers are free."""
        if len(self.files) + count > self.end - self.first:
            fail(errno.EMFILE)

    def replace(self, fd: int, file: File, *, cloexec: bool) -> None:
        """`dup2(2)`: close what `fd` was, silently, and make it `file`."""
        if not self.first <= fd < self.end:
            fail(errno.EBADF)
        old = self.files.get(fd)
        file.refs += 1
        if old is not None:
            old.close()
        file.refs -= 1
        self._install(fd, file, cloexec=cloexec)

    def close(self, fd: int) -> None:
        """`close(2)`: the number is free at once; the file lives while another number points at it."""
        file = self.files.pop(fd, None)
        if file is None:
            fail(errno.EBADF)
        del self._cloexec[fd]
        heapq.heappush(self._free, fd)
        file.close()

    def is_cloexec(self, fd: int) -> bool:
        """Tell whether FD_CLOEXEC is set."""
        self.get(fd)
        return self._cloexec[fd]

    def set_cloexec(self, fd: int, *, cloexec: bool) -> None:
        """Set or clear FD_CLOEXEC; stored only, nothing is ever executed."""
        self.get(fd)
        self._cloexec[fd] = cloexec

    def items(self) -> Iterator[tuple[int, File]]:
        """Go through the open numbers in rising order."""
        for fd in sorted(self.files):
            yield fd, self.files[fd]

    def _install(self, fd: int, file: File, *, cloexec: bool) -> None:
        self.files[fd] = file
        self._cloexec[fd] = cloexec
        file.refs += 1
        while fd - self.first >= self.size:
            self.size *= 2

    def _take_lowest(self) -> int:
        """Numbers taken out of order (dup2, F_DUPFD) may still stand in the heap or ahead of `_next`: skip them."""
        while self._free:
            fd = heapq.heappop(self._free)
            if fd not in self.files and fd < self._next:
                return fd
        while self._next in self.files:
            self._next += 1
        if self._next >= self.end:
            fail(errno.EMFILE)
        self._next += 1
        return self._next - 1
