"""An echo server and its clients on asyncio's streams."""

from __future__ import annotations

import asyncio

from tests.fakepoll.echoes import CLIENTS, ROUNDS, TWO_HOURS


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back what comes."""
    while data := await reader.read(4096):
        writer.write(data)
        await writer.drain()
    writer.close()


async def client(port: int, number: int) -> int:
    """Send a few messages and count those that came back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    message = b"client %d " % number * 20
    echoed = 0
    for _ in range(ROUNDS):
        writer.write(message)
        echoed += await reader.readexactly(len(message)) == message
    writer.close()
    await writer.wait_closed()
    return echoed


async def main() -> int:
    """Serve a hundred clients at once; give the number of echoes."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        return sum(await asyncio.gather(*(client(port, number) for number in range(CLIENTS))))


def echoes() -> int:
    """Run the program."""
    return asyncio.run(main())


def waits_two_hours() -> float:
    """Wait for a message that never comes; give the seconds until the timeout."""

    async def wait() -> float:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        loop = asyncio.get_running_loop()
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            started = loop.time()
            try:
                await asyncio.wait_for(reader.read(1), TWO_HOURS)
            except TimeoutError:
                return loop.time() - started
            finally:
                writer.close()
                await writer.wait_closed()
        return 0.0

    return asyncio.run(wait())
