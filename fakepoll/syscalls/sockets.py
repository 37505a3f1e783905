"""Calls on sockets (socket(7), ip(7), unix(7))."""

from __future__ import annotations

import errno
import os
import socket as constants
from typing import TYPE_CHECKING

from fakepoll.abi import MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_TRUNC, NotModelled, fail
from fakepoll.sockets import Address, Socket
from fakepoll.syscalls.blocking import until_all_sent, until_done
from fakepoll.tcp import Tcp
from fakepoll.udp import Udp
from fakepoll.unix import UnixStream
from fakepoll.unix_datagram import UnixDatagram
from fakepoll.unix_socket import UnixSocket

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

TYPE_FLAGS = constants.SOCK_NONBLOCK | constants.SOCK_CLOEXEC
SEND_FLAGS = MSG_DONTWAIT | MSG_OOB | int(constants.MSG_NOSIGNAL | constants.MSG_MORE)
RECEIVE_FLAGS = MSG_DONTWAIT | MSG_OOB | MSG_PEEK | MSG_TRUNC | int(constants.MSG_NOSIGNAL)
INET = (constants.AF_INET, constants.AF_INET6)


def _family_name(number: int) -> str:
    try:
        return constants.AddressFamily(number).name
    except ValueError:
        return str(number)


def make(kernel: Kernel, family: int, type_: int, protocol: int) -> Socket:
    """Make a socket of a kind, without a number; unknown families and types are not modelled."""
    flags = os.O_NONBLOCK if type_ & constants.SOCK_NONBLOCK else 0
    kind = type_ & ~TYPE_FLAGS
    if not 0 <= kind < 11:
        fail(errno.EINVAL)
    stream, datagram = kind == constants.SOCK_STREAM, kind == constants.SOCK_DGRAM
    if family == constants.AF_UNIX and (stream or datagram):
        if protocol not in (0, constants.AF_UNIX):
            fail(errno.EPROTONOSUPPORT)
        return UnixStream(kernel, flags) if stream else UnixDatagram(kernel, flags)
    if family in INET and (stream or datagram):
        if protocol not in (0, constants.IPPROTO_TCP if stream else constants.IPPROTO_UDP):
            fail(errno.EPROTONOSUPPORT)
        return Tcp(kernel, family, flags) if stream else Udp(kernel, family, flags)
    raise NotModelled(f"socket family {_family_name(family)}, type {kind}")


def _get(kernel: Kernel, fd: int) -> Socket:
    file = kernel.fds.files.get(fd)
    if not isinstance(file, Socket):
        fail(errno.EBADF if file is None else errno.ENOTSOCK)
    return file


def socket(kernel: Kernel, family: int, type_: int, protocol: int) -> int:
    """`socket(2)`."""
    made = make(kernel, family, type_, protocol)
    return kernel.fds.open(made, cloexec=bool(type_ & constants.SOCK_CLOEXEC))


def socketpair(kernel: Kernel, family: int, type_: int, protocol: int) -> tuple[int, int]:
    """`socketpair(2)`; only AF_UNIX has pairs."""
    kernel.fds.check_room(2)
    one, other = make(kernel, family, type_, protocol), make(kernel, family, type_, protocol)
    if not isinstance(one, UnixSocket) or not isinstance(other, UnixSocket):
        fail(errno.EOPNOTSUPP)
    one.join(other)
    cloexec = bool(type_ & constants.SOCK_CLOEXEC)
    return kernel.fds.open(one, cloexec=cloexec), kernel.fds.open(other, cloexec=cloexec)


def bind(kernel: Kernel, fd: int, address: Address) -> None:
    """`bind(2)`."""
    _get(kernel, fd).bind(address)


def listen(kernel: Kernel, fd: int, backlog: int) -> None:
    """`listen(2)`."""
    _get(kernel, fd).listen(backlog)


def accept4(kernel: Kernel, fd: int, flags: int) -> tuple[int, Address]:
    """`accept4(2)`: the number is reserved first, so at the limit the connection stays queued."""
    if flags & ~TYPE_FLAGS:
        fail(errno.EINVAL)
    listener = _get(kernel, fd)
    kernel.fds.check_room()
    child, address = until_done(kernel, listener, "accept4", listener.accept)
    if flags & constants.SOCK_NONBLOCK:
        child.flags |= os.O_NONBLOCK
    return kernel.fds.open(child, cloexec=bool(flags & constants.SOCK_CLOEXEC)), address


def connect(kernel: Kernel, fd: int, address: Address) -> None:
    """`connect(2)`; a blocking socket waits for the answer, a non-blocking one raises EINPROGRESS or EAGAIN."""
    sock = _get(kernel, fd)
    if sock.flags & os.O_NONBLOCK or not isinstance(sock, Tcp):
        until_done(kernel, sock, "connect", lambda: sock.connect(address))
        return
    try:
        sock.connect(address)
    except BlockingIOError:
        until_done(kernel, sock, "connect", sock.finish_connect)


def shutdown(kernel: Kernel, fd: int, how: int) -> None:
    """`shutdown(2)`."""
    _get(kernel, fd).shutdown(how)


def sendto(kernel: Kernel, fd: int, data: bytes, flags: int, address: Address = None) -> int:
    """`sendto(2)`; without an address it is `send(2)`. SIGPIPE is ignored, as Python does."""
    sock = kernel.fds.files.get(fd)
    if not isinstance(sock, Socket):
        fail(errno.EBADF if sock is None else errno.ENOTSOCK)
    if flags & ~SEND_FLAGS:
        raise NotModelled(f"send flags {flags & ~SEND_FLAGS:#x}")
    if sock.flags & os.O_NONBLOCK or flags & MSG_DONTWAIT:
        return sock.send(data, flags, address)
    return until_all_sent(kernel, sock, "sendto", lambda rest: sock.send(rest, flags, address), data)


def recvfrom(kernel: Kernel, fd: int, size: int, flags: int) -> tuple[bytes, int, Address]:
    """`recvfrom(2)`: the bytes, the length to return (more than the bytes under MSG_TRUNC), and the sender."""
    sock = kernel.fds.files.get(fd)
    if not isinstance(sock, Socket):
        fail(errno.EBADF if sock is None else errno.ENOTSOCK)
    if flags & ~RECEIVE_FLAGS:
        raise NotModelled(f"recv flags {flags & ~RECEIVE_FLAGS:#x}")
    if sock.flags & os.O_NONBLOCK or flags & MSG_DONTWAIT:
        found = sock.receive(size, flags)
    else:
        found = until_done(kernel, sock, "recvfrom", lambda: sock.receive(size, flags))
    if found[0]:
        kernel.clock.idle = 0
    return found


def getsockopt(kernel: Kernel, fd: int, level: int, option: int) -> int | bytes:
    """`getsockopt(2)`: an int, or the bytes of a structure."""
    return _get(kernel, fd).getsockopt(level, option)


def setsockopt(kernel: Kernel, fd: int, level: int, option: int, value: int | bytes) -> None:
    """`setsockopt(2)`."""
    _get(kernel, fd).setsockopt(level, option, value)


def getsockname(kernel: Kernel, fd: int) -> Address:
    """`getsockname(2)`."""
    return _get(kernel, fd).own_name()


def getpeername(kernel: Kernel, fd: int) -> Address:
    """`getpeername(2)`."""
    return _get(kernel, fd).peer_name()
