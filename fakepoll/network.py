"""Addresses and ports: who meets whom on a machine whose only network interface is its loopback.

AF_UNIX names are paths and abstract names. A path stays after its socket was closed, as the file would, until it is
unlinked; connecting to it is then refused. Internet addresses are those of the loopback and "any"; every other one
is unreachable.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Callable
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from fakepoll.abi import NS_PER_S, NotModelled, fail
from fakepoll.sockets import Address, Socket

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

TIME_WAIT_NS = 60 * NS_PER_S

V6ONLY = (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
REUSEADDR = (socket.SOL_SOCKET, socket.SO_REUSEADDR)
REUSEPORT = (socket.SOL_SOCKET, socket.SO_REUSEPORT)
ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""The wildcard addresses, and what connecting to them means."""


class Network:
    """The name spaces of one kernel.

    Attributes:
        unix: path, or abstract name and type -> the socket bound there; None for a path whose socket was closed.
        bound: (type, port) -> the sockets that hold the port, oldest first.
        listening: port -> the TCP listeners there, oldest first.
        leaving: when a socket in TIME_WAIT lets go of its port.
        fates: what happens, by a fault, to the SYN of a socket that is about to connect.
    """

    __slots__ = ("_autobind", "_kernel", "_next_port", "bound", "fates", "leaving", "listening", "unix")

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._autobind = 0
        self._next_port = kernel.limits.ports[0]
        self.unix: dict[str | tuple[bytes, int], Socket | None] = {}
        self.bound: dict[tuple[int, int], dict[Socket, None]] = {}
        self.listening: dict[int, list[Socket]] = {}
        self.leaving: dict[Socket, int] = {}
        self.fates: dict[Socket, Callable[[], object]] = {}

    def bind_unix(self, sock: Socket, address: Address) -> str | bytes:
        """Enter a name, or EADDRINUSE; an empty one gets five hexadecimal digits (unix(7), autobind)."""
        if not isinstance(address, str | bytes):
            raise TypeError("an AF_UNIX address is a path or an abstract name")
        if not address:
            address = b"\0%05x" % self._autobind
            self._autobind += 1
        key = _unix_key(address, sock.type)
        if key in self.unix:
            fail(errno.EADDRINUSE)
        self.unix[key] = sock
        return address

    def find_unix(self, address: Address, type_: int) -> Socket:
        """Find who is bound to a name: ENOENT, ECONNREFUSED (a path left behind) or EPROTOTYPE."""
        if not isinstance(address, str | bytes) or not address:
            fail(errno.EINVAL)
        key = _unix_key(address, type_)
        if key not in self.unix:
            fail(errno.ECONNREFUSED if isinstance(address, bytes) else errno.ENOENT)
        found = self.unix[key]
        if found is None:
            fail(errno.ECONNREFUSED)
        if found.type != type_:
            fail(errno.EPROTOTYPE)
        return found

    def unbind_unix(self, sock: Socket) -> None:
        """The socket is gone: an abstract name goes with it, a path stays."""
        name = sock.name
        if not isinstance(name, str | bytes):
            return
        key = _unix_key(name, sock.type)
        if self.unix.get(key) is sock:
            if isinstance(name, bytes):
                del self.unix[key]
            else:
                self.unix[key] = None

    def bind(self, sock: Socket, address: Address) -> None:
        """Give an internet socket its address; port 0 asks for one of the kernel's choice."""
        host, port = _host_port(address)
        if _plain(host) not in ANY and not _is_loopback(host):
            fail(errno.EADDRNOTAVAIL)
        port = port or self.ephemeral(sock, host)
        if not self._is_free(sock, host, port):
            fail(errno.EADDRINUSE)
        self.hold(sock, host, port)

    def hold(self, sock: Socket, host: str, port: int) -> None:
        """Enter a socket under its port, without any check: also for accepted and connecting sockets."""
        sock.name = own_address(sock.family, host, port)
        self.bound.setdefault((sock.type, port), {})[sock] = None

    def let_go(self, sock: Socket, *, time_wait: bool = False) -> None:
        """Give the port back: at once, or when TIME_WAIT is over."""
        if time_wait:
            self.leaving[sock] = self._kernel.clock.now_ns + TIME_WAIT_NS
        if sock.name is None or self.leaving.get(sock, 0) > self._kernel.clock.now_ns:
            return
        self.leaving.pop(sock, None)
        key = sock.type, _host_port(sock.name)[1]
        holders = self.bound.get(key, {})
        holders.pop(sock, None)
        if not holders:
            self.bound.pop(key, None)

    def listen(self, sock: Socket) -> None:
        """Enter a listener, or EADDRINUSE if another listens there."""
        host, port = _host_port(sock.name)
        if any(_conflict(sock, host, other) for other in self.listening.get(port, [])):
            fail(errno.EADDRINUSE)
        self.listening.setdefault(port, []).append(sock)

    def stop_listening(self, sock: Socket) -> None:
        """Take a listener out."""
        self.listening[_host_port(sock.name)[1]].remove(sock)

    def find_listener(self, host: str, port: int) -> Socket | None:
        """Find who accepts connections to an address: an exact address before a wildcard."""
        found = [sock for sock in self.listening.get(port, ()) if _matches(sock, host)]
        return min(found, key=_is_wildcard, default=None)

    def ephemeral(self, sock: Socket, host: str) -> int:
        """Choose a free port: the next in the range, so that equal runs choose equal ports."""
        low, high = self._kernel.limits.ports
        order = chain(range(self._next_port, high + 1), range(low, self._next_port))
        port: int | None = next((port for port in order if self._is_free(sock, host, port)), None)
        if port is None:
            fail(errno.EADDRINUSE)
        self._next_port = low if port == high else port + 1
        return port

    def _is_free(self, sock: Socket, host: str, port: int) -> bool:
        return not any(_conflict(sock, host, other) for other in self._holders(sock.type, port))

    def route(self, sock: Socket, address: Address) -> tuple[str, int]:
        """Resolve where a packet to `address` goes, or ENETUNREACH: there is only the loopback."""
        host, port = _host_port(address)
        if sock.family == socket.AF_INET and ":" in host:
            fail(errno.EAFNOSUPPORT)
        host = _plain(ANY.get(host, host))
        if not _is_loopback(host):
            fail(errno.ENETUNREACH)
        return host, port

    def find(self, type_: int, host: str, port: int) -> list[Socket]:
        """Find who holds a port at this address: exact addresses first, then the wildcards, oldest first."""
        return sorted((other for other in self._holders(type_, port) if _matches(other, host)), key=_is_wildcard)

    def _holders(self, type_: int, port: int) -> list[Socket]:
        for sock in [sock for sock in self.bound.get((type_, port), ()) if sock in self.leaving]:
            self.let_go(sock)
        return list(self.bound.get((type_, port), ()))


def _unix_key(address: str | bytes, type_: int) -> str | tuple[bytes, int]:
    """Each type of socket has abstract names of its own (af_unix.c:unix_abstract_hash); paths are shared."""
    return (address, type_) if isinstance(address, bytes) else address


def source_for(host: str) -> str:
    """Choose the address from which a packet to `host` comes: the loopback's own, of the same family."""
    return "::1" if ":" in host else "127.0.0.1"


def own_address(family: int, host: str, port: int) -> Address:
    """Write an address as a socket of this family shows it; IPv4 appears mapped on an IPv6 socket."""
    if family == socket.AF_INET:
        return host, port
    return host if ":" in host else f"::ffff:{host}", port, 0, 0


def _host_port(address: Address) -> tuple[str, int]:
    if not isinstance(address, tuple):
        raise NotModelled(f"an internet socket with the address {address!r}")
    return address[0], address[1]


def _plain(host: str) -> str:
    """Write a mapped IPv4 address as the IPv4 address it is."""
    return host.removeprefix("::ffff:") if "." in host else host


def _is_wildcard(sock: Socket) -> bool:
    return _plain(_host_port(sock.name)[0]) in ANY


@lru_cache(maxsize=256)
def _is_loopback(host: str) -> bool:
    return ipaddress.ip_address(_plain(host)).is_loopback


def _takes_ipv4(sock: Socket) -> bool:
    return sock.family == socket.AF_INET or not sock.options.get(V6ONLY)


def _overlap(sock: Socket, host: str, other: Socket) -> bool:
    mine, theirs = _plain(host), _plain(_host_port(other.name)[0])
    if (":" in mine) == (":" in theirs):
        return mine == theirs or mine in ANY or theirs in ANY
    wide, narrow = (sock, other) if ":" in mine else (other, sock)
    return (mine if wide is sock else theirs) == "::" and _takes_ipv4(wide) and narrow.family is not None


def _conflict(sock: Socket, host: str, other: Socket) -> bool:
    """Tell whether two sockets may not share a port (net/ipv4/inet_connection_sock.c:inet_bind_conflict)."""
    if other is sock or not _overlap(sock, host, other):
        return False
    if sock.options.get(REUSEPORT) and other.options.get(REUSEPORT):
        return False
    both_reuse = sock.options.get(REUSEADDR) and other.options.get(REUSEADDR)
    return not (both_reuse and not other.is_listening())


def _matches(sock: Socket, host: str) -> bool:
    own = _plain(_host_port(sock.name)[0])
    if own == _plain(host):
        return True
    if own not in ANY:
        return False
    is_ipv4 = ":" not in _plain(host)
    return (own == "0.0.0.0") == is_ipv4 or (own == "::" and is_ipv4 and _takes_ipv4(sock))
