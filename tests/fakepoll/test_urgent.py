"""MSG_OOB on AF_UNIX and TCP: random programs on both kernels, and what is not modelled."""

from __future__ import annotations

import random
import socket
from typing import Any

import pytest

import fakepoll
from fakepoll.abi import ET, IN, OUT, PRI, RDHUP
from tests.fakepoll.machines import Machine

ALL = IN | PRI | OUT | RDHUP
VERBS = ("send", "urgent", "urgent", "recv", "recv", "recv urgent", "peek", "peek urgent", "wait", "poll")


def _run(machine: Machine, kind: str, seed: int) -> list[object]:
    """Draw and perform 40 calls on the two ends of a stream; the answers."""
    source = random.Random(seed)
    ends = machine.unix() if kind == "unix" else machine.tcp()
    epoll = machine.epoll()
    for end in ends:
        epoll.register(end, ALL | ET)
    answers: list[object] = []
    for number in range(40):
        verbs = VERBS if number < 30 else (*VERBS, "shut", "close")
        which, verb, size = source.randrange(2), source.choice(verbs), source.choice((1, 2, 3, 10))
        if ends[which].fileno() < 0:
            continue
        data = bytes((number * 7 + place) % 26 + 97 for place in range(size))
        try:
            answers.append(_perform(machine, epoll, ends, which, verb, data))
        except OSError as error:
            answers.append(error.errno)
    return answers


def _perform(machine: Machine, epoll: Any, ends: Any, which: int, verb: str, data: bytes) -> object:
    end, size = ends[which], len(data)
    numbers = {each.fileno(): index for index, each in enumerate(ends)}
    match verb:
        case "send" | "urgent":
            return end.send(data, socket.MSG_OOB if verb == "urgent" else 0)
        case "recv" | "peek":
            return end.recv(size, socket.MSG_PEEK if verb == "peek" else 0)
        case "recv urgent" | "peek urgent":
            return end.recv(1, socket.MSG_OOB | (socket.MSG_PEEK if verb.startswith("peek") else 0))
        case "wait":
            return [(numbers[fd], events) for fd, events in epoll.poll(0)]
        case "poll":
            return [machine.shows(each) for each in ends if each.fileno() >= 0]
        case "shut":
            return end.shutdown(socket.SHUT_WR)
    return end.close()


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_urgent_data_is_answered_alike(kind: str) -> None:
    """Where the mark stands, what a read stops at, skips or drops, and what is shown and told meanwhile."""
    for seed in range(150):
        machines = Machine("real"), Machine("fake")
        real, fake = (_run(machine, kind, seed) for machine in machines)
        assert real == fake, f"seed {seed}"
        for machine in machines:
            machine.close()


def test_count_of_unread_bytes_ends_at_the_mark() -> None:
    """FIONREAD on TCP counts up to the urgent byte."""
    kernel = fakepoll.Kernel()
    listener = kernel.socket.create_server(("127.0.0.1", 0))
    client = kernel.socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    client.send(b"abcX", socket.MSG_OOB)
    assert kernel.fcntl.ioctl(server, 0x541B) == 3
    assert kernel.select.select([], [], [server], 0)[2] == [server]


def test_urgent_data_without_room_is_not_modelled() -> None:
    """It would have to wait for the receiver's window; AF_UNIX knows its answer."""
    kernel = fakepoll.Kernel()
    listener = kernel.socket.create_server(("127.0.0.1", 0))
    client = kernel.socket.create_connection(listener.getsockname())
    with pytest.raises(fakepoll.NotModelled, match="urgent"):
        client.send(bytes(1 << 20), socket.MSG_OOB)
    left, right = kernel.socket.socketpair()
    left.setblocking(False)
    while left.send(bytes(60_000)) == 60_000:
        pass
    with pytest.raises(BlockingIOError):
        left.send(b"x", socket.MSG_OOB)
    with pytest.raises(OSError, match="not supported"):
        left.send(b"", socket.MSG_OOB)
    right.close()
