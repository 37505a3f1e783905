"""poll and select: ask each file once, in the caller's order. No memory, no edges, no wait queue of their own.

poll answers a number that is not open with NVAL. select maps masks to its three sets: HUP and ERR are readable, ERR
is writable, HUP is not; the third set is PRI alone (fs/select.c:POLLIN_SET, POLLOUT_SET, POLLEX_SET).
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from fakepoll.abi import ALWAYS, ERR, HUP, IN, NVAL, OUT, PRI, RDBAND, RDNORM, WRBAND, WRNORM, fail, mask_text

if TYPE_CHECKING:
    from fakepoll.epoll import Event
    from fakepoll.file import File
    from fakepoll.kernel import Kernel

SETS = (RDNORM | RDBAND | IN | HUP | ERR, WRBAND | WRNORM | OUT | ERR, PRI)


class Scan:
    """One call of poll(2): the pairs (fd, events) that were asked."""

    __slots__ = ("asked", "files")

    def __init__(self, kernel: Kernel, asked: tuple[Event, ...]) -> None:
        self.files = kernel.fds.files
        self.asked = asked

    def look(self) -> list[Event]:
        """Ask every file; the pairs (fd, revents) that have something to say."""
        files, found = self.files, []
        for fd, events in self.asked:
            file = files.get(fd)
            shown = NVAL if file is None else file.poll(events | ALWAYS) & (events | ALWAYS)
            if shown and fd >= 0:
                found.append((fd, shown))
        return found

    def explain(self) -> list[str]:
        """Say for each fd what was asked and what its file shows."""
        lines = [explain_fd(self.files.get(fd), fd, mask_text(events, "")) for fd, events in self.asked]
        return lines or ["poll of nothing at all"]


class Selection:
    """One call of select(2): three sets of numbers, which must all be open."""

    __slots__ = ("asked", "files", "keys")

    def __init__(self, kernel: Kernel, sets: tuple[tuple[int, ...], ...]) -> None:
        table = kernel.fds
        self.asked = [(which, fd, table.files.get(fd)) for which, fds in enumerate(sets) for fd in fds]
        self.files = table.files
        if any(file is None and fd - table.first < table.size for _, fd, file in self.asked):
            fail(errno.EBADF)
        keys: dict[int, int] = {}
        for which, fd, _ in self.asked:
            keys[fd] = keys.get(fd, PRI) | SETS[which]
        self.keys = sorted(keys.items())

    def look(self) -> list[Event]:
        """Ask every file once, by rising number (do_select); the pairs (set, fd) that show what the set stands for."""
        files = self.files
        shown = {fd: file.poll(key) for fd, key in self.keys if (file := files.get(fd)) is not None}
        return [(which, fd) for which, fd, _ in self.asked if shown.get(fd, 0) & SETS[which]]

    def answer(self, found: list[Event]) -> list[Event]:
        """Add closed numbers beyond the process's table: the kernel shortens its range and leaves them set."""
        if all(file is not None for _, _, file in self.asked):
            return found
        return [(which, fd) for which, fd, file in self.asked if file is None or (which, fd) in found]

    def explain(self) -> list[str]:
        """Say for each fd in which set it is and what its file shows."""
        names = ("readable", "writable", "exceptional")
        return [explain_fd(file, fd, names[which]) for which, fd, file in self.asked] or ["select of nothing at all"]


def explain_fd(file: File | None, fd: int, asked: str) -> str:
    """Say in one line what is asked of an fd, what it is, and what it shows."""
    if file is None:
        return f"fd {fd} for {asked}: not open"
    return f"fd {fd} for {asked}: {file.describe()}; shows {mask_text(file.mask(), '')}"
