"""TCP and UDP sockets that never block, in mio's shape.

A call that cannot be done now answers `None`: the operation would block, nothing is wrong, wait for the poll to tell.
(`io.RawIOBase` uses the same value for the same thing.) So there are three outcomes and no error among them:

    stream.read(4096)  ->  b"some bytes"   what was there
                           b""             end of file: the peer will send no more
                           None            not now

Only what went wrong is raised, as the `OSError` of the kernel. With an edge-triggered registration a call is repeated
until it answers `None`, because what is left over is not told again. Addresses are numeric: looking up a name blocks.
"""

from __future__ import annotations

import enum
import errno
import os
import socket
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

__all__ = ["Address", "Half", "TcpListener", "TcpStream", "UdpSocket"]

Address = tuple[str, int] | tuple[str, int, int, int]
"""(host, port), and for IPv6 also flow label and scope."""

Buffer = bytes | bytearray | memoryview

_GONE = frozenset(
    (
        errno.ECONNABORTED,
        errno.EPROTO,
        errno.ENETDOWN,
        errno.ENOPROTOOPT,
        errno.EHOSTDOWN,
        errno.ENONET,
        errno.EHOSTUNREACH,
        errno.EOPNOTSUPP,
        errno.ENETUNREACH,
        errno.EPERM,
    )
)
"""accept(2): what Linux reports of a connection that died in the queue. The next one may be fine."""


class Half(enum.IntEnum):
    """Which halves of a connection to shut, for `TcpStream.shutdown`."""

    READ = socket.SHUT_RD
    WRITE = socket.SHUT_WR
    BOTH = socket.SHUT_RDWR


class _Handle:
    """What the three have in common: an fd, an address, a pending error, an end."""

    __slots__ = ("_sock",)

    def __init__(self, sock: socket.socket) -> None:
        """Take over a socket and make it non-blocking."""
        sock.setblocking(False)
        self._sock = sock

    def fileno(self) -> int:
        """Answer the fd; -1 once closed."""
        return self._sock.fileno()

    def local_address(self) -> Address:
        """Answer the address of this end."""
        address: Address = self._sock.getsockname()
        return address

    def take_error(self) -> OSError | None:
        """Answer the error that waits on the socket, and clear it (SO_ERROR, socket(7)): asked again, None."""
        number = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return OSError(number, os.strerror(number)) if number else None

    def close(self) -> None:
        """Free the fd. The kernel forgets its registrations, unless a duplicate keeps the file open."""
        self._sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class TcpStream(_Handle):
    """One end of a TCP connection."""

    __slots__ = ()

    @classmethod
    def connect(cls, address: Address) -> TcpStream:
        """Begin to connect and return at once.

        Register the stream for WRITABLE; when that is told, `is_connected` says what came of it.

        Raises:
            OSError: the kernel refused at once: no route, no free port, no fd.
        """
        sock = socket.socket(_family(address), socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            failed = sock.connect_ex(address)
            if failed not in (0, errno.EINPROGRESS):
                raise OSError(failed, os.strerror(failed))
        except OSError:
            sock.close()
            raise
        return cls(sock)

    def is_connected(self) -> bool:
        """Answer whether the connection stands; False while it is being made.

        An event alone is no proof, so both are asked: is there an error, and is there a peer (mio:TCP-03).

        Raises:
            OSError: connecting failed (ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ...); told once.
        """
        error = self.take_error()
        if error is not None:
            raise error
        return self.peer_address() is not None

    def peer_address(self) -> Address | None:
        """Answer the address of the other end, or None where there is none: not yet, or no longer."""
        try:
            address: Address = self._sock.getpeername()
        except OSError as error:
            if error.errno != errno.ENOTCONN:
                raise
            return None
        return address

    def read(self, limit: int) -> bytes | None:
        """Take at most `limit` (> 0) bytes; b"" is the end of the stream, None is not now.

        Raises:
            OSError: ECONNRESET and its like, told once; ENOTCONN before the connection stands.
        """
        try:
            return self._sock.recv(limit)
        except BlockingIOError:
            return None

    def read_into(self, buffer: bytearray | memoryview) -> int | None:
        """Read into a buffer that is not empty; answer how many bytes. 0 is the end of the stream."""
        try:
            return self._sock.recv_into(buffer)
        except BlockingIOError:
            return None

    def read_vectored(self, buffers: Iterable[bytearray | memoryview]) -> int | None:
        """Fill the buffers in their order by one call (readv(2)); answer how many bytes in all."""
        try:
            return self._sock.recvmsg_into(buffers)[0]
        except BlockingIOError:
            return None

    def peek(self, limit: int) -> bytes | None:
        """Look at what `read` would take, and leave it there."""
        try:
            return self._sock.recv(limit, socket.MSG_PEEK)
        except BlockingIOError:
            return None

    def write(self, data: Buffer) -> int | None:
        """Give a prefix of `data` to the kernel; answer its length, at least 1, or None if there is no room at all.

        Raises:
            OSError: EPIPE once the connection is over; ECONNRESET and its like, told once.
        """
        try:
            return self._sock.send(data)
        except BlockingIOError:
            return None

    def write_vectored(self, buffers: Sequence[Buffer]) -> int | None:
        """Write the buffers in their order by one call (writev(2)); answer how many bytes in all."""
        try:
            return self._sock.sendmsg(buffers)
        except BlockingIOError:
            return None

    def shutdown(self, half: Half) -> None:
        """Shut one half or both. After WRITE the peer reads the end of the stream, and may still send.

        Raises:
            OSError: ENOTCONN: there is no connection (any more).
        """
        self._sock.shutdown(half)

    def set_nodelay(self, on: bool) -> None:
        """Send small writes at once (TCP_NODELAY, tcp(7)) instead of collecting them."""
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, on)


class TcpListener(_Handle):
    """A listening TCP socket."""

    __slots__ = ()

    @classmethod
    def bind(cls, address: Address, *, backlog: int = 4096) -> TcpListener:
        """Listen at `address`; port 0 takes a free one.

        Raises:
            OSError: EADDRINUSE, EADDRNOTAVAIL, EACCES.
        """
        sock = socket.socket(_family(address), socket.SOCK_STREAM)
        try:
            # Connections of an earlier run that linger in TIME_WAIT shall not keep the port (socket(7)).
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(address)
            sock.listen(backlog)
        except OSError:
            sock.close()
            raise
        return cls(sock)

    def accept(self) -> tuple[TcpStream, Address] | None:
        """Take the next connection and its peer's address; None if none is waiting.

        A connection that died in the queue is passed over (accept(2), Error handling).

        Raises:
            OSError: EMFILE, ENFILE, ENOBUFS, ENOMEM. The connection stays in the queue and the listener readable.
        """
        while True:
            try:
                sock, address = self._sock.accept()
            except BlockingIOError:
                return None
            except OSError as error:
                if error.errno not in _GONE:
                    raise
            else:
                return TcpStream(sock), address


class UdpSocket(_Handle):
    """A UDP socket. A datagram of no bytes is a datagram, not an end."""

    __slots__ = ()

    @classmethod
    def bind(cls, address: Address) -> UdpSocket:
        """Make a socket with this address; port 0 takes a free one."""
        sock = socket.socket(_family(address), socket.SOCK_DGRAM)
        try:
            sock.bind(address)
        except OSError:
            sock.close()
            raise
        return cls(sock)

    def connect(self, address: Address) -> None:
        """Choose the peer: `send` sends there, and only what it sends is received. May be called again."""
        self._sock.connect(address)

    def send(self, data: Buffer) -> int | None:
        """Send one datagram to the chosen peer.

        Raises:
            OSError: EDESTADDRREQ without a peer; ECONNREFUSED for an earlier datagram that nobody took, told once.
        """
        try:
            return self._sock.send(data)
        except BlockingIOError:
            return None

    def send_to(self, data: Buffer, address: Address) -> int | None:
        """Send one datagram to `address`."""
        try:
            return self._sock.sendto(data, address)
        except BlockingIOError:
            return None

    def recv(self, limit: int) -> bytes | None:
        """Take one datagram. What of it does not fit into `limit` is lost."""
        try:
            return self._sock.recv(limit)
        except BlockingIOError:
            return None

    def recv_from(self, limit: int) -> tuple[bytes, Address] | None:
        """Take one datagram and its sender's address."""
        try:
            return self._sock.recvfrom(limit)
        except BlockingIOError:
            return None

    def peek_from(self, limit: int) -> tuple[bytes, Address] | None:
        """Look at the next datagram and leave it there."""
        try:
            return self._sock.recvfrom(limit, socket.MSG_PEEK)
        except BlockingIOError:
            return None


def _family(address: Address) -> socket.AddressFamily:
    """Answer the family of a numeric address: only those of IPv6 have colons."""
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET
