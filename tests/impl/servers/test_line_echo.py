"""The line echo on this machine: many clients, worker threads, clients that die in the middle of a line."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Self

import pytest

from impl.net import TcpListener
from impl.poll import Poll
from impl.servers import line_echo
from impl.servers.service import Limits, Tally
from impl.servers.stop import Stop
from impl.servers.workers import Work, Workers
from tests.impl.servers.processes import LONG, read_to_end, run, running

CLIENT = Path(__file__).parents[3] / "examples" / "line_client.py"
RESET = struct.pack("ii", 1, 0)


def echo(address: tuple[str, int], lines: bytes) -> bytes:
    """Send lines and read to the end; the sending must not wait for the reading, so a thread does it."""
    with socket.create_connection(address, timeout=LONG) as sock:

        def send() -> None:
            sock.sendall(lines)
            sock.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        data = read_to_end(sock)
        sender.join(LONG)
        return data


def test_the_example_client_gets_its_lines_back() -> None:
    """Server and client as the page tells to run them."""
    with running("line_echo") as server:
        address = "{}:{}".format(*server.address)
        done = run(sys.executable, str(CLIENT), address, "hello from the client!", "", "and again")
        assert (done.returncode, done.stdout, done.stderr) == (0, "hello from the client!\n\nand again\n", "")
        assert "1 connections, 3 requests served" in server.stop()
        refused = run(sys.executable, str(CLIENT), address, "anybody?")
    assert refused.returncode == 1
    assert refused.stderr == f"line_client: no echo from {address}: [Errno 111] Connection refused\n"
    mistaken = run(sys.executable, str(CLIENT), "nowhere", "anybody?")
    assert mistaken.returncode == 2
    assert mistaken.stderr.endswith("error: 'nowhere' is not HOST:PORT\n")


def test_many_clients_get_their_own_lines_in_order() -> None:
    """With fewer places in the channels than there are clients."""
    texts = [b"".join(b"client %d line %d\n" % (client, line) for line in range(200)) for client in range(16)]
    with running("line_echo", "--threads", "3", "--room", "2") as server:
        with ThreadPoolExecutor(16) as pool:
            assert list(pool.map(partial(echo, server.address), texts)) == texts
        assert "16 connections, 3200 requests served, 0 timed out, 0 cut off" in server.stop()


def test_a_client_that_dies_in_mid_line_hurts_nobody() -> None:
    """By closing, or by a reset with its answers unread."""
    with running("line_echo") as server:
        assert echo(server.address, b"whole\nhal") == b"whole\n"
        with server.connect() as dying:
            dying.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            dying.sendall(b"line\n" * 1000 + b"hal")
        assert echo(server.address, b"still here\n") == b"still here\n"
        server.stop()


def test_lines_have_an_end() -> None:
    """A line that is too long is refused, and so is one that does not go on."""
    with running("line_echo", "--timeout", "0.3") as server:
        assert echo(server.address, b"x" * 1_000_000) == b"error: the line is too long\n"
        with server.connect() as slow:
            slow.sendall(b"hal")
            assert read_to_end(slow) == b"error: the line did not come to an end\n"


def test_who_does_not_read_is_not_read() -> None:
    """Back-pressure: the client is stopped by full buffers, and nothing is lost when it reads at last."""
    with running("line_echo") as server, server.connect() as client:
        client.settimeout(0.5)
        line = b"x" * 999 + b"\n"
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 1 << 30:
                sent += client.send(line[sent % 1000 :])
        assert sent < 1 << 30
        client.settimeout(LONG)
        received = b""
        while len(received) < sent - sent % 1000:
            received += client.recv(1 << 20)
        assert received == line * (sent // 1000)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_failed_work_closes_its_connection_only() -> None:
    """The worker's thread ends, the other goes on; served from a thread of this process."""

    def work(line: bytes) -> bytes:
        if line == b"fail\n":
            raise ValueError(line)
        return line.upper()

    with Serving(work) as serving:
        assert echo(serving.address, b"fail\n") == b""
        assert echo(serving.address, b"go on\n") == b"GO ON\n"


class Serving:
    """A line echo in a thread, with work of one's own."""

    def __init__(self, work: Work) -> None:
        listener = TcpListener.bind(("127.0.0.1", 0))
        host, port, *_ = listener.local_address()
        self.address = (str(host), int(port))
        self.tally: Tally | None = None
        self._stop = Stop()
        self._thread = threading.Thread(target=self._run, args=(listener, work))

    def _run(self, listener: TcpListener, work: Work) -> None:
        with Poll() as poll:
            hire = partial(Workers, work, threads=2, room=4)
            self.tally = line_echo.serve(listener, self._stop, poll, clock, Limits(), hire)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.press()
        self._thread.join(LONG)
        self._stop.close()
        assert self.tally is not None
        assert self.tally.cut_off == 0


def clock() -> float:
    """Let no limit ever pass."""
    return 0.0
