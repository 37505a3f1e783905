"""The server and client of mio 1.x: always edge-triggered, the client watched for reading and writing.

The text leaves its loop at the client's first event, whatever it says. An event is a hint, so this one stays until it
has read the end. Run it: `python examples/server_client_1x.py`.
"""

from __future__ import annotations

from impl import Interest, Poll, Readiness, Trigger
from impl.net import TcpListener, TcpStream

SERVER, CLIENT = 0, 1
MAX_EVENTS = 128


def run() -> list[str]:
    """Answer what the client was told, in order, until the end of its stream."""
    told: list[str] = []
    with Poll() as poll, TcpListener.bind(("127.0.0.1", 0)) as server:
        poll.register(server, SERVER, Interest.READABLE, Trigger.EDGE)
        with TcpStream.connect(server.local_address()) as client:
            poll.register(client, CLIENT, Interest.READABLE | Interest.WRITABLE, Trigger.EDGE)
            while True:
                for event in poll.poll(None, MAX_EVENTS):
                    if event.token == SERVER:
                        while (accepted := server.accept()) is not None:
                            accepted[0].close()
                        continue
                    if event.readiness & Readiness.WRITABLE and client.is_connected() and "writable" not in told:
                        told.append("writable")
                    if event.readiness & Readiness.READABLE and client.read(1) == b"":
                        return [*told, "end of stream"]


if __name__ == "__main__":
    print("client:", *run(), sep="\n  ")
