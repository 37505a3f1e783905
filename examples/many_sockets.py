"""Many sockets: accept until nobody waits, read until the end, close, and stop after a number of them.

Edge-triggered, so one event may announce several connections: whoever accepts one per event leaves the others waiting
for a bell that has rung already. Run it: `python examples/many_sockets.py`.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

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
    with Poll() as poll, TcpListener.bind(("127.0.0.1", 0)) as listener:
        poll.register(listener, LISTENER, Interest.READABLE, Trigger.EDGE)
        clients(listener.local_address(), SOCKETS + 1)
        while accepted <= SOCKETS or sockets:
            for event in poll.poll(None):
                if event.token != LISTENER:
                    while (data := sockets[event.token].read(256)) is not None:
                        if not data:
                            sockets.pop(event.token).close()
                            closed += 1
                            break
                    continue
                while (connection := listener.accept()) is not None:
                    if accepted == SOCKETS:
                        connection[0].close()  # the one too many says that it is over
                    else:
                        sockets[accepted] = connection[0]
                        poll.register(connection[0], accepted, Interest.READABLE, Trigger.EDGE)
                    accepted += 1
    return accepted, closed


if __name__ == "__main__":
    print("accepted {}, of which {} were read to their end".format(*run()))
