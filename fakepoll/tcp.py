"""TCP sockets: the calls of a program on them. What arrives from the other end is in `fakepoll.connection`.

| call | who is woken | key |
|---|---|---|
| connect that is answered | the connecting socket (0), then the listener (IN...) | |
| shutdown, also when it fails with ENOTCONN | the other end (FIN), then itself | 0 |
| close | the other end (FIN, or RST if anything is unread or SO_LINGER is 0) | |
| shutdown or close of a listener | each waiting connection's other end (RST), then itself | ERR, 0 |
| connect after a failed one, which makes the socket fresh again | itself | ERR |
| SO_SNDBUF, if it then shows OUT | itself | OUT... |

Not modelled: Nagle's algorithm (every send goes out at once), urgent data that must wait for the receiver's window,
simultaneous open, SYN cookies.
"""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from fakepoll.abi import (
    ERR,
    KEY_DATA,
    KEY_SPACE,
    KEY_STATE,
    MSG_OOB,
    MSG_PEEK,
    MSG_TRUNC,
    NS_PER_S,
    SHUT_BOTH,
    SHUT_RECEIVE,
    SHUT_SEND,
    NotModelled,
    fail,
)
from fakepoll.connection import (
    CLOSE,
    CLOSE_WAIT,
    ESTABLISHED,
    FIN_WAIT1,
    FIN_WAIT2,
    LISTEN,
    SEGMENT,
    SYN_SENT,
    Connection,
)
from fakepoll.network import own_address, source_for
from fakepoll.sockets import Address, Socket

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

UNCONNECTED, CONNECTING, CONNECTED, DISCONNECTING = range(4)
"""What the socket layer remembers of the connect calls (include/linux/net.h:socket_state)."""

NEEDS_RESET = (ESTABLISHED, CLOSE_WAIT, FIN_WAIT1, FIN_WAIT2)
SYN_RETRIES_NS = tuple(seconds * NS_PER_S for seconds in (1, 1, 1, 1, 1, 2, 4, 8, 16, 32, 64))
"""After which times an unanswered SYN is sent again; after the last the connect fails (measured: 131 s)."""


class Tcp(Connection):
    """A TCP socket; `phase` is where it stands with connect, `remote` the other end's address."""

    __slots__ = ("phase", "remote")

    def __init__(self, kernel: Kernel, family: int, flags: int = 0) -> None:
        super().__init__(kernel, family, flags)
        self.phase = UNCONNECTED
        self.remote: tuple[str, int] | None = None

    def bind(self, address: Address) -> None:
        """Take an address and a port."""
        if self.has_port or self.state != CLOSE:
            fail(errno.EINVAL)
        self.kernel.network.bind(self, address)
        self.has_port = True
        if isinstance(address, tuple):
            self.has_address, self.bound = address[0] != self._any(), bool(address[1])

    def _autobind(self, host: str) -> None:
        """Take a port of the kernel's choice, at the address that was asked for or else at `host`."""
        if self.has_address and isinstance(self.name, tuple):
            host = self.name[0]
        self.kernel.network.hold(self, host, self.kernel.network.ephemeral(self, host))
        self.has_port = True

    def _any(self) -> str:
        return "0.0.0.0" if self.family == socket.AF_INET else "::"

    def own_name(self) -> Address:
        """Give the own address; unbound is the wildcard with port 0."""
        return self.name or own_address(self.family, self._any(), 0)

    def peer_name(self) -> Address:
        """Give the other end's address, or ENOTCONN."""
        if self.remote is None or self.state in (CLOSE, SYN_SENT, LISTEN):
            fail(errno.ENOTCONN)
        return own_address(self.family, *self.remote)

    def listen(self, backlog: int) -> None:
        """Start listening, or change the backlog; `backlog + 1` connections may wait."""
        if self.phase != UNCONNECTED or self.state not in (CLOSE, LISTEN):
            fail(errno.EINVAL)
        limit = self.kernel.limits.somaxconn
        if self.state == CLOSE:
            network = self.kernel.network
            if not self.has_port:
                self._autobind(self._any())
            network.listen(self)
            self.state = LISTEN
        self.backlog = min(backlog, limit) if backlog >= 0 else limit

    def accept(self) -> tuple[Socket, Address]:
        """Take the oldest waiting connection, even one that was reset meanwhile."""
        if self.state != LISTEN:
            fail(errno.EINVAL)
        if not self.pending:
            fail(errno.EAGAIN)
        child = self.pending.popleft()
        assert isinstance(child, Tcp), "listeners queue sockets"
        assert child.remote is not None, "set when it was established"
        return child, own_address(child.family, *child.remote)

    def connect(self, address: Address) -> None:
        """Send a SYN: EINPROGRESS, even if it is answered already; then EALREADY, 0 once, EISCONN."""
        if self.phase == CONNECTED or (self.phase == UNCONNECTED and self.state != CLOSE):
            fail(errno.EISCONN)
        if self.phase == DISCONNECTING:
            fail(errno.EINVAL)
        if self.phase == CONNECTING:
            self.finish_connect()
            return
        network = self.kernel.network
        host, port = network.route(self, address)
        if not self.has_port:
            self._autobind(source_for(host))
        elif isinstance(self.name, tuple) and self.name[0] in ("0.0.0.0", "::"):
            self.name = own_address(self.family, source_for(host), self.name[1])
        self.remote = host, port
        self.phase = CONNECTING
        self.state = SYN_SENT
        network.fates.pop(self, self.send_syn)()
        fail(errno.EINPROGRESS)

    def finish_connect(self) -> None:
        """Answer a later connect: EALREADY while in progress, the error once, else 0."""
        if self.state == SYN_SENT:
            fail(errno.EALREADY)
        if self.state == CLOSE:
            error = self.take_error() or errno.ECONNABORTED
            self.phase = UNCONNECTED
            self._disconnect()
            fail(error)
        self.phase = CONNECTED

    def send_syn(self, tries: int = 0) -> None:
        """Ask the listener; without an answer because its queue is full, ask again later."""
        if self.state != SYN_SENT or self.remote is None:
            return
        listener = self.kernel.network.find_listener(*self.remote)
        if tries == len(SYN_RETRIES_NS):
            self.fail_with(errno.ETIMEDOUT)
        elif not isinstance(listener, Tcp):
            self.arrive_reset()
        elif len(listener.pending) <= listener.backlog:
            self._establish(listener)
        else:
            self.kernel.schedule(SYN_RETRIES_NS[tries], lambda: self.send_syn(tries + 1))

    def _establish(self, listener: Tcp) -> None:
        """Make the other end, which inherits the listener's options, and queue it there."""
        assert isinstance(self.name, tuple), "bound before the SYN was sent"
        assert self.remote is not None, "set before the SYN was sent"
        child = Tcp(self.kernel, listener.family)
        child.options = dict(listener.options)
        child.linger, child.rcvlowat, child.shut = listener.linger, listener.rcvlowat, listener.shut
        child.sndbuf, child.rcvbuf = listener.sndbuf, listener.rcvbuf
        child.remote = self.name[0].removeprefix("::ffff:"), self.name[1]
        self.kernel.network.hold(child, *self.remote)
        child.has_port = True
        child.peer, self.peer = self, child
        child.phase = CONNECTED
        child.state = self.state = ESTABLISHED
        for end in (self, child):
            end.sndbuf = max(end.sndbuf, self.kernel.limits.tcp_wmem) if not end.has_own_sndbuf() else end.sndbuf
        self.wake(KEY_STATE)
        listener.pending.append(child)
        listener.wake(KEY_DATA)
        if child.shut & SHUT_SEND:  # inherited from a listener that was shut before it listened
            child._send_fin_and_await_ack()

    def has_own_sndbuf(self) -> bool:
        """Tell whether SO_SNDBUF was set, which ends the kernel's own tuning."""
        return (socket.SOL_SOCKET, socket.SO_SNDBUF) in self.options

    def setsockopt(self, level: int, option: int, value: int | bytes) -> None:
        """As every socket; a buffer that was set stays as it is."""
        super().setsockopt(level, option, value)
        if (level, option) == (socket.SOL_SOCKET, socket.SO_SNDBUF):
            self.options[level, option] = self.sndbuf

    def getsockopt(self, level: int, option: int) -> int | bytes:
        """As every socket; of TCP_INFO the state alone is filled in."""
        if (level, option) == (socket.IPPROTO_TCP, socket.TCP_INFO):
            return bytes([self.state]) + bytes(231)
        return super().getsockopt(level, option)

    def set_rcvlowat(self, value: int) -> None:
        """SO_RCVLOWAT: at most half the receive buffer; what now is enough is told (tcp.c:tcp_set_rcvlowat)."""
        most = self.rcvbuf >> 1
        self.rcvlowat = min(value, most) or 1 if value >= 0 else most
        if len(self.inbox) >= self.rcvlowat or self.done:
            self.wake(KEY_DATA)

    def space_changed(self) -> None:
        """SO_SNDBUF was set: what can be written now is told, whether or not anybody was refused."""
        if self.is_writable():
            self.nospace = False
            self.wake(KEY_SPACE)

    def send(self, data: bytes, flags: int, address: Address) -> int:
        """Send until the buffer is full; a short count, or EAGAIN if it was already."""
        if self.state not in (ESTABLISHED, CLOSE_WAIT):
            self.raise_error()
            fail(errno.EAGAIN if self.state == SYN_SENT else errno.EPIPE)
        if self.error or self.shut & SHUT_SEND:
            self.raise_error()
            fail(errno.EPIPE)
        peer = self.peer
        assert peer is not None, "established"
        if flags & MSG_OOB and data:
            if self.outbox or len(data) > peer.window():
                raise NotModelled("urgent data that does not fit into the receiver's window")
            peer.arrive_urgent(data)
            return len(data)
        if data and not self.outbox and peer.held is None and len(data) <= peer.window() and self.sndbuf > 0:
            peer.arrive_data(data)
            return len(data)
        return self._queue(data)

    def _queue(self, data: bytes) -> int:
        sent = 0
        while sent < len(data) and self.state in (ESTABLISHED, CLOSE_WAIT):
            if len(self.outbox) >= self.sndbuf:
                self.nospace = True
                if not sent:
                    fail(errno.EAGAIN)
                break
            piece = data[sent : sent + SEGMENT]
            self.outbox += piece
            sent += len(piece)
            self.transmit()
        return sent

    def receive(self, size: int, flags: int) -> tuple[bytes, int, Address]:
        """Take bytes: data, then end of file after a FIN, then a pending error (once), then by state."""
        if flags & MSG_TRUNC:
            raise NotModelled("MSG_TRUNC on a TCP socket")
        if self.state == LISTEN:
            fail(errno.ENOTCONN)
        peek = bool(flags & MSG_PEEK)
        if flags & MSG_OOB:
            return self.take_urgent(peek=peek), 1, None
        if self.inbox:
            data = self.take(size, peek=peek)
            if self.peer is not None and self.peer.outbox:
                self.peer.transmit()
            if data or not size:
                return data, len(data), None
        if not self.done:
            self.raise_error()
            if not self.shut & SHUT_RECEIVE:
                fail(errno.ENOTCONN if self.state == CLOSE else errno.EAGAIN)
        return b"", 0, None

    def unread(self) -> int:
        """Count the bytes that wait here."""
        if self.state == LISTEN:
            fail(errno.EINVAL)
        return self.mark if 0 <= self.mark < len(self.inbox) else len(self.inbox)

    def unsent(self) -> int:
        """Count the bytes for which the receiver had no room."""
        if self.state == LISTEN:
            fail(errno.EINVAL)
        return len(self.outbox)

    def shutdown(self, how: int) -> None:
        """Close one or both directions (net/ipv4/af_inet.c:inet_shutdown)."""
        if not 0 <= how <= 2:
            fail(errno.EINVAL)
        if self.phase == CONNECTING:
            self.phase = DISCONNECTING if self.state in (SYN_SENT, CLOSE) else CONNECTED
        unconnected = self.state == CLOSE
        if self.state == SYN_SENT or (self.state == LISTEN and (how + 1) & SHUT_RECEIVE):
            self._disconnect()
            self.phase = UNCONNECTED
        elif self.state != LISTEN:
            self.shut |= how + 1
            if (how + 1) & SHUT_SEND and self.state in (ESTABLISHED, CLOSE_WAIT):
                self._send_fin_and_await_ack()
        self.wake(KEY_STATE)
        if unconnected:
            fail(errno.ENOTCONN)

    def _send_fin_and_await_ack(self) -> None:
        """Nothing but the acknowledgement may come back for a while: the other end delays it."""
        self.send_fin()
        delay_ns = self.kernel.limits.fin_ack_ns
        if not delay_ns:
            self.arrive_ack()
        elif self.state == FIN_WAIT1:
            self.kernel.schedule(delay_ns, self.arrive_ack)

    def _disconnect(self) -> None:
        """Make the socket fresh again, whatever it was (tcp.c:tcp_disconnect)."""
        state, self.state = self.state, CLOSE
        if state == LISTEN:
            self._stop_listening()
        elif state in NEEDS_RESET:
            self.reset_peer()
            self.error = errno.ECONNRESET
        elif state == SYN_SENT:
            self.error = errno.ECONNRESET
        if state != CLOSE and not self.bound:
            self.kernel.network.let_go(self)
            self.has_port = False
        if isinstance(self.name, tuple) and not self.has_address:
            self.name = own_address(self.family, self._any(), self.name[1])
        self.peer = None
        self.held = None
        self.inbox.clear()
        self.mark, self.urgent = -1, None
        self.outbox.clear()
        self.shut = 0
        self.done = False
        self.wake(ERR)

    def _stop_listening(self) -> None:
        self.kernel.network.stop_listening(self)
        while self.pending:
            child = self.pending.popleft()
            if child.state in NEEDS_RESET:
                child.state = CLOSE
                child.reset_peer()
            self.kernel.network.let_go(child)

    def release(self) -> None:
        """Say goodbye: FIN, or RST if something was left unread or SO_LINGER is zero (tcp.c:tcp_close)."""
        self.deliver()
        self.shut = SHUT_BOTH
        if self.state == LISTEN:
            self.state = CLOSE
            self._stop_listening()
        elif self.state != CLOSE and (self.inbox or (self.linger == 0 and self.state in NEEDS_RESET)):
            self.state = CLOSE
            self.outbox.clear()
            self.reset_peer()
        elif self.state in (ESTABLISHED, CLOSE_WAIT):
            self.send_fin()
        elif self.state == SYN_SENT:
            self.state = CLOSE
        self.inbox.clear()
        self.bound = False
        if self.state == CLOSE:
            self.kernel.network.let_go(self)
