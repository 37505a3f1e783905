"""What most tests of the reference need: a poll, and files that become ready at will."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

import impl

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def poll() -> Iterator[impl.Poll]:
    """A reference poll, closed afterwards."""
    with impl.Poll() as poll:
        yield poll


@pytest.fixture
def make_pair() -> Iterator[Callable[[], Pair]]:
    """Makes connected, non-blocking stream sockets; those still open afterwards are closed."""
    made: list[socket.socket] = []

    def make() -> Pair:
        pair = socket.socketpair()
        for end in pair:
            end.setblocking(False)
        made.extend(pair)
        return pair

    yield make
    for end in made:
        end.close()


@pytest.fixture
def pair(make_pair: Callable[[], Pair]) -> Pair:
    """One such pair: the end to register, and its peer."""
    return make_pair()
