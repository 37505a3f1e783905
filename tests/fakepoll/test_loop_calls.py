"""What programs ask of their loops beyond an echo: names, paths, datagrams, bulk, signals, pipes, HTTP."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable

import pytest
import trio
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

import fakepoll

SECOND_NS = 1_000_000_000
BULK = 3_000_000


async def upper(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back all that comes in capitals, and hang up."""
    writer.write((await reader.read()).upper())
    await writer.drain()
    writer.close()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, message: bytes) -> bytes:
    """Send a message and its end; give the answer."""
    writer.write(message)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def by_path(_kernel: fakepoll.Kernel) -> None:
    """Meet at a path."""
    async with await asyncio.start_unix_server(upper, "/run/upper"):
        assert await ask(*await asyncio.open_unix_connection("/run/upper"), b"path") == b"PATH"


async def by_name(_kernel: fakepoll.Kernel) -> None:
    """Meet at a name that has to be looked up, in both versions of the protocol."""
    async with await asyncio.start_server(upper, "localhost", 0) as server:
        for listener in server.sockets:
            host, port, *_ = listener.getsockname()
            assert await ask(*await asyncio.open_connection(host, port), b"name") == b"NAME"


async def bulk(_kernel: fakepoll.Kernel) -> None:
    """Send more than any buffer holds, there and back."""
    async with await asyncio.start_server(upper, "127.0.0.1", 0) as server:
        address = server.sockets[0].getsockname()
        assert await ask(*await asyncio.open_connection(*address), b"z" * BULK) == b"Z" * BULK


async def datagrams(_kernel: fakepoll.Kernel) -> None:
    """Send a datagram from one endpoint to another."""
    arrived: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    class Receiver(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            arrived.set_result(data)

    loop = asyncio.get_running_loop()
    receiver, _ = await loop.create_datagram_endpoint(Receiver, local_addr=("127.0.0.1", 0))
    address = receiver.get_extra_info("sockname")
    sender, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=address)
    sender.sendto(b"datagram")
    assert await arrived == b"datagram"
    sender.close()
    receiver.close()
    await asyncio.sleep(0)


async def signals(kernel: fakepoll.Kernel) -> None:
    """Be woken by a signal after five seconds."""
    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[None] = loop.create_future()
    loop.add_signal_handler(signal.SIGUSR1, arrived.set_result, None)
    kernel.schedule(5 * SECOND_NS, lambda: kernel.signal.raise_signal(signal.SIGUSR1))
    started = loop.time()
    await arrived
    assert loop.time() - started == pytest.approx(5, abs=0.1)
    loop.remove_signal_handler(signal.SIGUSR1)


async def readers(kernel: fakepoll.Kernel) -> None:
    """Watch the read end of a pipe by its number."""
    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[bytes] = loop.create_future()
    reader, writer = kernel.os.pipe()
    loop.add_reader(reader, lambda: arrived.set_result(kernel.os.read(reader, 10)))
    kernel.schedule(SECOND_NS, lambda: kernel.os.write(writer, b"pipe"))
    assert await arrived == b"pipe"
    loop.remove_reader(reader)
    kernel.os.close(reader)
    kernel.os.close(writer)


@pytest.mark.parametrize("program", [by_path, by_name, bulk, datagrams, signals, readers])
def test_asyncio_program_runs(program: Callable[[fakepoll.Kernel], Awaitable[None]]) -> None:
    """asyncio finds on the fake kernel what it finds on Linux, and leaves nothing open."""
    kernel = fakepoll.Kernel()

    async def main() -> None:
        await asyncio.wait_for(program(kernel), 60)

    with fakepoll.patched(kernel, profiles=["asyncio"]):
        asyncio.run(main())


def test_tornado_serves_http() -> None:
    """A request and its answer through tornado's own server and client."""

    class Hello(RequestHandler):
        def get(self) -> None:
            self.write("hello")

    async def main() -> bytes:
        server = HTTPServer(Application([("/", Hello)]))
        server.listen(0, address="127.0.0.1")
        (listener,) = server._sockets.values()
        answer = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        server.stop()
        await server.close_all_connections()
        await asyncio.sleep(1)  # until the client has seen it go
        return answer.body

    with fakepoll.patched(fakepoll.Kernel(), profiles=["tornado"]):
        assert asyncio.run(main()) == b"hello"


def test_trio_sockets_work() -> None:
    """trio's own socket class, whose methods are kept in closures, reaches the fake kernel."""

    async def main() -> None:
        one, other = trio.socket.socketpair()
        await one.send(b"pair")
        assert await other.recv(10) == b"pair"
        one.close()
        other.close()
        datagram = trio.socket.socket(type=trio.socket.SOCK_DGRAM)
        await datagram.bind(("127.0.0.1", 0))
        await datagram.sendto(b"datagram", datagram.getsockname())
        assert await datagram.recvfrom(10) == (b"datagram", datagram.getsockname())
        datagram.close()

    with fakepoll.patched(fakepoll.Kernel(), profiles=["trio"]):
        trio.run(main)
