"""AF_UNIX datagram sockets (net/unix/af_unix.c).

| change | who is woken | key |
|---|---|---|
| each datagram queued | receiver | IN, PRI, RDNORM, RDBAND |
| each datagram read or peeked at | senders that found this queue full; if it was read, its own sender | OUT... |
| shutdown | itself only: the peer of a datagram socket is not told | 0 |
| close | senders that found its queue full (0), then each unread datagram's sender if that shows OUT | 0, OUT... |
| connecting anew, sending to a connected peer that is gone | itself | OUT... |
| the same, with datagrams unread here | senders that found this queue full (0), the former peer | 0, ERR |
| a datagram that is refused after its memory was taken | itself, if it then shows OUT | OUT... |

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
from fakepoll.skb import truesize
from fakepoll.sockets import Address
from fakepoll.unix_socket import CLOSE, ESTABLISHED, Chunk, UnixSocket

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel


HEAD_ROOM = 16_064
"""Bytes of a datagram that fit into its linear part (SKB_MAX_ALLOC; x86-64)."""


class UnixDatagram(UnixSocket):
    """A datagram socket; `waiting` are the sockets that were refused OUT because this one's queue was full."""

    __slots__ = ("closed", "queue", "waiting")

    kind = "unix datagram"

    def __init__(self, kernel: Kernel, flags: int = 0) -> None:
        super().__init__(kernel, socket.SOCK_DGRAM, flags)
        self.queue: deque[Chunk] = deque()
        self.waiting: dict[UnixDatagram, None] = {}
        self.closed = False

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

    def poll(self, asked: int) -> int:
        """As `mask`; who asks for OUT and is refused for the peer's full queue will be woken when that is read."""
        if asked & WRITABLE_BAND and self.is_writable():
            full = self._full_peer()
            if full is not None:
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
        self.state = peer.state = ESTABLISHED
        self._change_peer(peer)

    def _change_peer(self, peer: UnixDatagram | None) -> None:
        """Leave the former peer, if there was one, and forget what was queued here (unix_dgram_disconnected)."""
        former, self.peer = self.peer, peer
        if not isinstance(former, UnixDatagram):
            return
        former.waiting.pop(self, None)
        self.wake(KEY_SPACE)
        if former is peer or not self.queue:
            return
        while self.queue:
            self.queue.popleft().free()
        self._wake_waiting(KEY_STATE)
        if not former.closed and former.peer is self:
            former.error = errno.ECONNRESET
            former.wake(ERR)

    def send(self, data: bytes, flags: int, address: Address) -> int:
        """Queue one datagram at the peer or at `address`; EAGAIN while there is no room here or there."""
        if flags & MSG_OOB:
            fail(errno.EOPNOTSUPP)
        if len(data) > self.sndbuf - 32:
            fail(errno.EMSGSIZE)
        self.raise_error()
        if self.shut & SHUT_SEND:
            fail(errno.EPIPE)
        if self.wmem >= self.sndbuf:
            fail(errno.EAGAIN)
        chunk = Chunk(data, self, truesize(len(data), HEAD_ROOM))
        self.wmem += chunk.charge
        try:
            target = self._target(address)
        except OSError:
            chunk.free()  # the memory is taken before the target is looked at, and giving it back tells of room
            raise
        target.queue.append(chunk)
        target.wake(KEY_DATA)
        return len(data)

    def _target(self, address: Address) -> UnixDatagram:
        """Find who gets a datagram, or say why nobody does."""
        target = self.peer if address is None else self.kernel.network.find_unix(address, self.type)
        if target is None:
            fail(errno.ENOTCONN)
        assert isinstance(target, UnixDatagram), "the network found a socket of this type"
        if target.peer is not None and target.peer is not self:
            fail(errno.EPERM)
        if target.closed:
            self.state = CLOSE
            self._change_peer(None)
            fail(errno.ECONNREFUSED)
        if target.shut & SHUT_RECEIVE:
            fail(errno.EPIPE)
        if target is not self and target.peer is not self and target._is_full():
            if target is self.peer:
                target.waiting[self] = None  # as if it had been polled (af_unix.c:unix_dgram_peer_wake_me)
            fail(errno.EAGAIN)
        return target

    def receive(self, size: int, flags: int) -> tuple[bytes, int, Address]:
        """Take one datagram; what does not fit into `size` is lost."""
        if flags & MSG_OOB:
            fail(errno.EOPNOTSUPP)
        self.raise_error()
        if not self.queue:
            fail(errno.EAGAIN)
        peek = flags & MSG_PEEK
        chunk = self.queue[0] if peek else self.queue.popleft()
        self._wake_waiting(KEY_SPACE)  # by a peek as well (af_unix.c:__unix_dgram_recvmsg)
        if not peek:
            chunk.free()
        length = len(chunk.data) if flags & MSG_TRUNC else min(size, len(chunk.data))
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
            sender, _ = self.waiting.popitem()  # like every wait queue, the last added first
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
