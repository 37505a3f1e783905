"""An echo server and its clients on trio's streams."""

from __future__ import annotations

from functools import partial

import trio

from tests.fakepoll.echoes import CLIENTS, ROUNDS, TWO_HOURS


async def serve(stream: trio.SocketStream) -> None:
    """Send back what comes."""
    async with stream:
        async for data in stream:
            await stream.send_all(data)


async def client(port: int, number: int, counts: list[int]) -> None:
    """Send a few messages and count those that came back."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        message = b"client %d " % number * 20
        for _ in range(ROUNDS):
            await stream.send_all(message)
            back = b""
            while len(back) < len(message):
                back += await stream.receive_some()
            counts[0] += back == message


async def main() -> int:
    """Serve a hundred clients at once; give the number of echoes."""
    counts = [0]
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        port = listeners[0].socket.getsockname()[1]
        async with trio.open_nursery() as clients:
            for number in range(CLIENTS):
                clients.start_soon(client, port, number, counts)
        nursery.cancel_scope.cancel()
    return counts[0]


def echoes() -> int:
    """Run the program."""
    return trio.run(main)


def waits_two_hours() -> float:
    """Wait for a message that never comes; give the seconds until the timeout."""

    async def wait() -> float:
        started = trio.current_time()
        async with trio.open_nursery() as nursery:
            (listener, *_) = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
            async with await trio.open_tcp_stream("127.0.0.1", listener.socket.getsockname()[1]) as stream:
                with trio.move_on_after(TWO_HOURS):
                    await stream.receive_some()
            nursery.cancel_scope.cancel()
        return trio.current_time() - started

    return trio.run(wait)
