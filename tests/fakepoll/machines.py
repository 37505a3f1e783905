"""Two machines for one test: the fake kernel, and the one under it. The same body runs on both."""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
from types import ModuleType
from typing import Any

import fakepoll
from fakepoll.abi import mask_text

ALL = 0x20DF | select.EPOLLPRI | select.EPOLLWRBAND | select.EPOLLWRNORM
NOW = struct.pack("ii", 1, 0)
"""SO_LINGER zero: close sends a RST."""


class Machine:
    """The modules of one kernel; whatever is made here is kept until `close`."""

    def __init__(self, name: str) -> None:
        kernel = fakepoll.Kernel(limits=fakepoll.Limits(fin_ack_ns=0))
        self.socket: Any = kernel.socket if name == "fake" else socket
        self.os: Any = kernel.os if name == "fake" else os
        self.select: Any = kernel.select if name == "fake" else select
        self._kept: list[Any] = []

    def keep(self, *made: Any) -> Any:
        """Remember sockets and epolls for the end, and make sockets non-blocking."""
        for each in made:
            if hasattr(each, "setblocking"):
                each.setblocking(False)
        self._kept += made
        return made if len(made) > 1 else made[0]

    def unix(self) -> Any:
        """Make a pair of AF_UNIX streams."""
        return self.keep(*self.socket.socketpair())

    def datagrams(self) -> Any:
        """Make a pair of AF_UNIX datagram sockets."""
        return self.keep(*self.socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))

    def tcp(self) -> Any:
        """Make both ends of a TCP connection that delays nothing."""
        listener = self.listener()
        client = self.tcp_socket()
        client.connect_ex(listener.getsockname())
        server = self.keep(listener.accept()[0])
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client, server

    def tcp_socket(self) -> Any:
        """Make a TCP socket."""
        made = self.keep(self.socket.socket())
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def listener(self, backlog: int = 8) -> Any:
        """Make a TCP listener."""
        made = self.keep(self.socket.socket())
        made.bind(("127.0.0.1", 0))
        made.listen(backlog)
        return made

    def udp(self) -> Any:
        """Make a UDP socket with an address."""
        made = self.keep(self.socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        made.bind(("127.0.0.1", 0))
        return made

    def pipe(self) -> tuple[End, End]:
        """Make both ends of a pipe."""
        made: tuple[End, End] = self.keep(*(End(self.os, fd) for fd in self.os.pipe2(os.O_NONBLOCK)))
        return made

    def eventfd(self, count: int = 0, flags: int = 0) -> End:
        """Make an eventfd."""
        made: End = self.keep(End(self.os, self.os.eventfd(count, flags | os.EFD_NONBLOCK)))
        return made

    def epoll(self) -> Any:
        """Make an epoll."""
        return self.keep(self.select.epoll())

    def shows(self, file: Any) -> str:
        """Ask poll(2) for everything and name what it shows, `-` for nothing."""
        asking = self.select.poll()
        asking.register(file, ALL)
        found = asking.poll(0)
        return mask_text(found[0][1], "") if found else "-"

    def selects(self, file: Any) -> str:
        """Ask select(2) and name the sets: `r`, `w` and `x`, `-` for none."""
        found = self.select.select([file], [file], [file], 0)
        return "".join(name for name, members in zip("rwx", found, strict=True) if members) or "-"

    def close(self) -> None:
        """Close what is left; connections by RST, so that no port stays behind."""
        for each in self._kept:
            if isinstance(each, End):
                each.close()
                continue
            if hasattr(each, "setsockopt") and each.fileno() >= 0 and each.family == socket.AF_INET:
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOW)
            each.close()


class End:
    """An fd with methods, so that pipes and eventfds read like sockets."""

    def __init__(self, module: ModuleType, fd: int) -> None:
        self._os: Any = module
        self._fd = fd

    def fileno(self) -> int:
        """Give the number."""
        return self._fd

    def read(self, size: int) -> bytes:
        """Read."""
        data: bytes = self._os.read(self._fd, size)
        return data

    def write(self, data: bytes) -> int:
        """Write."""
        written: int = self._os.write(self._fd, data)
        return written

    def add(self, value: int) -> None:
        """Write a number to an eventfd."""
        self._os.eventfd_write(self._fd, value)

    def close(self) -> None:
        """Close, once."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            self._os.close(fd)


def outcome(call: Any, *args: Any) -> str:
    """Perform a call and name how it ended: the errno's name, or the result."""
    try:
        return repr(call(*args))
    except OSError as error:
        return errno.errorcode[error.errno or 0]
