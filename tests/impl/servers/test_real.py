"""The HTTP servers on this machine, with real clients: good ones, bad ones, a thousand at once."""

from __future__ import annotations

import contextlib
import http.client
import re
import resource
import shutil
import socket
import sys
import time
from collections.abc import Iterator

import pytest

from impl.servers.http import response
from tests.impl.servers.processes import LONG, Server, read_exactly, read_to_end, run, running

HTTP = ("epoll_http", "keep_alive", "graceful", "spinning")
POLLING = ("epoll_http", "keep_alive", "graceful")
REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
KEEPING = response(200, b"Hello world!", keep_alive=True)
CLOSING = response(200, b"Hello world!", keep_alive=False)


@pytest.fixture(params=HTTP)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Each HTTP server in its turn."""
    with running(request.param) as server:
        yield server


def needs(program: str) -> str:
    """Answer a Debian program's path, or skip."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"needs Debian's {program}")
    return path


def test_curl_is_served(server: Server) -> None:
    """The text's own proof: curl says hello."""
    url = "http://{}:{}/".format(*server.address)
    done = run(needs("curl"), "--silent", "--show-error", "--max-time", "30", "--include", url, url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("HTTP/1.1 200 OK") == 2
    assert done.stdout.count("Hello world!") == 2
    assert "2 requests served" in server.stop()


def test_the_standard_librarys_client_is_served(server: Server) -> None:
    """GET and HEAD, on one connection where the server keeps it."""
    client = http.client.HTTPConnection(*server.address, timeout=LONG)
    for method, body in (("GET", b"Hello world!"), ("HEAD", b""), ("GET", b"Hello world!")):
        client.request(method, "/")
        answer = client.getresponse()
        assert (answer.status, answer.read(), answer.getheader("Content-Length")) == (200, body, "12")
    client.close()
    assert "3 requests served" in server.stop()


def test_a_thousand_clients_at_once(server: Server) -> None:
    """All connect, then all ask, then all are answered."""
    clients = [server.connect() for _ in range(1000)]
    for client in clients:
        client.sendall(REQUEST)
    for client in clients:
        assert read_exactly(client, len(CLOSING)) in (KEEPING[: len(CLOSING)], CLOSING)
    for client in clients:
        client.close()
    assert re.search(r"1000 connections, 1000 requests served, 0 timed out, \d+ cut off, 0 times", server.stop())


def test_a_thousand_requests_in_one_go() -> None:
    """Pipelined, answered in order, however they are cut into segments."""
    with running("keep_alive") as server, server.connect() as client:
        client.sendall(REQUEST * 1000)
        assert read_exactly(client, len(KEEPING) * 1000) == KEEPING * 1000


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n" + b"x" * 900_000, 405),
        (b"GET /" + b"a" * 900_000, 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nCookie: " + b"a" * 900_000, 431),
    ],
)
def test_bad_requests_are_refused_and_the_connection_closed(server: Server, request_bytes: bytes, status: int) -> None:
    """The refusal arrives whole, although nearly a megabyte was never looked at: no reset destroys it."""
    with server.connect() as client:
        client.sendall(request_bytes)
        refusal = read_to_end(client)
    assert refusal.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nConnection: close\r\n" in refusal
    with server.connect() as client:
        client.sendall(REQUEST)
        assert read_exactly(client, 15) == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize("name", HTTP)
def test_slow_clients_are_timed_out(name: str) -> None:
    """A byte now and then does not renew the limit (slow loris); who is silent is closed without a word."""
    with running(name, "--timeout", "0.5") as server, server.connect() as slow, server.connect() as silent:
        slow.settimeout(0.05)
        received = b""
        for byte in REQUEST * 100:
            slow.sendall(bytes([byte]))
            try:
                received = slow.recv(4096)
                break
            except TimeoutError:
                continue
        assert received.startswith(b"HTTP/1.1 408 ")
        assert read_to_end(silent) == b""
        slow.close()
        assert "2 connections, 0 requests served, 2 timed out" in server.stop()


@pytest.mark.parametrize("name", POLLING)
def test_running_out_of_fds_does_not_spin(name: str) -> None:
    """EMFILE: the queue waits, the processor rests, and whoever is accepted is served; then the queue is, too."""
    with running(name) as server:
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (24, 24))
        clients = [server.connect() for _ in range(40)]
        clients[0].sendall(REQUEST)
        assert read_exactly(clients[0], 15) == b"HTTP/1.1 200 OK"
        before = server.cpu_seconds()
        clients[-1].settimeout(1.2)
        clients[-1].sendall(REQUEST)
        with pytest.raises(TimeoutError):
            clients[-1].recv(1)
        assert server.cpu_seconds() - before < 0.3
        clients[-1].settimeout(LONG)
        for client in clients[:-1]:
            client.close()
        assert read_exactly(clients[-1], 15) == b"HTTP/1.1 200 OK"
        clients[-1].close()
        shortages = re.search(r"(\d+) times out of fds", server.stop())
    assert shortages is not None
    assert 1 <= int(shortages[1]) <= 45


def test_a_full_house_waits_outside() -> None:
    """Above --connections nobody is accepted until somebody leaves."""
    with running("keep_alive", "--connections", "2") as server:
        first, second, third = (server.connect() for _ in range(3))
        for client in (first, second, third):
            client.sendall(REQUEST)
        assert read_exactly(first, len(KEEPING)) == KEEPING
        assert read_exactly(second, len(KEEPING)) == KEEPING
        third.settimeout(0.2)
        with pytest.raises(TimeoutError):
            third.recv(1)
        third.settimeout(LONG)
        first.close()
        assert read_exactly(third, len(KEEPING)) == KEEPING
        second.close()
        third.close()


def test_stopping_finishes_what_runs() -> None:
    """No connection after Ctrl-C; the running request is answered, the idle connection closed; exit 0."""
    with running("graceful") as server:
        idle, busy = server.connect(), server.connect()
        busy.sendall(b"GET /sleep/0.7 HTTP/1.1\r\nHost: here\r\n\r\n")
        idle.sendall(REQUEST)
        assert read_exactly(idle, len(KEEPING)) == KEEPING
        server.interrupt()
        assert read_to_end(idle) == b""  # it was closed, so the listener was closed before
        with pytest.raises(ConnectionRefusedError):
            server.connect()
        assert read_to_end(busy).endswith(b"slept 0.7 s\n")
        idle.close()
        busy.close()
        code, said = server.end()
    assert code == 0
    assert said.startswith("graceful: 2 connections, 2 requests served, 0 timed out, 0 cut off")


@pytest.mark.parametrize("again", [False, True])
def test_stopping_has_an_end(again: bool) -> None:
    """After the grace, or at the second Ctrl-C, what still runs is cut off; exit 1."""
    grace = "600" if again else "0.2"
    with running("graceful", "--grace", grace) as server, server.connect() as idle, server.connect() as busy:
        busy.sendall(b"GET /sleep/3000 HTTP/1.1\r\nHost: here\r\n\r\n")
        idle.sendall(REQUEST)  # answered after the other has been heard
        assert read_exactly(idle, len(KEEPING)) == KEEPING
        began = time.monotonic()
        server.interrupt()
        assert read_to_end(idle) == b""
        if again:
            server.interrupt()
        with contextlib.suppress(ConnectionResetError):
            assert read_to_end(busy) == b""
        code, said = server.end()
        assert time.monotonic() - began < LONG
    assert code == 1
    assert ", 1 cut off," in said


def test_wrk_finds_no_error() -> None:
    """A short run; `benchmarks/servers.py` has the long one."""
    wrk = needs("wrk")
    with running("keep_alive") as server:
        done = run(wrk, "-t2", "-c64", "-d2s", "http://{}:{}/".format(*server.address))
        assert done.returncode == 0, done.stderr
        assert "Requests/sec" in done.stdout
        assert "errors" not in done.stdout
        assert "Non-2xx" not in done.stdout


def test_the_same_load_from_python_finds_no_error() -> None:
    """Sixty-four connections, fifty requests each, all busy at once: as wrk does it, where there is no wrk."""
    with running("keep_alive") as server:
        clients = [server.connect() for _ in range(64)]
        for _ in range(50):
            for client in clients:
                client.sendall(REQUEST)
            for client in clients:
                assert read_exactly(client, len(KEEPING)) == KEEPING
        for client in clients:
            client.close()
        assert "64 connections, 3200 requests served, 0 timed out, 0 cut off" in server.stop()


@pytest.mark.parametrize("name", [*HTTP, "line_echo"])
def test_a_server_explains_itself(name: str) -> None:
    """--help, and one clear line for each mistake of a user."""
    command = (sys.executable, "-m", f"impl.servers.{name}")
    helped = run(*command, "--help")
    assert helped.returncode == 0
    assert "--address" in helped.stdout
    for wrong in (("--address", "nowhere"), ("--address", "127.0.0.1:99999"), ("--timeout", "-1"), ("--grace", "x")):
        refused = run(*command, *wrong)
        assert refused.returncode == 2
        assert refused.stderr.splitlines()[-1].startswith(f"python -m impl.servers.{name}: error: argument {wrong[0]}")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        refused = run(*command, "--address", address)
    assert (refused.returncode, refused.stderr) == (
        2,
        f"{name}: cannot listen at {address}: Address already in use\n",
    )
