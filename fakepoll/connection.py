"""One end of a TCP connection: its state, and what happens when something arrives from the other end.

On the loopback everything arrives within the call that sends it, with two exceptions that are modelled: data that
finds no room in the receiver's window waits in `outbox`, and the acknowledgement of a FIN may come later.

| what arrives | who is woken | key |
|---|---|---|
| data, if enough for SO_RCVLOWAT | receiver | IN, PRI, RDNORM, RDBAND |
| FIN | receiver | 0, then IN... |
| RST, or the refusal of a connection | receiver | 0, then ERR |
| the acknowledgement of our FIN | sender | 0 |
| room, if the sender was refused some and shows OUT again | sender | OUT... |

OUT means that at most two thirds of the send buffer are in use (net/ipv4/tcp.c:tcp_poll, tcp_input.c).
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
    PRI,
    READABLE,
    SHUT_BOTH,
    SHUT_RECEIVE,
    SHUT_SEND,
    WRITABLE,
    fail,
)
from fakepoll.sockets import Socket

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

ESTABLISHED = 1
SYN_SENT = 2
FIN_WAIT1 = 4
FIN_WAIT2 = 5
CLOSE = 7
CLOSE_WAIT = 8
LAST_ACK = 9
LISTEN = 10
CLOSING = 11
STATE_NAMES = {
    ESTABLISHED: "ESTABLISHED",
    SYN_SENT: "SYN_SENT",
    FIN_WAIT1: "FIN_WAIT1",
    FIN_WAIT2: "FIN_WAIT2",
    CLOSE: "CLOSE",
    CLOSE_WAIT: "CLOSE_WAIT",
    LAST_ACK: "LAST_ACK",
    LISTEN: "LISTEN",
    CLOSING: "CLOSING",
}
"""The numbers are Linux's, as TCP_INFO shows them. TIME_WAIT is CLOSE for whoever still holds the socket."""

AFTER_OWN_FIN = {ESTABLISHED: FIN_WAIT1, CLOSE_WAIT: LAST_ACK}
AFTER_THEIR_FIN = {ESTABLISHED: CLOSE_WAIT, FIN_WAIT1: CLOSING, FIN_WAIT2: CLOSE}
AFTER_ACK_OF_FIN = {FIN_WAIT1: FIN_WAIT2, CLOSING: CLOSE, LAST_ACK: CLOSE}
ERROR_OF_RESET = {SYN_SENT: errno.ECONNREFUSED, CLOSE_WAIT: errno.EPIPE}
"""The pending error after a RST; ECONNRESET in all other states, none in CLOSE (tcp_input.c:tcp_reset)."""

SEGMENT = 65_536
INITIAL_SNDBUF = 16_384


class Connection(Socket):
    """One end of a connection, or a socket that may become one.

    Attributes:
        bound: bind asked for a port by its number, which is kept whatever becomes of the connection.
        has_address: bind asked for an address other than "any", which is kept likewise.
        has_port: a port is held, asked for or not.
        done: a FIN was received: reading gives end of file from then on, whatever error is pending.
        inbox: bytes received and unread.
        outbox: bytes sent for which the receiver's window had no room yet.
        mark: where in the inbox the last urgent byte stands, -1 if it was read past.
        urgent: the urgent byte while MSG_OOB has not read it, else None.
        nospace: somebody was refused room, so freed room will be told (SOCK_NOSPACE).
        pending: established connections that wait for `accept`, if this is a listener.
        held: bytes in flight to here, by a fault; None without one.
    """

    __slots__ = (
        "backlog", "bound", "done", "fin_queued", "has_address", "has_port", "held", "inbox", "mark", "nospace",
        "outbox", "peer", "pending", "state", "urgent",
    )  # fmt: skip

    kind = "tcp"
    default_protocol = socket.IPPROTO_TCP

    def __init__(self, kernel: Kernel, family: int, flags: int = 0) -> None:
        super().__init__(kernel, family, socket.SOCK_STREAM, 0, flags)
        self.state = CLOSE
        self.bound = False
        self.has_address = False
        self.has_port = False
        self.peer: Connection | None = None
        self.inbox = bytearray()
        self.outbox = bytearray()
        self.held: bytearray | None = None
        self.mark = -1
        self.urgent: int | None = None
        self.done = False
        self.fin_queued = False
        self.nospace = False
        self.backlog = 0
        self.pending: deque[Connection] = deque()
        self.sndbuf = INITIAL_SNDBUF
        self.rcvbuf = kernel.limits.tcp_rmem

    def mask(self) -> int:
        """Compute the mask (tcp.c:tcp_poll); a listener shows nothing but IN."""
        state, shut = self.state, self.shut
        if state == LISTEN:
            return READABLE if self.pending else 0
        mask = HUP if state == CLOSE or shut == SHUT_BOTH else 0
        if shut & SHUT_RECEIVE:
            mask |= HALF_CLOSED
        if state != SYN_SENT:
            if len(self.inbox) >= self.rcvlowat + (self.mark == 0):
                mask |= READABLE
            if self.urgent is not None:
                mask |= PRI
            queued = len(self.outbox)
            if shut & SHUT_SEND or self.sndbuf - queued >= queued >> 1:
                mask |= WRITABLE
        if self.error:
            mask |= ERR
        return mask

    def poll(self, asked: int) -> int:
        """As `mask`; whoever finds no room will be told when there is some."""
        mask = self.mask()
        if not mask & WRITABLE and self.state not in (LISTEN, SYN_SENT):
            self.nospace = True
        return mask

    def is_writable(self) -> bool:
        """At most two thirds of the send buffer in use."""
        queued = len(self.outbox)
        return self.sndbuf - queued >= queued >> 1

    def is_listening(self) -> bool:
        """Tell whether this is a listener."""
        return self.state == LISTEN

    def arrive_data(self, data: bytes) -> None:
        """Take a segment; who has closed its receiving side for good resets the connection instead."""
        if self.held is not None:
            self.held += data
            return
        self.arrive_ack()
        if self.shut & SHUT_RECEIVE and self.state in (FIN_WAIT1, FIN_WAIT2):
            self.arrive_reset()
            self.reset_peer()
            return
        self.inbox += data
        if len(self.inbox) >= self.rcvlowat or self.done:
            self.wake(KEY_DATA)

    def arrive_urgent(self, data: bytes) -> None:
        """Take a segment whose last byte is urgent; an older urgent byte that is next to be read is lost.

        The urgent byte is noted before anything else is done with the segment (tcp_input.c:tcp_urg).
        """
        self.deliver()
        if self.mark == 0:
            del self.inbox[:1]
        self.arrive_ack()
        self.mark, self.urgent = len(self.inbox) + len(data) - 1, data[-1]
        self.wake(KEY_DATA)
        self.arrive_data(data)

    def take(self, size: int, *, peek: bool) -> bytes:
        """Read from the inbox: up to the urgent byte, or past it if it stands first (tcp_recvmsg_locked)."""
        if self.mark < 0:
            data = bytes(self.inbox[:size])
            if not peek:
                del self.inbox[:size]
            return data
        start = int(self.mark == 0)
        data = bytes(self.inbox[start : start + size] if start else self.inbox[: min(size, self.mark)])
        if not peek:
            del self.inbox[: start + len(data)]
            self.mark -= start + len(data)
            if self.mark < 0:
                self.mark, self.urgent = -1, None
        return data

    def take_urgent(self, *, peek: bool) -> bytes:
        """Read the urgent byte out of band, once: EINVAL if there is none (tcp_recv_urg)."""
        if self.urgent is None:
            fail(errno.EINVAL)
        if self.state == CLOSE and not self.done:
            fail(errno.ENOTCONN)
        data = bytes([self.urgent])
        if not peek:
            self.urgent = None
        return data

    def arrive_fin(self) -> None:
        """Take the other end's FIN, which pushes out what is in flight; that may have ended the connection."""
        self.deliver()
        if self.state == CLOSE:
            return
        self.arrive_ack()
        self.shut |= SHUT_RECEIVE
        self.done = True
        state = AFTER_THEIR_FIN[self.state]
        if state == CLOSE:
            self.finish(time_wait=True)
        else:
            self.state = state
        self.wake(KEY_STATE)
        self.wake(KEY_DATA)
        if state != CLOSE_WAIT and self.peer is not None:
            self.peer.arrive_ack()

    def arrive_ack(self) -> None:
        """Take the acknowledgement of our FIN, if one is out; anything from the other end carries it."""
        state = AFTER_ACK_OF_FIN.get(self.state)
        if state is None or self.fin_queued:
            return
        if state == CLOSE:
            self.finish(time_wait=self.state == CLOSING)
            return
        self.state = state
        self.wake(KEY_STATE)

    def arrive_reset(self) -> None:
        """Take a RST: what was received stays, what was to be sent is gone."""
        self.deliver()
        if self.state == CLOSE:
            return
        self.fail_with(ERROR_OF_RESET.get(self.state, errno.ECONNRESET))

    def fail_with(self, error: int) -> None:
        """End the connection with a pending error (tcp_input.c:tcp_done_with_error)."""
        self.error = error
        self.outbox.clear()
        self.finish(time_wait=False)
        self.wake(ERR)

    def window(self) -> int:
        """How many bytes may be on their way to here: what a fault holds back in flight counts as well."""
        return self.rcvbuf - len(self.inbox) - len(self.held or b"")

    def withhold(self, keep: int) -> bool:
        """As `File.withhold`; never once a FIN, a RST or an urgent byte has come, for data comes before them."""
        if self.held is not None or self.shut & SHUT_RECEIVE or self.mark >= 0 or self.rcvlowat > 1:
            return False
        self.held = self.inbox[keep:]
        del self.inbox[keep:]
        return True

    def deliver(self) -> None:
        """As `File.deliver`."""
        held, self.held = self.held, None
        if held:
            self.arrive_data(bytes(held))

    def reset_peer(self) -> None:
        """Send a RST."""
        if self.peer is not None:
            self.peer.arrive_reset()

    def finish(self, *, time_wait: bool) -> None:
        """Reach CLOSE: both directions are shut, a port that was not asked for is given back (tcp.c:tcp_done)."""
        self.state = CLOSE
        self.shut = SHUT_BOTH
        if time_wait or not self.bound:
            self.kernel.network.let_go(self, time_wait=time_wait)
            self.has_port = self.bound
        self.wake(KEY_STATE)

    def send_fin(self) -> None:
        """Close the sending direction: the FIN follows what is still to be sent."""
        self.state = AFTER_OWN_FIN[self.state]
        self.fin_queued = True
        self.transmit()

    def transmit(self) -> None:
        """Send as much of the outbox as the receiver's window takes, then the FIN; tell about the freed room."""
        peer = self.peer
        if peer is None:
            return
        while self.outbox:
            room = peer.window()
            if room < min(len(self.outbox), peer.rcvbuf // 2):
                break
            data = bytes(self.outbox[: min(room, SEGMENT)])
            del self.outbox[: len(data)]
            peer.arrive_data(data)
        if self.fin_queued and not self.outbox:
            self.fin_queued = False
            peer.arrive_fin()
        if self.nospace and self.is_writable():
            self.nospace = False
            self.wake(KEY_SPACE)

    def describe(self) -> str:
        """Show state, addresses, queues, what was shut and the pending error."""
        if self.state == LISTEN:
            return f"tcp listening at {self.name!r}, {len(self.pending)} waiting, backlog {self.backlog}"
        shut = ("", ", receiving shut", ", sending shut", ", both directions shut")[self.shut]
        error = f", error {errno.errorcode[self.error]}" if self.error else ""
        queues = f"{len(self.inbox)} unread, {len(self.outbox)} unsent"
        peer = f", peer is file {self.peer.serial}" if self.peer and self.state != CLOSE else ""
        return f"tcp {STATE_NAMES[self.state]} {self.name!r}, {queues}{shut}{error}{peer}"
