"""Addresses as the socket module takes them, and looking up names: `localhost` and numbers, nothing else."""

from __future__ import annotations

import os
import socket
from typing import Any

from fakepoll.abi import NotModelled
from fakepoll.sockets import Address
from fakepoll.standins.module import as_int

LOCALHOST = "localhost"
LONGEST_PATH = 108
AI_FLAGS = (
    socket.AI_PASSIVE | socket.AI_CANONNAME | socket.AI_NUMERICHOST | socket.AI_NUMERICSERV | socket.AI_ADDRCONFIG
)
KINDS = (
    (socket.SOCK_STREAM, socket.IPPROTO_TCP),
    (socket.SOCK_DGRAM, socket.IPPROTO_UDP),
    (socket.SOCK_RAW, 0),
)
"""The order in which getaddrinfo(3) lists what the caller left open."""


def parse_address(family: int, address: Any, caller: str) -> Address:
    """Convert an address argument, with CPython's complaints (socketmodule.c:getsockaddrarg)."""
    if family == socket.AF_UNIX:
        return _parse_unix(address)
    name = "AF_INET" if family == socket.AF_INET else "AF_INET6"
    if not isinstance(address, tuple):
        raise TypeError(f"{caller}(): {name} address must be tuple, not {type(address).__name__}")
    most = 2 if family == socket.AF_INET else 4
    if not 2 <= len(address) <= most:
        wanted = "a pair (host, port)" if most == 2 else "a tuple (host, port[, flowinfo[, scopeid]])"
        raise TypeError(f"{name} address must be {wanted}")
    host = _as_host(address[0])
    port = as_int(address[1])
    if not 0 <= port <= 0xFFFF:
        raise OverflowError(f"{caller}(): port must be 0-65535.")
    found = resolve(host, family)[0][1]
    return (found, port) if family == socket.AF_INET else (found, port, 0, 0)


def _parse_unix(address: Any) -> Address:
    if isinstance(address, str):
        path = os.fsencode(address)
    elif isinstance(address, bytes | bytearray | memoryview):
        path = bytes(address)
    else:
        raise TypeError(f"a bytes-like object is required, not '{type(address).__name__}'")
    if len(path) > LONGEST_PATH or (len(path) == LONGEST_PATH and path[0]):
        raise OSError("AF_UNIX path too long")
    if path.startswith(b"\0"):
        return path
    if b"\0" in path:
        raise NotModelled("a path with a NUL in it")
    return os.fsdecode(path)


def _as_host(host: Any) -> str:
    if isinstance(host, str):
        return host
    if isinstance(host, bytes | bytearray):
        return bytes(host).decode("ascii")
    raise TypeError(f"str, bytes or bytearray expected, not {type(host).__name__}")


def _is_numeric(host: str, family: int) -> bool:
    try:
        socket.inet_pton(family, host)
    except OSError:
        return False
    return True


def resolve(host: str, family: int, *, passive: bool = True, numeric: bool = False) -> list[tuple[int, str]]:
    """Find the addresses of a name: pairs (family, address), IPv6 first as on a real machine's loopback."""
    families = [socket.AF_INET6, socket.AF_INET] if family == socket.AF_UNSPEC else [family]
    if host == LOCALHOST and not numeric:
        return [(int(each), "::1" if each == socket.AF_INET6 else "127.0.0.1") for each in families]
    if not host:
        wildcard = {socket.AF_INET6: "::", socket.AF_INET: "0.0.0.0"}
        loopback = {socket.AF_INET6: "::1", socket.AF_INET: "127.0.0.1"}
        return [(int(each), (wildcard if passive else loopback)[socket.AddressFamily(each)]) for each in families]
    if host == "<broadcast>":
        raise NotModelled("broadcast addresses")
    for each in families:
        if _is_numeric(host, each):
            return [(int(each), socket.inet_ntop(each, socket.inet_pton(each, host)))]
    other = socket.AF_INET6 if family == socket.AF_INET else socket.AF_INET
    if _is_numeric(host, other):
        raise socket.gaierror(socket.EAI_ADDRFAMILY, "Address family for hostname not supported")
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def getaddrinfo(
    host: str | bytes | None,
    port: str | bytes | int | None,
    family: int = 0,
    type: int = 0,
    proto: int = 0,
    flags: int = 0,
) -> list[tuple[int, int, int, str, Any]]:
    """`getaddrinfo(3)` of a number, of `localhost` or of nothing."""
    if flags & ~AI_FLAGS:
        raise NotModelled(f"getaddrinfo flags {flags & ~AI_FLAGS:#x}")
    if family not in (socket.AF_UNSPEC, socket.AF_INET, socket.AF_INET6):
        raise socket.gaierror(socket.EAI_FAMILY, "ai_family not supported")
    if host is None and port is None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    number = _as_port(port)
    name = "" if host is None else _as_host(host)
    if host is not None and not name:
        name = LOCALHOST
    numeric = bool(flags & socket.AI_NUMERICHOST)
    found = resolve(name, family, passive=bool(flags & socket.AI_PASSIVE), numeric=numeric)
    kinds = [(kind, protocol) for kind, protocol in KINDS if type in (0, kind) and proto in (0, protocol)]
    if not kinds:
        raise socket.gaierror(socket.EAI_SOCKTYPE, "ai_socktype not supported")
    canonical = name if flags & socket.AI_CANONNAME else ""
    tails = {int(socket.AF_INET): (), int(socket.AF_INET6): (0, 0)}
    return [
        (each, int(kind), int(protocol), canonical, (address, number, *tails[each]))
        for each, address in found
        for kind, protocol in kinds
    ]


def _as_port(port: str | bytes | int | None) -> int:
    if port is None:
        return 0
    if isinstance(port, int):
        return port & 0xFFFF
    text = port if isinstance(port, str) else port.decode("ascii")
    if not text.isdigit():
        raise NotModelled(f"the service name {text!r}")
    return int(text) & 0xFFFF


def getnameinfo(sockaddr: tuple[Any, ...], flags: int, /) -> tuple[str, str]:
    """`getnameinfo(3)`: numbers, and `localhost` for the loopback unless numbers are asked for."""
    host, port = sockaddr[:2]
    named = host in ("127.0.0.1", "::1") and not flags & socket.NI_NUMERICHOST
    return LOCALHOST if named else host, str(port)
