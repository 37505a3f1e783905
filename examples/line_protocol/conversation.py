"""A conversation with the server under faults, and what must be true of it: every byte in order, or an error."""

from __future__ import annotations

import contextlib
from typing import Any

from line_server import LineServer

from fakepoll import Drawn, Kernel, Schedule, patched

LINES = (b"hello\n", b"how are you\n", b"goodbye\n")
STEPS = 50


def talk(kernel: Kernel, serve: type[LineServer] = LineServer) -> bytes:
    """Send line by line, end, and collect the answers; between any two calls the server takes a step."""
    with kernel.calm():
        listener = kernel.socket.create_server(("127.0.0.1", 0))
        server = serve(listener)
        client = kernel.socket.create_connection(listener.getsockname())
        client.setblocking(False)
    with kernel.fault_scope(), contextlib.suppress(OSError):
        server.step(0.01)  # the connection that is accepted here is the one that faults hit
        for line in LINES:
            client.send(line)
            server.step(0.01)
        client.shutdown(kernel.socket.SHUT_WR)
        server.step(0.01)
    kernel.calm()  # from here on all is well, so the server must come to its end
    answers = collect(client, server)
    for each in (client, server, listener):
        each.close()
    return answers


def collect(client: Any, server: LineServer) -> bytes:
    """Read until the server closes; a server that does not is stuck."""
    answers = b""
    for _ in range(STEPS):
        server.step(0.01)
        with contextlib.suppress(BlockingIOError):
            data = client.recv(100)
            if not data:
                return answers
            answers += data
    raise AssertionError(f"stuck after {answers!r}")


def check(faults: Drawn | Schedule | None, serve: type[LineServer] = LineServer) -> Schedule:
    """Run the conversation under these faults; give those that fell."""
    kernel = Kernel(faults=faults)
    expected = b"".join(LINES).upper()
    with patched(kernel, modules=["line_server"]):
        try:
            answers = talk(kernel, serve)
        except ConnectionError:
            answers = b""
            assert kernel.fired.ended(), "an error without a cause"
        finally:
            kernel.close()
    assert expected.startswith(answers), "bytes that were never sent, or out of order"
    assert answers == expected or kernel.fired.ended(), f"answered {answers!r}, but should have answered {expected!r}"
    return kernel.fired
