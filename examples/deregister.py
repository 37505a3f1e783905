"""Deregistered is silent: a connection that is readable, and a poll that does not tell.

Run it: `python examples/deregister.py`.
"""

from __future__ import annotations

from impl import Event, Interest, Poll, Trigger
from impl.net import TcpListener, TcpStream

LISTENER, CLIENT = 0, 1


def run(seconds: float = 1.0) -> tuple[list[Event], bytes | None]:
    """Register, deregister, let data arrive, poll: answer the events, and the data that was there all the time."""
    with (
        Poll() as poll,
        TcpListener.bind(("127.0.0.1", 0)) as listener,
        TcpStream.connect(listener.local_address()) as stream,
        connect(poll, listener, stream) as peer,
    ):
        poll.register(stream, CLIENT, Interest.READABLE, Trigger.EDGE)
        poll.deregister(stream)
        peer.write(b"hello")
        events = poll.poll(seconds)
        return events, stream.read(5)


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


if __name__ == "__main__":
    print("{0[0]} after a second, though {0[1]!r} can be read".format(run()))
