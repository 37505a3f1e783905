"""UDP, and what "writable" means there: nearly always. Two ways of sending, counted.

A UDP socket can be written as long as its send buffer has room, and on loopback it is empty again at once. Whoever
registers for WRITABLE is therefore told after each datagram, for ever, also when it has nothing to say. The other way
is to send, and to register only when a send would block. Run it: `python examples/udp_echo.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from impl import Event, Interest, Poll, Readiness, Trigger
from impl.net import UdpSocket

SENDER, ECHOER = 0, 1
LOOPBACK = ("127.0.0.1", 0)
MESSAGE = bytes(9 * [9])
PATIENCE = 0.1


@dataclass(slots=True)
class Count:
    """What happened."""

    sent: int = 0
    echoed: int = 0
    told_writable: int = 0  # events that told the sender that it may write
    lost: int = 0  # given up after a silence: datagrams may vanish, and so may their echoes


def always_registered(datagrams: int) -> Count:
    """Send one datagram whenever the poll tells that the sender may, until enough have been echoed."""
    count = Count()
    with sockets() as (poll, sender, echoer):
        poll.register(sender, SENDER, Interest.READABLE | Interest.WRITABLE, Trigger.EDGE)
        while count.echoed < datagrams:
            events = poll.poll(PATIENCE)
            if is_needed(count, datagrams, silent=not events) and (not events or may_write(events)):
                count.sent += sender.send(MESSAGE) is not None
            note(events, count, sender, echoer)
    return count


def registered_when_needed(datagrams: int) -> Count:
    """Send without asking, one datagram after each echo; register for WRITABLE only while a send would block."""
    count = Count()
    interest = Interest.READABLE
    events: list[Event] = []
    with sockets() as (poll, sender, echoer):
        poll.register(sender, SENDER, interest, Trigger.EDGE)
        while count.echoed < datagrams:
            wanted = Interest.READABLE
            if count.sent == count.echoed + count.lost:
                if sender.send(MESSAGE) is None:
                    wanted = Interest.READABLE | Interest.WRITABLE
                else:
                    count.sent += 1
            if wanted is not interest:
                interest = wanted
                poll.reregister(sender, SENDER, interest, Trigger.EDGE)
            events = poll.poll(PATIENCE)
            is_needed(count, datagrams, silent=not events)
            note(events, count, sender, echoer)
    return count


@contextmanager
def sockets() -> Iterator[tuple[Poll, UdpSocket, UdpSocket]]:
    """A poll, a sender, and an echoer that is registered for reading."""
    with Poll() as poll, UdpSocket.bind(LOOPBACK) as sender, UdpSocket.bind(LOOPBACK) as echoer:
        sender.connect(echoer.local_address())
        poll.register(echoer, ECHOER, Interest.READABLE, Trigger.EDGE)
        yield poll, sender, echoer


def is_needed(count: Count, datagrams: int, *, silent: bool) -> bool:
    """Answer whether more have to be sent than are on their way; after a silence none is."""
    if silent:
        count.lost = count.sent - count.echoed
    return count.sent - count.lost < datagrams


def may_write(events: list[Event]) -> bool:
    """Answer whether the sender is told that it may write."""
    return any(token == SENDER and readiness & Readiness.WRITABLE for token, readiness in events)


def note(events: list[Event], count: Count, sender: UdpSocket, echoer: UdpSocket) -> None:
    """Echo and count what has arrived, all of it."""
    count.told_writable += may_write(events)
    for token, _ in events:
        if token == ECHOER:
            while (received := echoer.recv_from(2048)) is not None:
                echoer.send_to(*received)
        else:
            while (data := sender.recv(2048)) is not None:
                count.echoed += data == MESSAGE


if __name__ == "__main__":
    for way in (always_registered, registered_when_needed):
        counted = way(1000)
        print(
            f"{way.__name__}: {counted.sent} sent, {counted.echoed} echoed, "
            f"the sender was told {counted.told_writable} times that it may write"
        )
