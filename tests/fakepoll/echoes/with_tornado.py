"""An echo server and its clients on tornado's streams."""

from __future__ import annotations

import asyncio

from tornado.iostream import IOStream, StreamClosedError
from tornado.tcpclient import TCPClient
from tornado.tcpserver import TCPServer

from tests.fakepoll.echoes import CLIENTS, ROUNDS, TWO_HOURS


class EchoServer(TCPServer):
    """Sends back what comes."""

    async def handle_stream(self, stream: IOStream, address: tuple[str, int]) -> None:
        """Serve one client until it goes."""
        try:
            while True:
                await stream.write(await stream.read_bytes(4096, partial=True))
        except StreamClosedError:
            stream.close()


def serving() -> tuple[EchoServer, int]:
    """Start a server on a free port; give both."""
    server = EchoServer()
    server.listen(0, address="127.0.0.1")
    (listener,) = server._sockets.values()
    return server, listener.getsockname()[1]


async def client(port: int, number: int) -> int:
    """Send a few messages and count those that came back."""
    stream = await TCPClient().connect("127.0.0.1", port)
    message = b"client %d " % number * 20
    echoed = 0
    for _ in range(ROUNDS):
        await stream.write(message)
        echoed += await stream.read_bytes(len(message)) == message
    stream.close()
    return echoed


async def main() -> int:
    """Serve a hundred clients at once; give the number of echoes."""
    server, port = serving()
    total = sum(await asyncio.gather(*(client(port, number) for number in range(CLIENTS))))
    server.stop()
    await asyncio.sleep(1)  # until the server has seen them go
    return total


def echoes() -> int:
    """Run the program."""
    return asyncio.run(main())


def waits_two_hours() -> float:
    """Wait for a message that never comes; give the seconds until the timeout."""

    async def wait() -> float:
        server, port = serving()
        stream = await TCPClient().connect("127.0.0.1", port)
        started = asyncio.get_running_loop().time()
        try:
            await asyncio.wait_for(stream.read_bytes(1), TWO_HOURS)
        except TimeoutError:
            return asyncio.get_running_loop().time() - started
        finally:
            stream.close()
            server.stop()
            await asyncio.sleep(1)  # until the server has seen it go
        return 0.0

    return asyncio.run(wait())
