"""The table of faults is true: each kind falls where it says, is noticed where it says, and loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakepoll import Drawn, Kernel, Schedule, patched
from fakepoll.abi import ET, IN, ONESHOT, OUT, RDHUP
from fakepoll.effects import CAN, ERRNOS, WAITS
from fakepoll.exercise import Exercise, count, main
from fakepoll.faults import (
    FAULTS,
    KINDS,
    LEGAL,
    LEGALITIES,
    LOSSLESS,
    MENUS,
    NEVER,
    NO,
    YES,
    Fault,
    Kind,
    Site,
    profile,
)
from fakepoll.gates import WRITES
from fakepoll.strategies import fault_plans

ASKED = IN | OUT | RDHUP
MODES = {"level": 0, "edge": ET, "oneshot": ONESHOT}
Log = list[object]


class Stage:
    """A kernel with faults, a log of what a program sees, and an epoll in one trigger mode."""

    def __init__(self, faults: Any, mode: str) -> None:
        self.kernel = Kernel(faults=faults, trace=False)
        self.log: Log = []
        self.mode = MODES[mode]
        self.epoll = self.kernel.select.epoll()

    def pair(self) -> tuple[Any, Any]:
        """Connect `client#1` and `server#1` over TCP; the client is watched."""
        listener = self.kernel.socket.create_server(("127.0.0.1", 0))
        client = self.kernel.socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        for sock, role in ((client, "client"), (server, "server")):
            sock.setblocking(False)
            self.kernel.name(sock, role)
        self.listener = listener
        self.watch(client, ASKED)
        return client, server

    def watch(self, sock: Any, asked: int) -> None:
        """Register in this stage's mode."""
        self.epoll.register(sock, asked | self.mode)

    def wait(self, timeout: float = 0) -> None:
        """Log what is told; arm again what was told once."""
        events = self.epoll.poll(timeout)
        self.log.append(events)
        if self.mode == ONESHOT:
            for fd, _ in events:
                self.epoll.modify(fd, ASKED | ONESHOT)

    def do(self, call: Callable[..., object], *arguments: object) -> None:
        """Log what a call gives, or its errno."""
        try:
            self.log.append(call(*arguments))
        except OSError as error:
            self.log.append(errno.errorcode[error.errno or 0])


def _reads(stage: Stage) -> None:
    client, server = stage.pair()
    stage.wait()
    stage.do(server.send, b"hello world")
    stage.wait()
    stage.do(client.recv, 100)
    stage.wait(0.01)
    stage.do(client.recv, 100)
    stage.do(client.send, b"question")


def _waits_only(stage: Stage) -> None:
    client, server = stage.pair()
    if stage.mode != ONESHOT:
        stage.wait()
    stage.do(server.send, b"hello world")
    for _ in range(3):
        stage.log.append(stage.epoll.poll(0))
    client.close()


def _two(stage: Stage) -> None:
    one, other = stage.kernel.socket.socketpair()
    three, four = stage.kernel.socket.socketpair()
    for sock in (one, three):
        stage.watch(sock, IN)
    for sock in (other, four):
        stage.do(sock.send, b"x")
    stage.wait()


def _writes(stage: Stage) -> None:
    client, server = stage.pair()
    stage.wait()
    stage.do(client.send, b"hello world")
    stage.wait()
    stage.do(server.recv, 100)
    stage.wait(0.01)
    stage.do(client.send, b"again")


def _late(stage: Stage) -> None:
    client, server = stage.pair()
    stage.wait()
    stage.do(server.send, b"hello")
    stage.do(client.recv, 100)


def _fills(stage: Stage) -> None:
    client, server = stage.pair()
    stage.wait()
    stage.do(client.send, b"x" * 5_000_000)
    for _ in range(60):
        stage.do(server.recv, 1_000_000)
    stage.wait()


def _connects(stage: Stage) -> None:
    listener = stage.kernel.socket.create_server(("127.0.0.1", 0))
    client = stage.kernel.socket.socket()
    client.setblocking(False)
    stage.do(client.connect, listener.getsockname())
    stage.watch(client, ASKED)
    stage.wait()


def _accepts(stage: Stage) -> None:
    listener = stage.kernel.socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    stage.watch(listener, IN)
    clients = [stage.kernel.socket.create_connection(listener.getsockname()) for _ in range(2)]
    stage.wait()
    stage.do(lambda: listener.accept()[1])
    stage.log.append([client.getsockname() for client in clients])


def _signals(stage: Stage) -> None:
    stage.kernel.signal.signal(signal.SIGUSR1, lambda *_: stage.log.append("handled"))
    stage.pair()
    stage.wait()


SHOWN: dict[str, tuple[str, Callable[[Stage], None]]] = {
    "arrive": ("recv@client#1[1] = arrive(2)", _reads),
    "stolen": ("recv@client#1[1] = stolen", _reads),
    "reorder": ("accept@tcp#1[1] = reorder", _accepts),
    "reset": ("recv@client#1[2] = reset", _reads),
    "half_close": ("epoll_wait@epoll#1[2] = half_close(client#1)", _reads),
    "hangup": ("recv@client#1[2] = hangup", _reads),
    "room": ("send@client#1[1] = room(3)", _writes),
    "late": ("send@server#1[1] = late(50)", _late),
    "late_room": ("send@client#1[1] = late_room(1000)", _fills),
    "refused": ("connect@tcp#2[1] = refused", _connects),
    "slow": ("connect@tcp#2[1] = slow(1000)", _connects),
    "full_backlog": ("connect@tcp#2[1] = full_backlog", _connects),
    "EMFILE": ("accept@tcp#1[1] = EMFILE(1)", _accepts),
    "ENFILE": ("accept@tcp#1[1] = ENFILE(1)", _accepts),
    "ENOBUFS": ("accept@tcp#1[1] = ENOBUFS(1)", _accepts),
    "wake": ("epoll_wait@epoll#1[3] = wake(client#1)", _waits_only),
    "first": ("epoll_wait@epoll#1[1] = first(pair#3)", _two),
    "signal": ("epoll_wait@epoll#1[1] = signal", _signals),
    "short_read": ("recv@client#1[1] = short_read(2)", _reads),
    "short_write": ("send@client#1[1] = short_write(3)", _writes),
    "aborted": ("accept@tcp#1[1] = aborted", _accepts),
    "bare_hup": ("epoll_wait@epoll#1[2] = bare_hup(client#1)", _reads),
    "lost_edge": ("epoll_wait@epoll#1[1] = lost_edge(client#1)", _waits_only),
}
"""For each kind, a schedule and a program that shows it wherever the table says that it can be noticed."""


def logged(schedule: Schedule | None, mode: str, program: Callable[[Stage], None]) -> tuple[Log, Schedule]:
    """Run a program; what it saw, and what fell."""
    stage = Stage(schedule, mode)
    program(stage)
    fired = stage.kernel.fired
    stage.kernel.close()
    return stage.log, fired


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.name)
def test_kind_is_noticed_where_the_table_says(kind: Kind, mode: str) -> None:
    """`yes`: a program with such a registration sees another world; `-`: it cannot even fall."""
    text, program = SHOWN[kind.name]
    plain, _ = logged(None, mode, program)
    seen, fired = logged(Schedule.parse(text), mode, program)
    cell = getattr(kind, mode)
    assert str(fired).strip() == (text if cell == YES else ""), seen
    assert (seen != plain) == (cell == YES)


def test_tables_are_total() -> None:
    """Each kind is shown here, can be brought about, falls somewhere, and has a class, a sentence and a source."""
    assert [*SHOWN] == [*KINDS] == [kind.name for kind in FAULTS]
    for kind in FAULTS:
        assert kind.legality in LEGALITIES
        assert kind.meaning
        assert kind.source
        assert any(kind in menu for menu in MENUS.values())
        assert {kind.level, kind.edge, kind.oneshot} <= {YES, NEVER}
        assert kind.own in (YES, NO)
        assert bool(kind.values) == bool(kind.argument)
        assert kind.name in CAN or kind.name in WAITS or kind.name in ("first", "signal")
    assert all(kind.name in WRITES for kind in MENUS["send"])
    assert set(ERRNOS) <= set(KINDS)


@pytest.mark.parametrize("name", [LOSSLESS, *LEGALITIES])
def test_each_kind_falls_in_its_own_profile(name: str) -> None:
    """Every kind of a profile falls, and none that is not of it (the command: python -m fakepoll.exercise)."""
    counts = count(name, range(120))
    assert all(counts.values()), counts
    assert tuple(counts) == profile(name)


class Recorder:
    """Decides nothing; remembers what was possible."""

    def __init__(self) -> None:
        self.possible: dict[str, None] = {}

    def decide(self, site: Site) -> Fault | None:
        """Look on."""
        self.possible.update(dict.fromkeys(site.possible))
        return None


def test_self_pipe_is_hit_by_what_is_lawful_for_it_only() -> None:
    """A spared file: the kinds with `own`, and no other."""
    looking = Recorder()
    kernel = Kernel(faults=looking)
    kernel.signal.signal(signal.SIGUSR1, lambda *_: None)
    with kernel.calm():
        epoll = kernel.select.epoll()
    pairs = [kernel.socket.socketpair() for _ in range(2)]
    looking.possible.clear()
    for sock in (sock for pair in pairs for sock in pair):
        sock.setblocking(False)
        kernel.spare(sock)
        epoll.register(sock, IN | ET)
    for one, other in pairs:
        one.send(b"xy")
        epoll.poll(0)
        other.send(b"xy")
    epoll.poll(0)
    for one, other in pairs:
        one.recv(1)
        other.recv(1)
    epoll.poll(0)
    assert sorted(looking.possible) == sorted(kind.name for kind in FAULTS if kind.own == YES)
    kernel.close()


@pytest.mark.parametrize("seed", range(60))
def test_equal_seeds_give_equal_bytes_and_so_does_the_schedule(seed: int) -> None:
    """Drawn twice, and written down and run again: one trace."""
    traces = []
    fallen: list[Schedule] = []
    for again in range(3):
        kernel = Kernel(faults=Drawn(seed, legality="adversarial") if again < 2 else Schedule.parse(str(fallen[0])))
        fallen.append(Exercise(kernel).run())
        traces.append(str(kernel.trace))
    assert traces[0] == traces[1] == traces[2]
    assert fallen[0] == fallen[1] == fallen[2]


def test_calm_delivers_what_is_held() -> None:
    """After calm: bytes in flight are there, room is back, a slow connect is answered, and nothing falls any more."""
    schedule = Schedule.parse(
        "send@pair#1[1] = late(100000)\nsend@pair#2[1] = room(0)\nconnect@tcp#2[1] = slow(100000)"
    )
    kernel = Kernel(faults=schedule)
    one, other = kernel.socket.socketpair()
    listener, client = kernel.socket.create_server(("127.0.0.1", 0)), kernel.socket.socket()
    for sock in (one, other, client):
        sock.setblocking(False)
    one.send(b"late")
    with pytest.raises(BlockingIOError):
        other.send(b"no room")
    assert client.connect_ex(listener.getsockname()) == errno.EINPROGRESS
    poller = kernel.select.epoll()
    for sock in (other, client):
        poller.register(sock, IN | OUT)
    assert poller.poll(0) == []
    kernel.calm()
    assert poller.poll(0) == [(other.fileno(), IN | OUT), (client.fileno(), OUT)]
    assert other.recv(9) == b"late"
    assert len(kernel.fired) == 3
    kernel.close()


def test_scope_says_what_is_hit() -> None:
    """Files of the scope are hit at all times, others never; opening calls fail only inside it."""
    looking = Recorder()
    kernel = Kernel(faults=looking)
    with kernel.calm():
        ours = kernel.socket.socketpair()
    assert not looking.possible
    with kernel.fault_scope():
        theirs = kernel.socket.socketpair()
    assert [*looking.possible] == ["EMFILE", "ENFILE", "ENOBUFS"]
    looking.possible.clear()
    more = kernel.socket.socketpair()
    for pair in (ours, more):
        pair[0].send(b"xy")
        pair[1].recv(1)
    assert not looking.possible
    theirs[0].send(b"xy")
    theirs[1].recv(1)
    assert "arrive" in looking.possible
    kernel.close()


def test_first_scope_spares_what_was_there() -> None:
    """A file that was opened before any scope is hit until the first one is entered."""
    looking = Recorder()
    kernel = Kernel(faults=looking)
    one, other = kernel.socket.socketpair()
    one.send(b"xy")
    assert "late" in looking.possible
    looking.possible.clear()
    with kernel.fault_scope():
        other.recv(1)
    assert not looking.possible
    kernel.close()


def test_span_of_failing_calls() -> None:
    """EMFILE(3): three opening calls fail, whichever they are, the fourth does not."""
    kernel = Kernel(faults=Schedule.parse("socket[2] = EMFILE(3)"))
    sock = kernel.socket.socket()
    for opens in (kernel.socket.socket, kernel.os.pipe, sock.dup):
        with pytest.raises(OSError, match="Too many open files"):
            opens()
    sock.dup().close()
    kernel.close()


@pytest.mark.parametrize("wait", ["poll", "select"])
def test_poll_and_select_meet_what_befalls_files(wait: str) -> None:
    """They have no registrations, but connections end during them, and signals come."""
    kernel = Kernel(faults=Schedule.parse(f"{wait}[1] = signal\n{wait}[2] = half_close(pair#1)"))
    told: list[int] = []
    kernel.signal.signal(signal.SIGUSR1, lambda signum, _: told.append(signum))
    one, other = kernel.socket.socketpair()
    asking = kernel.select.poll()
    asking.register(one, IN)
    looks: dict[str, Callable[[], Any]] = {
        "poll": lambda: asking.poll(0),
        "select": lambda: kernel.select.select([one], [], [], 0)[0],
    }
    assert (looks[wait](), told) == ([], [signal.SIGUSR1])
    assert looks[wait]()
    assert one.recv(9) == b""
    other.close()
    kernel.close()


def test_unix_connect_is_answered_at_once() -> None:
    """refused and full_backlog on AF_UNIX: an errno, and the next attempt succeeds."""
    kernel = Kernel(faults=Schedule.parse("connect@unix#2[1] = refused\nconnect@unix#2[2] = full_backlog"))
    listener, client = (kernel.socket.socket(kernel.socket.AF_UNIX) for _ in range(2))
    listener.bind("\0here")
    listener.listen()
    client.setblocking(False)
    results = [client.connect_ex("\0here") for _ in range(3)]
    assert results == [errno.ECONNREFUSED, errno.EAGAIN, 0]
    kernel.close()


def test_blocking_calls_meet_luck_and_go_on() -> None:
    """A blocking recv waits for what a thief left over; a blocking send never notices a lack of room."""
    kernel = Kernel(faults=Schedule.parse("recv@pair#1[1] = stolen\nsend@pair#2[2] = room(1)"))
    one, other = kernel.socket.socketpair()
    other.send(b"gone")
    kernel.schedule(1000, lambda: other.send(b"there"))
    assert one.recv(9) == b"there"
    assert str(kernel.fired) == "recv@pair#1[1] = stolen\n"
    kernel.close()


def test_room_of_a_pipe_is_all_or_nothing() -> None:
    """A write of up to PIPE_BUF bytes is refused whole, and the schedule says so."""
    kernel = Kernel(faults=Schedule.parse("write@writer#1[1] = room(3)"))
    reader, writer = kernel.os.pipe2(kernel.os.O_NONBLOCK)
    poller = kernel.select.epoll()
    poller.register(writer, OUT | ET)
    assert poller.poll(0) == [(writer, OUT)]
    with pytest.raises(BlockingIOError):
        kernel.os.write(writer, b"hello")
    assert poller.poll(0) == []
    assert poller.poll(1) == [(writer, OUT)]
    assert kernel.os.write(writer, b"hello") == 5
    assert (kernel.os.read(reader, 9), str(kernel.fired)) == (b"hello", "write@writer#1[1] = room(0)\n")
    kernel.close()


def test_exercise_prints_its_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """The command: one line per kind of the profile, and 1 if one never fell."""
    assert main(["--profile", "lossless", "--seeds", "2"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [*profile(LOSSLESS)]


def test_first_means_the_registration_that_became_ready() -> None:
    """A file that is registered under two numbers has two, and one of them may have nothing to tell."""
    kernel = Kernel(faults=Schedule.parse("epoll_wait@epoll#1[2] = first(pair#2)"))
    one, other = kernel.socket.socketpair()
    more, yet_another = kernel.socket.socketpair()
    twin = other.dup()
    epoll = kernel.select.epoll()
    epoll.register(yet_another, IN | ET)
    epoll.register(other, IN | ET)
    epoll.register(twin, IN | ONESHOT)
    one.send(b"x")
    assert len(epoll.poll(0)) == 2
    more.send(b"x")
    one.send(b"x")
    assert epoll.poll(0) == [(other.fileno(), IN), (yet_another.fileno(), IN)]
    assert len(kernel.fired) == 1
    kernel.close()


def test_muted_calls_are_not_counted() -> None:
    """Who only looks, in a muted block, changes no site."""
    kernel = Kernel(faults=Schedule.parse("recv@pair#2[1] = arrive(2)"))
    one, other = kernel.socket.socketpair()
    one.send(b"hello")
    with kernel.muted():
        assert other.recv(1) == b"h"
    assert other.recv(9) == b"el"
    kernel.close()


@pytest.mark.parametrize("held", ["send@one#1[1] = late(100000)", "recv@other#1[1] = arrive(2)"])
@pytest.mark.parametrize("family", ["tcp", "unix"])
def test_held_bytes_fill_the_buffers(family: str, held: str) -> None:
    """The sender meets EAGAIN at the figure that holds without the fault, and has room again once all was read."""
    reads = 2 * held.startswith("recv")
    assert _filled(family, held, reads) == _filled(family, "", reads) > 100_000


def _filled(family: str, schedule: str, reads: int) -> int:
    """Fill a stream whose bytes are held back, read it empty, and say how much went in."""
    stage = Stage(Schedule.parse(schedule), "level")
    one, other = stage.pair() if family == "tcp" else stage.kernel.socket.socketpair()
    for sock, role in ((one, "one"), (other, "other")):
        sock.setblocking(False)
        stage.kernel.name(sock, role)
    sent: int = one.send(b"first")
    got = len(other.recv(reads)) if reads else 0
    with contextlib.suppress(BlockingIOError):
        while sent < 1 << 24:
            sent += one.send(b"x" * 65_536)
    room, there = stage.kernel.select.epoll(), stage.kernel.select.epoll()
    room.register(one, OUT)
    there.register(other, IN)
    assert room.poll(0) == []
    while got < sent:
        there.poll()
        got += len(other.recv(sent))
    assert room.poll(0) == [(one.fileno(), OUT)]
    assert len(stage.kernel.fired) == bool(schedule)
    return sent


def test_peeked_bytes_have_arrived() -> None:
    """Who has seen bytes by MSG_PEEK gets them: `arrive` cannot fall any more."""
    kernel = Kernel(faults=Schedule.parse("recv@pair#2[1] = arrive(2)"))
    one, other = kernel.socket.socketpair()
    one.send(b"hello")
    assert other.recv(9, kernel.socket.MSG_PEEK) == b"hello"
    assert other.recv(9) == b"hello"
    kernel.close()


@pytest.mark.parametrize("seed", range(40))
def test_asyncio_streams_survive(seed: int) -> None:
    """An honest loop under lossless faults: every line, or an error with a cause."""
    kernel = Kernel(faults=Drawn(seed, legality=LOSSLESS), trace=False)
    lines = [b"%d\n" % each * 50 for each in range(20)]

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1000):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def converse() -> bytes:
        with kernel.calm():
            server = await asyncio.start_server(echo, "127.0.0.1", 0)
        received = b""
        with kernel.fault_scope(), contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            for line in lines:
                writer.write(line)
                received += await reader.read(100)
            writer.write_eof()
            received += await reader.read()
            writer.close()
        server.close()
        return received

    with patched(kernel, profiles=["asyncio"]):
        with kernel.calm():
            loop = asyncio.new_event_loop()
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            received = runner.run(converse())
        kernel.close()
    assert b"".join(lines).startswith(received)
    assert received == b"".join(lines) or kernel.fired.ended() or any(map(kernel.fired.counts().get, ENDINGS))


ENDINGS = ("refused", "EMFILE", "ENFILE", "ENOBUFS")
STREAMS = ("tcp", "unix", "pipe")
SENT = bytes(range(256)) * 20


@pytest.mark.parametrize("trigger", MODES)
@pytest.mark.parametrize("stream", STREAMS)
@settings(max_examples=60, deadline=None)
@given(faults=fault_plans(), data=st.data())
def test_honest_reader_gets_every_byte(stream: str, trigger: str, faults: Drawn, data: st.DataObject) -> None:
    """Under every lossless schedule: a prefix in order, all of it unless a fault ended the connection."""
    kernel = Kernel(faults=faults, trace=False)
    received = b""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for piece in _pumped(kernel, stream, trigger, data):
            received += piece
    assert SENT.startswith(received)
    assert received == SENT or kernel.fired.ended()
    kernel.close()


def _pumped(kernel: Kernel, stream: str, trigger: str, data: st.DataObject) -> Any:
    """Write in pieces, read to WouldBlock whenever told; the writer waits for OUT by the same means."""
    os = kernel.os
    with kernel.calm():
        epoll = kernel.select.epoll()
        listener = kernel.socket.create_server(("127.0.0.1", 0))
    reader, writer = _ends(kernel, stream, listener)
    epoll.register(reader, IN | MODES[trigger])
    epoll.register(writer, OUT | MODES[trigger])
    rest = SENT
    piece = data.draw(st.sampled_from([7, 100, 3000, 5120]), label="piece")
    while True:
        told = epoll.poll(5)
        assert told, "nothing is told, and there is more to come"
        for fd, _ in told:
            with contextlib.suppress(BlockingIOError):
                while fd == writer and rest:
                    rest = rest[os.write(writer, rest[:piece]) :]
            if fd == writer and not rest:
                epoll.unregister(writer)
                os.close(writer)
                continue
            with contextlib.suppress(BlockingIOError):
                while fd == reader:
                    got = os.read(reader, 1000)
                    if not got:
                        return
                    yield got
            if trigger == "oneshot":
                epoll.modify(fd, (IN if fd == reader else OUT) | ONESHOT)


def _ends(kernel: Kernel, stream: str, listener: Any) -> tuple[int, int]:
    """Open both ends where faults hit them; the call itself succeeds."""
    while True:
        with kernel.fault_scope(), contextlib.suppress(OSError):
            if stream == "pipe":
                return kernel.os.pipe2(kernel.os.O_NONBLOCK)
            if stream == "unix":
                pair = kernel.socket.socketpair()
            else:
                client = kernel.socket.create_connection(listener.getsockname())
                pair = client, listener.accept()[0]
            for sock in pair:
                sock.setblocking(False)
            return pair[0].detach(), pair[1].detach()


def test_default_profile_is_the_legal_one() -> None:
    """What a profile's name draws from: `Kernel(seed, faults="legal")`, and the legal kinds are DESIGN 3.4's."""
    assert profile(LEGAL) == tuple(kind.name for kind in FAULTS if kind.legality == LEGAL)
    assert Exercise(Kernel(3, "legal")).run() == Exercise(Kernel(faults=Drawn(3))).run()
    with pytest.raises(ValueError, match="none of"):
        Kernel(faults="unlawful")
