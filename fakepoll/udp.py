"""UDP over the loopback (net/ipv4/udp.c).

| change | who is woken | key |
|---|---|---|
| each datagram sent, arrived or not: its memory is free again at once | sender | OUT... |
| each datagram queued | receiver | IN, PRI, RDNORM, RDBAND |
| nobody has the port, and the sender is connected (ICMP port unreachable) | sender | ERR |
| shutdown, also when it fails with ENOTCONN | itself | 0 |

The sender is told first. A datagram that finds the receive buffer full is lost without a word.
"""

from __future__ import annotations

import errno
import socket
from collections import deque
from typing import TYPE_CHECKING

from fakepoll.abi import (
    ERR,
    HALF_CLOSED,
    HUP,
    KEY_DATA,
    KEY_SPACE,
    KEY_STATE,
    MSG_OOB,
    MSG_PEEK,
    MSG_TRUNC,
    READABLE,
    SHUT_BOTH,
    SHUT_RECEIVE,
    SHUT_SEND,
    WRITABLE_BAND,
    fail,
)
from fakepoll.network import own_address, source_for
from fakepoll.skb import truesize
from fakepoll.sockets import Address, Socket

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

LARGEST = 65_507
"""Bytes of payload that an IPv4 datagram can hold."""


class Udp(Socket):
    """A UDP socket; `remote` is where `send` goes once connected."""

    __slots__ = ("queue", "remote", "rmem")

    kind = "udp"
    default_protocol = socket.IPPROTO_UDP

    def __init__(self, kernel: Kernel, family: int, flags: int = 0) -> None:
        super().__init__(kernel, family, socket.SOCK_DGRAM, 0, flags)
        self.queue: deque[tuple[bytes, Address]] = deque()
        self.remote: tuple[str, int] | None = None
        self.rmem = 0

    def mask(self) -> int:
        """Compute the mask; loopback leaves no send memory in use, so OUT is always there."""
        mask = WRITABLE_BAND
        if self.queue:
            mask |= READABLE
        if self.error:
            mask |= ERR
        if self.shut & SHUT_RECEIVE:
            mask |= HALF_CLOSED
        if self.shut == SHUT_BOTH:
            mask |= HUP
        return mask

    def is_writable(self) -> bool:
        """There is always room."""
        return True

    def bind(self, address: Address) -> None:
        """Take an address and a port."""
        if self.name is not None:
            fail(errno.EINVAL)
        self.kernel.network.bind(self, address)

    def _autobind(self, host: str) -> None:
        if self.name is None:
            self.kernel.network.hold(self, host, self.kernel.network.ephemeral(self, host))

    def _any(self) -> str:
        return "0.0.0.0" if self.family == socket.AF_INET else "::"

    def connect(self, address: Address) -> None:
        """Choose where `send` goes and from where datagrams are taken."""
        host, port = self.kernel.network.route(self, address)
        self._autobind(source_for(host))
        if isinstance(self.name, tuple) and self.name[0] == self._any():
            self.name = own_address(self.family, source_for(host), self.name[1])
        self.remote = host, port

    def send(self, data: bytes, flags: int, address: Address) -> int:
        """Send one datagram; it has arrived, or not, when this returns. Even a refused send binds the socket."""
        self._autobind(self._any())
        if flags & MSG_OOB:
            fail(errno.EOPNOTSUPP)
        if len(data) > LARGEST:
            fail(errno.EMSGSIZE)
        if address is None and self.remote is None:
            fail(errno.EDESTADDRREQ)
        target = self.remote if address is None else self.kernel.network.route(self, address)
        assert target is not None, "checked above"
        if not target[1]:
            fail(errno.EINVAL)
        self.raise_error()
        if self.shut & SHUT_SEND:
            fail(errno.EPIPE)
        self.wake(KEY_SPACE)
        source = self._source(target[0])
        for other in self.kernel.network.find(socket.SOCK_DGRAM, *target):
            if isinstance(other, Udp) and other.accepts(source):
                other.arrive(data, source)
                return len(data)
        if self.remote == target:
            self.error = errno.ECONNREFUSED
            self.wake(ERR)
        return len(data)

    def _source(self, host: str) -> tuple[str, int]:
        assert isinstance(self.name, tuple), "autobound"
        own = self.name[0].removeprefix("::ffff:")
        return (host if own in ("0.0.0.0", "::") else own), self.name[1]

    def accepts(self, source: tuple[str, int]) -> bool:
        """Tell whether a datagram from there is for this socket: a connected one hears its remote end only."""
        return self.remote in (None, source)

    def arrive(self, data: bytes, source: tuple[str, int]) -> None:
        """Queue a datagram, or lose it."""
        charge = truesize(len(data))
        if self.rmem + charge > self.rcvbuf + charge:
            return
        self.rmem += charge
        self.queue.append((data, own_address(self.family, *source)))
        self.wake(KEY_DATA)

    def receive(self, size: int, flags: int) -> tuple[bytes, int, Address]:
        """Take one datagram; what does not fit into `size` is lost."""
        if flags & MSG_OOB:
            fail(errno.EOPNOTSUPP)
        self.raise_error()
        if not self.queue:
            fail(errno.EAGAIN)
        data, source = self.queue[0]
        if not flags & MSG_PEEK:
            self.queue.popleft()
            self.rmem -= truesize(len(data))
        return data[:size], len(data) if flags & MSG_TRUNC else min(size, len(data)), source

    def unread(self) -> int:
        """Count the bytes of the first datagram."""
        return len(self.queue[0][0]) if self.queue else 0

    def unsent(self) -> int:
        """Nothing is ever on its way."""
        return 0

    def shutdown(self, how: int) -> None:
        """Close one or both directions; an unconnected socket fails, and is shut and woken all the same."""
        if not 0 <= how <= 2:
            fail(errno.EINVAL)
        self.shut |= how + 1
        self.wake(KEY_STATE)
        if self.remote is None:
            fail(errno.ENOTCONN)

    def peer_name(self) -> Address:
        """Give where this socket is connected to, or ENOTCONN."""
        if self.remote is None:
            fail(errno.ENOTCONN)
        return own_address(self.family, *self.remote)

    def own_name(self) -> Address:
        """Give the own address; unbound is the wildcard with port 0."""
        return self.name or own_address(self.family, self._any(), 0)

    def release(self) -> None:
        """Give the port back."""
        self.kernel.network.let_go(self)

    def describe(self) -> str:
        """Show addresses and the queue."""
        return f"udp {self.own_name()!r}, {len(self.queue)} unread"
