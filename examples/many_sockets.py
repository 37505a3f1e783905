"""Many sockets: accept until nobody waits, read until the end, close, and stop after a number of them.

Edge-triggered, so one event may announce several connections: whoever accepts one per event leaves the others waiting
for a bell that has rung already. Run it: `python examples/many_sockets.py`.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack

from impl import Interest, Poll, Trigger
from impl.net import Address, TcpListener, TcpStream

SOCKETS = 32
LISTENER = 1024


def connect_and_close(address: Address, many: int) -> None:
    """Connect and close, one after the other, from a thread that may block."""
    for _ in range(many):
        socket.create_connection(address[:2]).close()


def in_a_thread(address: Address, many: int) -> None:
    """Let a thread be the clients."""
    threading.Thread(target=connect_and_close, args=(address, many), daemon=True).start()


def run(clients: Callable[[Address, int], None] = in_a_thread) -> tuple[int, int]:
    """Serve `SOCKETS` connections, and stop at the next; answer how many were accepted and how many read to the end."""
    sockets: dict[int, TcpStream] = {}
    accepted = closed = 0
    with ExitStack() as opened:
        poll = opened.enter_context(Poll())
        listener = opened.enter_context(TcpListener.bind(("127.0.0.1", 0)))
        poll.register(listener, LISTENER, Interest.READABLE, Trigger.EDGE)
        clients(listener.local_address(), SOCKETS + 1)
        while accepted <= SOCKETS or closed < SOCKETS:
            for event in poll.poll(None):
                if event.token != LISTENER:
                    if has_ended(sockets[event.token]):
                        sockets[event.token].close()
                        closed += 1
                    continue
                while (connection := listener.accept()) is not None:
                    stream = opened.enter_context(connection[0])
                    if accepted < SOCKETS:  # the one too many only says that it is over
                        sockets[accepted] = stream
                        poll.register(stream, accepted, Interest.READABLE, Trigger.EDGE)
                    accepted += 1
    return accepted, closed


def has_ended(stream: TcpStream) -> bool:
    """Read until it would block; answer whether the stream has ended, well or by a reset."""
    try:
        while data := stream.read(256):
            pass
    except ConnectionResetError:
        return True
    return data is not None


if __name__ == "__main__":
    print("accepted {}, of which {} were read to their end".format(*run()))
