"""What every kind of socket has: a family, a shutdown state, an error that is told once, and options.

A kind that cannot listen fails as the real kernel's stubs do (net/core/sock.c:sock_no_listen).
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import struct
from typing import TYPE_CHECKING, ClassVar

from fakepoll.abi import KEY_SPACE, NotModelled, fail
from fakepoll.file import File

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

Address = tuple[str, int] | tuple[str, int, int, int] | str | bytes | None
"""As the socket module shows it: a 2-tuple (IPv4), a 4-tuple (IPv6), a path, an abstract name; None: no address."""

MIN_SNDBUF = 4_608
MIN_RCVBUF = 2_304

MODELLED = "modelled"
STORED = "stored only"
OPTIONS: dict[tuple[int, int], str] = {
    (socket.SOL_SOCKET, socket.SO_ERROR): MODELLED,
    (socket.SOL_SOCKET, socket.SO_TYPE): MODELLED,
    (socket.SOL_SOCKET, socket.SO_DOMAIN): MODELLED,
    (socket.SOL_SOCKET, socket.SO_PROTOCOL): MODELLED,
    (socket.SOL_SOCKET, socket.SO_ACCEPTCONN): MODELLED,
    (socket.SOL_SOCKET, socket.SO_SNDBUF): MODELLED,
    (socket.SOL_SOCKET, socket.SO_RCVBUF): MODELLED,
    (socket.SOL_SOCKET, socket.SO_LINGER): MODELLED,
    (socket.SOL_SOCKET, socket.SO_RCVLOWAT): MODELLED,
    (socket.SOL_SOCKET, socket.SO_REUSEADDR): MODELLED,
    (socket.SOL_SOCKET, socket.SO_REUSEPORT): MODELLED,
    (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY): MODELLED,
    (socket.IPPROTO_TCP, socket.TCP_INFO): MODELLED,
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE): STORED,
    (socket.SOL_SOCKET, socket.SO_BROADCAST): STORED,
    (socket.SOL_SOCKET, socket.SO_PRIORITY): STORED,
    (socket.IPPROTO_TCP, socket.TCP_NODELAY): STORED,
    (socket.IPPROTO_TCP, socket.TCP_QUICKACK): STORED,
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE): STORED,
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL): STORED,
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT): STORED,
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT): STORED,
    (socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT): STORED,
    (socket.IPPROTO_IP, socket.IP_TOS): STORED,
    (socket.IPPROTO_IP, socket.IP_TTL): STORED,
}
"""Which options exist here, and what they do; every other one is refused with `NotModelled`."""

READ_ONLY = {socket.SO_ERROR, socket.SO_TYPE, socket.SO_DOMAIN, socket.SO_PROTOCOL, socket.SO_ACCEPTCONN}
TRUTH = {socket.SO_KEEPALIVE, socket.SO_BROADCAST, socket.SO_REUSEADDR, socket.SO_REUSEPORT}
"""Options of SOL_SOCKET that keep only whether the value was zero."""
DEFAULTS = {
    (socket.IPPROTO_IP, socket.IP_TTL): 64,
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE): 7200,
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL): 75,
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT): 9,
    (socket.IPPROTO_TCP, socket.TCP_QUICKACK): 1,
}


def option_name(level: int, option: int) -> str:
    """Name an option for messages and traces: `SOL_SOCKET, SO_LINGER`; a number where there is no name."""
    prefixes = {
        socket.SOL_SOCKET: ("SOL_SOCKET", "SO_"),
        socket.IPPROTO_TCP: ("SOL_TCP", "TCP_"),
        socket.IPPROTO_IP: ("SOL_IP", "IP_"),
        socket.IPPROTO_IPV6: ("SOL_IPV6", "IPV6_"),
    }
    level_name, prefix = prefixes.get(level, (str(level), "?"))
    known = [name for name in dir(socket) if name.startswith(prefix) and getattr(socket, name) == option]
    return f"{level_name}, {min(known, key=len, default=option)}"  # the longer ones belong to other levels


class Socket(File):
    """A socket of any kind.

    Attributes:
        shut: own shutdown state, bits of `abi.SHUT_BOTH`.
        error: pending SO_ERROR; zero, or an errno that the next call which looks takes away.
        name: own address, None while unbound.
        linger: what SO_LINGER says: None, or seconds.
    """

    __slots__ = (
        "error", "family", "linger", "name", "options", "protocol", "rcvbuf", "rcvlowat", "shut", "sndbuf", "type",
    )  # fmt: skip

    kind = "socket"
    mode = stat.S_IFSOCK | 0o777
    default_protocol: ClassVar[int] = 0

    def __init__(self, kernel: Kernel, family: int, type_: int, protocol: int, flags: int) -> None:
        super().__init__(kernel, os.O_RDWR | flags)
        self.family = family
        self.type = type_
        self.protocol = protocol or self.default_protocol
        self.shut = 0
        self.error = 0
        self.name: Address = None
        self.linger: int | None = None
        self.rcvlowat = 1
        self.sndbuf = kernel.limits.wmem_default
        self.rcvbuf = kernel.limits.rmem_default
        self.options: dict[tuple[int, int], int] = {}

    def take_error(self) -> int:
        """Take the pending error away; poll never does."""
        error, self.error = self.error, 0
        return error

    def raise_error(self) -> None:
        """Raise the pending error, once."""
        if self.error:
            fail(self.take_error())

    def bind(self, address: Address) -> None:
        """`bind(2)`."""
        raise NotImplementedError

    def listen(self, backlog: int) -> None:
        """`listen(2)`."""
        fail(errno.EOPNOTSUPP)

    def accept(self) -> tuple[Socket, Address]:
        """`accept(2)`: a connected socket and the peer's address, EAGAIN if none waits."""
        fail(errno.EOPNOTSUPP)

    def connect(self, address: Address) -> None:
        """`connect(2)`, as on a non-blocking socket."""
        raise NotImplementedError

    def shutdown(self, how: int) -> None:
        """`shutdown(2)`; `how` is SHUT_RD, SHUT_WR or SHUT_RDWR, EINVAL otherwise."""
        raise NotImplementedError

    def send(self, data: bytes, flags: int, address: Address) -> int:
        """`sendto(2)`, as on a non-blocking socket."""
        raise NotImplementedError

    def receive(self, size: int, flags: int) -> tuple[bytes, int, Address]:
        """`recvfrom(2)`, as on a non-blocking socket: the bytes, the real length, and who sent them."""
        raise NotImplementedError

    def read(self, size: int) -> bytes:
        """`read(2)`: as recv without flags; zero bytes are read without looking (net/socket.c:sock_read_iter)."""
        return self.receive(size, 0)[0] if size else b""

    def write(self, data: bytes) -> int:
        """`write(2)`: as send without flags."""
        return self.send(data, 0, None)

    def peer_name(self) -> Address:
        """`getpeername(2)`, or ENOTCONN."""
        raise NotImplementedError

    def own_name(self) -> Address:
        """`getsockname(2)`; an unbound socket has an empty name of its family."""
        return self.name

    def is_listening(self) -> bool:
        """Tell whether SO_ACCEPTCONN is set."""
        return False

    def space_changed(self) -> None:
        """SO_SNDBUF was set: whoever waits for room may have it now (sk_write_space)."""
        if self.is_writable():
            self.wake(KEY_SPACE)

    def is_writable(self) -> bool:
        """Tell whether the mask shows OUT for reasons of room."""
        raise NotImplementedError

    def getsockopt(self, level: int, option: int) -> int | bytes:
        """`getsockopt(2)`: an int, or the bytes of a structure."""
        self._check_option(level, option)
        if level != socket.SOL_SOCKET:
            return self.options.get((level, option), DEFAULTS.get((level, option), 0))
        if option == socket.SO_ERROR:
            return self.take_error()
        if option == socket.SO_LINGER:
            return struct.pack("ii", self.linger is not None, self.linger or 0)
        known = {
            socket.SO_TYPE: self.type,
            socket.SO_DOMAIN: self.family,
            socket.SO_PROTOCOL: self.protocol,
            socket.SO_ACCEPTCONN: int(self.is_listening()),
            socket.SO_SNDBUF: self.sndbuf,
            socket.SO_RCVBUF: self.rcvbuf,
            socket.SO_RCVLOWAT: self.rcvlowat,
        }
        return known.get(option, self.options.get((level, option), 0))

    def setsockopt(self, level: int, option: int, value: int | bytes) -> None:
        """`setsockopt(2)`: `value` is an int, or the bytes of a structure."""
        self._check_option(level, option)
        if level == socket.SOL_SOCKET and option in READ_ONLY:
            fail(errno.ENOPROTOOPT)
        if level == socket.SOL_SOCKET and option == socket.SO_LINGER:
            self._set_linger(value)
            return
        number = value if isinstance(value, int) else _int_of(value)
        if level != socket.SOL_SOCKET:
            self.options[level, option] = number
        elif option == socket.SO_SNDBUF:
            self.sndbuf = max(2 * min(number & 0xFFFF_FFFF, self.kernel.limits.wmem_max), MIN_SNDBUF)
            self.space_changed()
        elif option == socket.SO_RCVBUF:
            self.rcvbuf = max(2 * min(number & 0xFFFF_FFFF, self.kernel.limits.rmem_max), MIN_RCVBUF)
        elif option == socket.SO_RCVLOWAT:
            self.set_rcvlowat(number)
        else:
            self.options[level, option] = int(number != 0) if option in TRUTH else number

    def set_rcvlowat(self, value: int) -> None:
        """SO_RCVLOWAT: at least 1; a negative value means no limit."""
        self.rcvlowat = (1 << 31) - 1 if value < 0 else value or 1

    def _set_linger(self, value: int | bytes) -> None:
        if isinstance(value, int) or len(value) < 8:
            fail(errno.EINVAL)
        on, seconds = struct.unpack_from("ii", value)
        self.linger = seconds if on else None

    def _check_option(self, level: int, option: int) -> None:
        if (level, option) not in OPTIONS:
            raise NotModelled(f"socket option {option_name(level, option)}")
        is_inet = self.family in (socket.AF_INET, socket.AF_INET6)
        if level != socket.SOL_SOCKET and not is_inet:
            fail(errno.EOPNOTSUPP)
        if level == socket.IPPROTO_TCP and self.type != socket.SOCK_STREAM:
            fail(errno.EOPNOTSUPP if self.type == socket.SOCK_DGRAM else errno.ENOPROTOOPT)
        if level == socket.IPPROTO_IPV6 and self.family != socket.AF_INET6:
            fail(errno.ENOPROTOOPT)


def _int_of(value: bytes) -> int:
    if len(value) < 4:
        fail(errno.EINVAL)
    number: int = struct.unpack_from("i", value)[0]
    return number
