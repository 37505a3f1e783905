"""A server and a client in one poll: the server drops whoever connects, the client is told of the end.

Run it: `python examples/server_client.py`.
"""

from __future__ import annotations

from impl import Interest, Poll, Trigger
from impl.net import TcpListener, TcpStream

SERVER, CLIENT = 0, 1


def run() -> list[str]:
    """Go on until the client has seen the end of its stream; answer what happened, in order."""
    happened = []
    with Poll() as poll, TcpListener.bind(("127.0.0.1", 0)) as server:
        poll.register(server, SERVER, Interest.READABLE, Trigger.EDGE)
        with TcpStream.connect(server.local_address()) as client:
            poll.register(client, CLIENT, Interest.READABLE, Trigger.EDGE)
            while True:
                for event in poll.poll(None):
                    if event.token == SERVER:
                        while (accepted := server.accept()) is not None:
                            accepted[0].close()  # the client reads the end of the stream
                            happened.append("server accepted")
                    elif client.read(1) == b"":
                        happened.append("client done")
                        return happened


if __name__ == "__main__":
    print(*run(), sep="\n")
