"""What stream and datagram sockets of AF_UNIX share: names, the peer, and send memory that the receiver gives back."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from fakepoll.abi import KEY_SPACE, fail
from fakepoll.sockets import Address, Socket

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

CLOSE = "unconnected"
LISTEN = "listening"
ESTABLISHED = "connected"


class Chunk:
    """What one send queued (an skb): bytes from `start` on are unread, `charge` is held against the sender."""

    __slots__ = ("charge", "data", "sender", "start")

    def __init__(self, data: bytes, sender: UnixSocket, charge: int) -> None:
        self.data = data
        self.start = 0
        self.sender = sender
        self.charge = charge

    def free(self) -> None:
        """Give the memory back; the sender is told if that makes it writable (net/core/sock.c:sock_wfree)."""
        sender = self.sender
        sender.wmem -= self.charge
        if (sender.wmem + 2) * 4 <= sender.sndbuf and sender.state != LISTEN:
            sender.wake(KEY_SPACE)


class UnixSocket(Socket):
    """What stream and datagram sockets of AF_UNIX share: names, send memory, the peer."""

    __slots__ = ("peer", "state", "wmem")

    def __init__(self, kernel: Kernel, type_: int, flags: int) -> None:
        super().__init__(kernel, socket.AF_UNIX, type_, 0, flags)
        self.state = CLOSE
        self.peer: UnixSocket | None = None
        self.wmem = 0

    def is_writable(self) -> bool:
        """At most a quarter of the send buffer in use (af_unix.c:unix_writable; one byte is the socket's own)."""
        return (self.wmem + 1) * 4 <= self.sndbuf and self.state != LISTEN

    def unsent(self) -> int:
        """Give the send memory in use, overhead included."""
        return self.wmem

    def bind(self, address: Address) -> None:
        """Take a path or an abstract name; an empty one asks for an abstract name of the kernel's choice."""
        if self.name is not None:
            is_taken = isinstance(address, str) and address in self.kernel.network.unix
            fail(errno.EADDRINUSE if is_taken else errno.EINVAL)  # a path is made before the socket is looked at
        self.name = self.kernel.network.bind_unix(self, address)

    def join(self, other: UnixSocket) -> None:
        """Make two sockets each other's peer."""
        self.peer, other.peer = other, self
        self.state = other.state = ESTABLISHED

    def own_name(self) -> Address:
        """Give the own name; unbound is the empty path."""
        return "" if self.name is None else self.name

    def peer_name(self) -> Address:
        """Give the peer's name, or ENOTCONN."""
        if self.peer is None:
            fail(errno.ENOTCONN)
        return self.peer.own_name()
