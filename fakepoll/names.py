"""What files are called in sites: a role and a count, `client#1`; the role is given, or says how it was opened."""

from __future__ import annotations

from fakepoll.file import File
from fakepoll.pipe import PipeReader, PipeWriter
from fakepoll.tcp import Tcp
from fakepoll.udp import Udp
from fakepoll.unix import UnixStream

ROLES: tuple[tuple[type[File], str], ...] = (
    (PipeReader, "reader"),
    (PipeWriter, "writer"),
    (Tcp, "tcp"),
    (Udp, "udp"),
    (UnixStream, "unix"),
)
"""Roles of files that a call opens whose name would not say enough."""
PLAIN = {"socketpair": "pair", "epoll_create": "epoll", "eventfd": "eventfd", "accepted": "accepted"}


class Names:
    """The names of one kernel's files. A name counts the files of its role, in the order in which they got it."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._names: dict[File, str] = {}

    def give(self, file: File, role: str) -> str:
        """Call a file by a role from now on; calls that were made under its old name stay counted there."""
        count = self._counts[role] = self._counts.get(role, 0) + 1
        name = self._names[file] = f"{role}#{count}"
        return name

    def opened(self, file: File, call: str) -> None:
        """Name a file after the call that opened it."""
        by_kind = next((role for kind, role in ROLES if isinstance(file, kind)), file.kind.replace(" ", "-"))
        self.give(file, PLAIN.get(call, by_kind))

    def of(self, file: File) -> str:
        """Give the name; whoever has none yet is named after its kind."""
        return self._names.get(file) or self.give(file, file.kind.replace(" ", "-"))

    def forget(self, file: File) -> None:
        """The file is closed for good; its name is not used again."""
        self._names.pop(file, None)
