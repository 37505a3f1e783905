"""AF_UNIX datagram sockets (net/unix/af_unix.c).

| change | who is woken | key |
|---|---|---|
| each datagram queued | receiver | IN, PRI, RDNORM, RDBAND |
| each datagram read | senders that found this queue full, then its own sender if that shows OUT | OUT... |
| shutdown | itself only: the peer of a datagram socket is not told | 0 |
| close | senders that found its queue full (0), then each unread datagram's sender if that shows OUT | 0, OUT... |
| sending to a connected peer that is gone, with datagrams of its own unread here | senders waiting for this queue | 0 |

OUT means room in the own send memory and, towards a peer that is not connected back, in the peer's queue.
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
    READABLE,
    SHUT_BOTH,
    SHUT_RECEIVE,
    SHUT_SEND,
    WRITABLE_BAND,
    fail,
)
from fakepoll.sockets import Address
from fakepoll.unix import CLOSE, ESTABLISHED, Chunk, UnixSocket, truesize

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel


class UnixDatagram(UnixSocket):
    """A datagram socket; `waiting` are the sockets that were refused OUT because this one's queue was full."""

    __slots__ = ("closed", "queue", "waiting")

    kind = "unix datagram"

    def __init__(self, kernel: Kernel, flags: int = 0) -> None:
        super().__init__(kernel, socket.SOCK_DGRAM, flags)
        self.queue: deque[Chunk] = deque()
        self.waiting: dict[UnixDatagram, None] = {}
        self.closed = False

    def join(self, other: UnixDatagram) -> None:
        """Make two sockets each other's peer."""
        self.peer, other.peer = other, self
        self.state = other.state = ESTABLISHED

    def mask(self) -> int:
        """Compute the mask (af_unix.c:unix_dgram_poll)."""
        mask = READABLE if self.queue else 0
        if self.error:
            mask |= ERR
        if self.shut & SHUT_RECEIVE:
            mask |= HALF_CLOSED
        if self.shut == SHUT_BOTH:
            mask |= HUP
        if self.is_writable() and self._full_peer() is None:
            mask |= WRITABLE_BAND
        return mask

    def poll(self) -> int:
        """As `mask`; who is refused for the peer's full queue will be woken when that is read."""
        full = self._full_peer()
        if full is not None and self.is_writable():
            full.waiting[self] = None
        return self.mask()

    def _is_full(self) -> bool:
        return len(self.queue) > self.kernel.limits.max_dgram_qlen

    def _full_peer(self) -> UnixDatagram | None:
        peer = self.peer
        if isinstance(peer, UnixDatagram) and peer.peer is not self and peer._is_full():
            return peer
        return None

    def connect(self, address: Address) -> None:
        """Choose where `send` goes; only the owner of a name can be chosen."""
        peer = self.kernel.network.find_unix(address, self.type)
        assert isinstance(peer, UnixDatagram), "the network found a socket of this type"
        if peer.peer is not None and peer.peer is not self:
            fail(errno.EPERM)
        if self.peer is not None and self.peer is not peer:
            self._disconnected()
        self.peer = peer
        self.state = peer.state = ESTABLISHED

    def _disconnected(self) -> None:
        """Forget what the former peer sent (af_unix.c:unix_dgram_disconnected)."""
        if not self.queue:
            return
        while self.queue:
            self.queue.popleft().free()
        self._wake_waiting(KEY_STATE)
        former = self.peer
        if isinstance(former, UnixDatagram) and not former.closed and former.peer is self:
            former.error = errno.ECONNRESET
            former.wake(ERR)

    def send(self, data: bytes, flags: int, address: Address) -> int:
        """Queue one datagram at the peer or at `address`; EAGAIN while there is no room here or there."""
        if flags & socket.MSG_OOB:
            fail(errno.EOPNOTSUPP)
        if len(data) > self.sndbuf - 32:
            fail(errno.EMSGSIZE)
        peer = self.peer if address is None else None
        if address is None and peer is None:
            fail(errno.ENOTCONN)
        self.raise_error()
        if self.shut & SHUT_SEND:
            fail(errno.EPIPE)
        if self.wmem >= self.sndbuf:
            fail(errno.EAGAIN)
        target = peer or self.kernel.network.find_unix(address, self.type)
        assert isinstance(target, UnixDatagram), "the network found a socket of this type"
        if target.peer is not None and target.peer is not self:
            fail(errno.EPERM)
        if target.closed:
            self._lose_peer(target)
        if target.shut & SHUT_RECEIVE:
            fail(errno.EPIPE)
        if target is not self and target.peer is not self and target._is_full():
            fail(errno.EAGAIN)
        chunk = Chunk(data, self, truesize(len(data)))
        self.wmem += chunk.charge
        target.queue.append(chunk)
        target.wake(KEY_DATA)
        return len(data)

    def _lose_peer(self, target: UnixDatagram) -> None:
        target.waiting.pop(self, None)
        self._disconnected()
        self.peer = None
        self.state = CLOSE
        fail(errno.ECONNREFUSED)

    def receive(self, size: int, flags: int) -> tuple[bytes, int, Address]:
        """Take one datagram; what does not fit into `size` is lost."""
        if flags & socket.MSG_OOB:
            fail(errno.EOPNOTSUPP)
        self.raise_error()
        if not self.queue:
            fail(errno.EAGAIN)
        chunk = self.queue[0]
        if not flags & socket.MSG_PEEK:
            self.queue.popleft()
            self._wake_waiting(KEY_SPACE)
            chunk.free()
        length = len(chunk.data) if flags & socket.MSG_TRUNC else min(size, len(chunk.data))
        return chunk.data[:size], length, chunk.sender.name

    def unread(self) -> int:
        """Count the bytes of the first datagram."""
        return len(self.queue[0].data) if self.queue else 0

    def shutdown(self, how: int) -> None:
        """Close one or both directions of this socket."""
        if not 0 <= how <= 2:
            fail(errno.EINVAL)
        self.shut |= how + 1
        self.wake(KEY_STATE)

    def _wake_waiting(self, key: int) -> None:
        while self.waiting:
            sender = next(iter(self.waiting))
            del self.waiting[sender]
            sender.wake(key)

    def release(self) -> None:
        """Drop what is unread; the peer learns of it when it sends."""
        self.kernel.network.unbind_unix(self)
        self.closed = True
        self.state = CLOSE
        self._wake_waiting(KEY_STATE)
        if isinstance(self.peer, UnixDatagram):
            self.peer.waiting.pop(self, None)
        self.peer = None
        while self.queue:
            self.queue.popleft().free()

    def describe(self) -> str:
        """Show the queue and the send memory."""
        return f"unix datagram {self.state}, {len(self.queue)} unread, {self.wmem} of {self.sndbuf} sent"
