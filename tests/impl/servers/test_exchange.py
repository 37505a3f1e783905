"""One connection's states, over real sockets, without a poll."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from impl import Interest
from impl.net import TcpStream
from impl.servers.exchange import PER_TURN, Exchange, State
from impl.servers.http import HttpTalk, hello, response

REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
KEEPING = response(200, b"Hello world!", keep_alive=True)

Pair = tuple[Exchange, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """An exchange that keeps its connection, and its client."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        stream = TcpStream(listener.accept()[0])
    yield Exchange(stream, HttpTalk(hello, keep_alive=True)), client
    client.close()
    stream.close()


def test_requests_that_come_together_are_answered_together(pair: Pair) -> None:
    """From WRITE to WRITE is a step. (Found by a fault: after a short write the next answer waited for a lost edge.)"""
    exchange, client = pair
    client.sendall(REQUEST * 3)
    assert exchange.advance() is Interest.READABLE
    assert (exchange.served, exchange.state) == (3, State.READ)
    assert client.recv(4096) == KEEPING * 3


def test_steps_answer_one_at_a_time(pair: Pair) -> None:
    """So that the poll is asked in between."""
    exchange, client = pair
    client.sendall(REQUEST * 2)
    wants = [exchange.step() for _ in range(3)]
    assert wants == [Interest.WRITABLE, Interest.WRITABLE, Interest.READABLE]
    assert exchange.served == 2


def test_others_have_their_turn(pair: Pair) -> None:
    """A client that never stops asking is left after a while, in the middle."""
    exchange, client = pair
    client.sendall(REQUEST * (PER_TURN + 1))
    assert exchange.advance() is Interest.WRITABLE
    assert exchange.served == PER_TURN
    assert exchange.advance() is Interest.READABLE
    assert exchange.served == PER_TURN + 1


def test_a_connection_that_fails_is_done(pair: Pair) -> None:
    """A reset is no error of the server."""
    exchange, client = pair
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    assert exchange.advance() is None
    assert exchange.state is State.DONE


def test_an_endless_goodbye_is_cut_off(pair: Pair) -> None:
    """After the last answer a megabyte is discarded, not more."""
    exchange, client = pair
    client.sendall(b"nonsense\r\n")
    client.setblocking(False)
    sent = 0
    while exchange.state is not State.DONE:
        exchange.advance()
        try:
            sent += client.send(bytes(65536))
        except BlockingIOError:
            continue
        except OSError:
            break
    assert exchange.state is State.DONE
    assert sent >= 1 << 20
