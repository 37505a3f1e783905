"""Bytes between a parent and what it started: on a socket, whole or not at all; and in a journal, which outlives its writer."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator

from conformance.loading import UsageError

__all__ = ["JournalReader", "exactly", "make_journal"]


def exactly(sock: socket.socket, count: int) -> bytes:
    """Receive `count` bytes.

    Raises:
        UsageError: the other side is gone; a server dies only when it cannot even start.
    """
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise UsageError("the poller's process could not start: its server died; see its error above")
        data += more
    return data


def make_journal() -> int:
    """Open a file in memory to which one process appends lines and another reads them as they come.

    A line is there once `write` has returned, whatever becomes of the writer, and the reader need not be woken for it: a write costs a
    twentieth of a message through a socket (docs/performance.md).
    """
    fd = os.memfd_create("pollcheck-journal")
    fcntl.fcntl(fd, fcntl.F_SETFL, os.O_APPEND)
    return fd


class JournalReader:
    """The reading end; it never moves the writer's offset."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._at = 0

    def clear(self) -> None:
        """Forget what was written; only while the writer has nothing to say."""
        os.ftruncate(self._fd, 0)
        self._at = 0

    def lines(self) -> Iterator[bytes]:
        """The whole lines that were written since the last look; one that was not taken is there at the next."""
        while count := os.fstat(self._fd).st_size - self._at:
            data = os.pread(self._fd, count, self._at)
            for line in data[: data.rfind(b"\n") + 1].splitlines(keepends=True):
                self._at += len(line)
                yield line
            if not data.endswith(b"\n"):
                return

    def close(self) -> None:
        """Give the fd back."""
        os.close(self._fd)
