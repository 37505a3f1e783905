"""One-shot as a brake: while a server sleeps after its event, a client that sends without pause is stopped.

The server is told once that there is something to read, and then nothing, however much arrives, until it reregisters.
Nobody tells the client to wait: the bytes fill the receive buffer, then the send buffer, then a write would block. When
the server reads again, the client is told that there is room. Run it: `python examples/oneshot_backpressure.py`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from impl import Interest, Poll, Trigger
from impl.net import TcpListener, TcpStream

SERVER, CLIENT, LISTENER = 0, 1, 2
PIECE = bytes(range(256)) * 256
ONCE = Trigger.EDGE | Trigger.ONESHOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One sleep of the server, in bytes and events."""

    sent: int  # by the client, until it was stopped
    sent_then: int  # in the second half of the sleep
    told: int  # events for the server while it slept
    read: int  # by the server when it woke


def run(rounds: int = 3, sleep: float = 0.2) -> tuple[list[Round], bool]:
    """Let the server sleep some times; answer what happened, and whether each byte arrived in its place."""
    with (
        Poll() as poll,
        TcpListener.bind(("127.0.0.1", 0)) as listener,
        TcpStream.connect(listener.local_address()) as client,
        connect(poll, listener, client) as server,
    ):
        poll.register(server, SERVER, Interest.READABLE, ONCE)
        poll.register(client, CLIENT, Interest.WRITABLE, Trigger.EDGE)
        return sleeps(poll, server, client, rounds, sleep)


def connect(poll: Poll, listener: TcpListener, client: TcpStream) -> TcpStream:
    """Wait for both ends of a connection, and answer the listener's; a refusal is raised."""
    poll.register(listener, LISTENER, Interest.READABLE, Trigger.EDGE)
    poll.register(client, CLIENT, Interest.WRITABLE, Trigger.EDGE)
    while (accepted := listener.accept()) is None:
        poll.poll(None)
        client.is_connected()
    poll.deregister(listener)
    poll.deregister(client)
    return accepted[0]


def sleeps(poll: Poll, server: TcpStream, client: TcpStream, rounds: int, sleep: float) -> tuple[list[Round], bool]:
    """Wait for the event, sleep, read and rearm, in turns; the client writes whenever it can."""
    done = []
    sent = read = 0
    in_order = True
    for _ in range(rounds):
        first, _ = flood(poll, client, sent, until_told=True)
        stopped, told = flood(poll, client, first, seconds=sleep / 2)
        after, told_then = flood(poll, client, stopped, seconds=sleep / 2)
        taken, is_right = read_all(server, read)
        poll.reregister(server, SERVER, Interest.READABLE, ONCE)
        done.append(Round(sent=stopped - sent, sent_then=after - stopped, told=told + told_then, read=taken))
        sent, read, in_order = after, read + taken, in_order and is_right
    return done, in_order


def flood(
    poll: Poll, client: TcpStream, sent: int, *, until_told: bool = False, seconds: float = 0.0
) -> tuple[int, int]:
    """Write whenever it can be done, until the server is told, or for some seconds; answer bytes and server's events.

    A client that has been told is written until it would block: an edge is told once.
    """
    told = 0
    until = time.monotonic() + seconds
    while True:
        while (written := client.write(PIECE[sent % 256 :])) is not None:
            sent += written
        left = None if until_told else until - time.monotonic()
        if (until_told and told) or (left is not None and left <= 0):
            return sent, told
        told += sum(event.token == SERVER for event in poll.poll(left))


def read_all(server: TcpStream, read: int) -> tuple[int, bool]:
    """Read until it would block; answer how many bytes, and whether they were right. Byte number n is n modulo 256."""
    taken = 0
    is_right = True
    while data := server.read(len(PIECE) // 2):
        at = (read + taken) % 256
        is_right = is_right and data == PIECE[at : at + len(data)]
        taken += len(data)
    return taken, is_right


if __name__ == "__main__":
    slept, is_in_order = run()
    for number, each in enumerate(slept, 1):
        print(
            f"sleep {number}: stopped after {each.sent:,} bytes, the client sent {each.sent_then:,} more; "
            f"the server was told {each.told} times while it slept, and then read {each.read:,}"
        )
    print(f"every byte in its place: {is_in_order}")
