"""Deregistered is silent: a connection that is readable, and a poll that does not tell.

Run it: `python examples/deregister.py`.
"""

from __future__ import annotations

from impl import Event, Interest, Poll, Trigger
from impl.net import TcpListener, TcpStream


def run(seconds: float = 1.0) -> tuple[list[Event], bytes | None]:
    """Register, deregister, let data arrive, poll: answer the events, and the data that was there all the time."""
    with (
        Poll() as poll,
        TcpListener.bind(("127.0.0.1", 0)) as listener,
        TcpStream.connect(listener.local_address()) as stream,
    ):
        poll.register(stream, 0, Interest.READABLE, Trigger.EDGE)
        poll.deregister(stream)
        accepted = listener.accept()
        assert accepted is not None
        with accepted[0] as peer:
            peer.write(b"hello")
            events = poll.poll(seconds)
            return events, stream.read(5)


if __name__ == "__main__":
    print("{0[0]} after a second, though {0[1]!r} can be read".format(run()))
