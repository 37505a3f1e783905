"""The example programs: as a reader runs them, and on the fake kernel, where a second takes no time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import examples.blocking_accept
import examples.custom_event
import examples.deadline
import examples.deregister
import examples.first_steps
import examples.many_sockets
import examples.oneshot_backpressure
import examples.server_client
import examples.server_client_1x
import examples.threads
import examples.udp_echo
import fakepoll
from impl import Readiness
from impl.net import UdpSocket
from tests.examples.plays import Visitors
from tests.impl.worlds import NS, faked, later

ROOT = Path(__file__).parents[2]

SAYS = {
    "first_steps": r"nothing registered: 0 events after 0\.5\d s\n"
    r"listener: 0 events before, 1 after somebody connected\n"
    r"stream: <Readiness\.WRITABLE: 2>, connected: True\nreregistered: \[Event\(token=2, .*\)\]\n"
    r"readiness set by hand: <Readiness: 0>, then <Readiness\.READABLE: 1>",
    "server_client": r"server accepted\nclient done",
    "server_client_1x": r"client:\n  writable\n  end of stream",
    "many_sockets": r"accepted 33, of which 32 were read to their end",
    "deregister": r"\[\] after a second, though b'hello' can be read",
    "custom_event": r"told after 0\.[5-9]\d s",
    "deadline": r"nobody came in 0\.[3-9]\d s",
    "oneshot_backpressure": r"(sleep \d: stopped after [\d,]+ bytes, the client sent 0 more; the server was told 0 times "
    r"while it slept, and then read [\d,]+\n){3}every byte in its place: True",
    "udp_echo": r"always_registered: 1\d\d\d sent, 1000 echoed, the sender was told 1\d\d\d times that it may write\n"
    r"registered_when_needed: 1000 sent, 1000 echoed, the sender was told 0 times that it may write",
    "blocking_accept": r"Ctrl-C came after 0\.[2-6]\d s and was noticed after \d\.\d\d s, when the next client connected",
    "threads": r"joined: hello 0 .*\nfailed alone: ValueError: .*\nsent: hello 0 .*\n"
    r"kept pace: \[0, 1, 2, 3, 4\], never more than [01] ahead\n"
    r"met:( before){5}( after){5}\nshared: 5000\npipeline: 1 2 3 4 5 6 7 8 9 10\n"
    r"addresses:\n  127\.0\.0\.1: AF_INET 127\.0\.0\.1\n  ::1: .*\n  not an address: unknown",
}
"""Program -> what it prints, as a pattern. `line_client` needs a server: tests/impl/servers/test_line_echo.py."""


@pytest.mark.parametrize("name", SAYS)
def test_a_program_says_what_it_is_to_say(name: str) -> None:
    """Run as its docstring tells."""
    command = [sys.executable, "-W", "error", f"examples/{name}.py"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(SAYS[name], done.stdout.strip()), done.stdout


def test_every_example_is_run() -> None:
    """Nobody forgets a new one."""
    programs = {path.stem for path in (ROOT / "examples").glob("*.py")}
    assert programs == {*SAYS, "line_client"}


def on_fake(program: str, call: Callable[[fakepoll.Kernel], object]) -> tuple[object, float, int]:
    """Run part of a program on a fake kernel; answer its result, the seconds it took there, and how often it polled.

    What is left open is an error, and so are waits without end (`Deadlock`) and without effect (`Livelock`).
    """
    kernel = fakepoll.Kernel()
    with faked(kernel, f"examples.{program}"):
        began = kernel.time.monotonic()
        result = call(kernel)
        seconds = kernel.time.monotonic() - began
    return result, seconds, str(kernel.trace).count(" epoll_wait(")


def test_the_first_steps_on_the_fake_kernel() -> None:
    """Each of them."""
    steps = examples.first_steps
    result, seconds, polls = on_fake("first_steps", lambda kernel: steps.waits_for_nothing(3600))
    assert isinstance(result, tuple)
    assert result[0] == []
    assert seconds == pytest.approx(3600, abs=0.1)
    assert polls == 1
    assert on_fake("first_steps", lambda kernel: steps.waits_for_a_connection())[0] == ([], [(0, Readiness.READABLE)])
    assert on_fake("first_steps", lambda kernel: steps.waits_to_be_connected())[0] == ((0, Readiness.WRITABLE), True)
    assert on_fake("first_steps", lambda kernel: steps.changes_its_token())[0] == [(2, Readiness.WRITABLE)]
    assert on_fake("first_steps", lambda kernel: steps.sets_a_readiness())[0] == (Readiness(0), Readiness.READABLE)


@pytest.mark.parametrize(
    ("program", "call", "result", "polls"),
    [
        ("server_client", lambda kernel: examples.server_client.run(), ["server accepted", "client done"], 4),
        ("server_client_1x", lambda kernel: examples.server_client_1x.run(), ["writable", "end of stream"], 4),
        ("many_sockets", lambda kernel: examples.many_sockets.run(Visitors(kernel).come), (33, 32), 99),
        ("deregister", lambda kernel: examples.deregister.run(), ([], b"hello"), 1),
    ],
)
def test_a_program_on_the_fake_kernel(
    program: str, call: Callable[[fakepoll.Kernel], object], result: object, polls: int
) -> None:
    """It comes to the same end, leaves nothing open, and polls no more than it has to."""
    seen, _, polled = on_fake(program, call)
    assert seen == result
    assert polled <= polls


def test_time_on_the_fake_kernel() -> None:
    """Two hours until an event, two hours until a deadline, and a client that comes before it."""
    hours, after = 7200.0, later
    event, seconds, polls = on_fake(
        "custom_event", lambda kernel: examples.custom_event.run(hours, after=after(kernel))
    )
    assert event == pytest.approx(hours, abs=0.1)
    assert seconds == pytest.approx(hours, abs=0.1)
    assert polls <= 3
    seen, _, _ = on_fake("deadline", lambda kernel: examples.deadline.run(hours, after=after(kernel)))
    assert seen == ("nobody came", pytest.approx(hours, abs=0.1))

    def somebody(kernel: fakepoll.Kernel) -> object:
        kernel.schedule(60 * NS, lambda: Visitors(kernel).come(find_listener(kernel), 1))
        return examples.deadline.run(hours, after=after(kernel))

    seen, _, _ = on_fake("deadline", somebody)
    assert seen == ("somebody came", pytest.approx(60, abs=0.1))


def find_listener(kernel: fakepoll.Kernel) -> tuple[str, int]:
    """Answer where the program listens: by the first socket that was made."""
    fd = min(fd for fd, file in kernel.fds.items() if "tcp" in type(file).__module__)
    sock = kernel.socket.socket(fileno=kernel.os.dup(fd))
    host, port = sock.getsockname()
    sock.close()
    return host, port


def test_the_brake_on_the_fake_kernel() -> None:
    """Each sleep stops the client, and no byte is lost."""
    result, _, polls = on_fake("oneshot_backpressure", lambda kernel: examples.oneshot_backpressure.run())
    assert isinstance(result, tuple)
    rounds, in_order = result
    assert in_order
    assert [(each.sent_then, each.told) for each in rounds] == [(0, 0)] * 3
    assert all(each.sent == each.read > 0 for each in rounds)
    assert polls < 100


@pytest.mark.parametrize("way", [examples.udp_echo.always_registered, examples.udp_echo.registered_when_needed])
def test_udp_echo_on_the_fake_kernel(way: Callable[[int], examples.udp_echo.Count]) -> None:
    """All echoed; who registers when needed is never told that he may write."""
    count, _, polls = on_fake("udp_echo", lambda kernel: way(50))
    assert isinstance(count, examples.udp_echo.Count)
    assert (count.echoed, count.lost) == (50, 0)
    assert (count.told_writable >= 50) is (way is examples.udp_echo.always_registered)
    assert polls <= 110


def test_udp_echo_survives_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every third echo is lost on its way; after a silence the sender sends again."""
    send_to = UdpSocket.send_to
    numbers = iter(range(10**6))

    def forget(self: UdpSocket, data: bytes, address: tuple[str, int]) -> int | None:
        return len(data) if next(numbers) % 3 == 0 else send_to(self, data, address)

    monkeypatch.setattr(UdpSocket, "send_to", forget)
    for way in (examples.udp_echo.always_registered, examples.udp_echo.registered_when_needed):
        count, _, _ = on_fake("udp_echo", partial(twenty, way))
        assert isinstance(count, examples.udp_echo.Count)
        assert count.echoed == 20


def twenty(way: Callable[[int], object], kernel: fakepoll.Kernel) -> object:
    """Have twenty datagrams echoed."""
    return way(20)


def test_ctrl_c_is_noticed_late_by_a_blocking_accept() -> None:
    """The counter-example, faster than for people."""
    came, noticed = examples.blocking_accept.run(0.01, 0.2)
    assert came < noticed
    assert noticed >= 0.2


def test_threads_meet() -> None:
    """Nobody is behind the barrier before all have been in front of it."""
    assert examples.threads.meets() == ["before"] * 5 + ["after"] * 5
