"""The trace is strace's form, the snapshot a table for people; both are the same in equal runs, byte for byte."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import fakepoll
from fakepoll.abi import mask_text
from fakepoll.strace import FORMATS, data_text
from fakepoll.syscalls import SYSCALLS

GOLDEN = """\
1000.000001000 pipe2([3, 4], O_CLOEXEC) = 0
1000.000002000 write(4, "a\\"b\\n", 4) = 4
1000.000003000 read(3, "a\\"b\\n", 99) = 4
1000.000004000 epoll_create1(EPOLL_CLOEXEC) = 5
1000.000005000 epoll_ctl(5, EPOLL_CTL_ADD, 3, {events=EPOLLIN|EPOLLET, data={u32=3, u64=3}}) = 0
1000.000006000 epoll_wait(5, [], 1023, 0) = 0
1000.000007000 close(4) = 0
1000.000008000 epoll_wait(5, [{events=EPOLLHUP, data={u32=3, u64=3}}], 1023, -1) = 1
1000.000009000 epoll_ctl(5, EPOLL_CTL_DEL, 3, NULL) = 0
1000.000010000 poll([{fd=3, events=POLLIN|POLLPRI|POLLOUT}], 1, 0) = 1 ([{fd=3, revents=POLLHUP}])
1000.000011000 select(4, [3], [3], [], 0.000000) = 1 (in [3])
1000.000012000 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0) = 4
1000.000013000 setsockopt(4, SOL_SOCKET, SO_REUSEADDR, [1]) = 0
1000.000014000 bind(4, {sa_family=AF_INET, sin_port=htons(7), sin_addr=inet_addr("127.0.0.1")}) = 0
1000.000015000 listen(4, 5) = 0
1000.000016000 ioctl(4, FIONBIO, [1]) = 0
1000.000017000 accept4(4, 0x7ffd0000, SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable)
1000.000018000 close(99) = -1 EBADF (Bad file descriptor)
1000.000019000 getsockopt(4, SOL_SOCKET, SO_ERROR, [0]) = 0
1000.000020000 eventfd2(7, EFD_CLOEXEC|EFD_SEMAPHORE) = 6
1000.000021000 fcntl(6, F_GETFL) = 0x2
1000.000022000 fcntl(6, F_DUPFD_CLOEXEC, 0) = 7
1000.000023000 nanosleep({tv_sec=1, tv_nsec=500000000}) = 0
"""

SNAPSHOT = """\
time 1000.000007000 s, 1 scheduled
fd  file  refs  shows      what
3   1     1     HUP        pipe read end, 0 bytes unread, no writer, blocking
4   3     1     IN|OUT     eventfd count 2, blocking
5   4     1     IN|RDNORM  epoll of 2, 1 on the ready list, blocking
epoll 5 watches
  fd 3 IN edge: file 1
  fd 4 IN oneshot: file 3, number 1 on the ready list
"""


def test_trace_is_what_strace_would_print() -> None:
    """One line per call: time, name, arguments, result; failed calls with errno and text."""
    kernel = fakepoll.Kernel()
    reader, writer = kernel.os.pipe()
    kernel.os.write(writer, b'a"b\n')
    kernel.os.read(reader, 99)
    epoll = kernel.select.epoll()
    epoll.register(reader, select.EPOLLIN | select.EPOLLET)
    epoll.poll(0)
    kernel.os.close(writer)
    epoll.poll()
    epoll.unregister(reader)
    asked = kernel.select.poll()
    asked.register(reader)
    asked.poll(0)
    kernel.select.select([reader], [reader], [], 0)
    server = kernel.socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", 7))
    server.listen(5)
    server.setblocking(False)
    for call in (server.accept, lambda: kernel.os.close(99)):
        with pytest.raises(OSError, match=r"unavailable|descriptor"):
            call()
    server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    event = kernel.os.eventfd(7, os.EFD_CLOEXEC | os.EFD_SEMAPHORE)
    kernel.os.get_blocking(event)
    kernel.os.dup(event)
    kernel.time.sleep(1.5)
    assert str(kernel.trace) == GOLDEN
    assert len(kernel.trace) == 23
    assert kernel.trace.last(1) == [GOLDEN.splitlines()[-1]]


def test_every_call_has_a_form() -> None:
    """The tables of calls and of their written forms have the same rows."""
    assert list(FORMATS) == list(SYSCALLS)


def test_every_call_can_be_written(tmp_path: Path) -> None:
    """Each is made once with success and once without, and printed."""
    kernel = fakepoll.Kernel()
    call = kernel.calls
    one, other = call.socketpair(socket.AF_UNIX, socket.SOCK_STREAM, 0)
    named = call.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
    six = call.socket(socket.AF_INET6, socket.SOCK_STREAM, 0)
    call.bind(named, str(tmp_path))
    call.bind(six, ("::1", 7, 0, 0))
    call.listen(six, 1)
    call.sendto(named, b"x" * 40, socket.MSG_DONTWAIT, str(tmp_path))
    call.recvfrom(named, 99, socket.MSG_PEEK)
    call.getsockname(named)
    call.getpeername(one)
    call.shutdown(one, socket.SHUT_WR)
    call.setsockopt(one, socket.SOL_SOCKET, socket.SO_LINGER, bytes(8))
    call.getsockopt(one, socket.SOL_SOCKET, socket.SO_LINGER)
    call.dup(one)
    call.dup2(one, 20)
    call.dup3(one, 21, os.O_CLOEXEC)
    call.fcntl(one, 4, os.O_NONBLOCK)
    call.ioctl(other, 0x541B, 0)
    call.fstat(one)
    call.stat(str(tmp_path))
    call.unlink(str(tmp_path))
    call.select((), (other,), (), None)
    call.poll((), 0)
    call.bind(call.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0), b"\0abstract")
    failures = 0
    for name in SYSCALLS:
        arguments = {
            "eventfd2": (0, 1 << 20),
            "pipe2": (1,),
            "epoll_create1": (1,),
            "socket": (socket.AF_INET, 99, 0),
            "socketpair": (socket.AF_INET, socket.SOCK_STREAM, 0),
            "stat": ("/none",),
            "unlink": ("/none",),
            "select": ((99,), (), (), 0),
            "poll": (((99, 1),) * 2000, 0),
            "nanosleep": (-1,),
            "dup2": (99, 1),
            "epoll_wait": (99, 1, 0),
            "epoll_ctl": (99, 1, 99, 1, 99),
            "write": (99, b""),
            "sendto": (99, b"", 0),
            "bind": (99, None),
            "connect": (99, ("127.0.0.1", 1)),
            "getsockopt": (99, 1, 1),
            "setsockopt": (99, 1, 1, 1),
        }.get(name, (99, 1, 1)[: SYSCALLS[name].function.__code__.co_argcount - 1])
        with pytest.raises(OSError, match=r"\w"):
            getattr(call, name)(*arguments)
        failures += 1
    lines = list(kernel.trace)
    assert sum("= -1 E" in line for line in lines) == failures == len(SYSCALLS)
    sent = f'"{"x" * 32}"..., 40, MSG_DONTWAIT, {{sa_family=AF_UNIX, sun_path="{tmp_path}"}}) = 40'
    assert any(line.endswith(sent) for line in lines)


def test_trace_can_be_off() -> None:
    """Then nothing is kept."""
    kernel = fakepoll.Kernel(trace=False)
    kernel.os.pipe()
    assert (len(kernel.trace), str(kernel.trace)) == (0, "")


def test_deadlock_is_in_the_trace() -> None:
    """A call that never returned ends in a question mark."""
    kernel = fakepoll.Kernel()
    with pytest.raises(fakepoll.Deadlock):
        kernel.select.epoll().poll()
    assert kernel.trace.last(2)[0].endswith("epoll_wait(3, [], 1023, -1) = ? <Deadlock>")


def test_snapshot_is_a_table() -> None:
    """fds with their files, registrations with their place on the ready list, and who waits."""
    kernel = fakepoll.Kernel()
    reader, writer = kernel.os.pipe()
    event_epoll: list[str] = []
    kernel.os.close(writer)
    event = kernel.os.eventfd(2)
    epoll = kernel.select.epoll()
    epoll.register(reader, select.EPOLLIN | select.EPOLLET)
    epoll.poll(0)
    epoll.register(event, select.EPOLLIN | select.EPOLLONESHOT)
    kernel.schedule(1_000_000_000, lambda: event_epoll.append(kernel.snapshot()))
    assert kernel.snapshot() == SNAPSHOT
    epoll.poll(0)
    assert epoll.poll(2) == []
    assert "fd 4 disabled (one-shot, told): file 3" in event_epoll[0]
    assert "somebody waits for\n  fd 3 for IN edge: pipe read end" in event_epoll[0]
    assert "somebody waits for" not in kernel.snapshot()


def test_masks_and_data_are_written_as_strace_writes_them() -> None:
    """Names in strace's order, unknown bits in hexadecimal, long data cut."""
    assert mask_text(select.EPOLLIN | select.EPOLLET | 1 << 20) == "EPOLLIN|EPOLLET|0x100000"
    assert mask_text(select.POLLNVAL, "POLL") == "POLLNVAL"
    assert mask_text(0) == "0"
    assert data_text(b"x" * 33) == '"' + "x" * 32 + '"...'


PROGRAM = """
import fakepoll
kernel = fakepoll.Kernel()
server = kernel.socket.create_server(("127.0.0.1", 0))
server.setblocking(False)
selector = kernel.selectors.DefaultSelector()
selector.register(server, 1)
clients = [kernel.socket.create_connection(server.getsockname()) for _ in range(20)]
names = {name: client for name, client in zip("abcdefghijklmnopqrst", clients)}
for _ in range(3):
    for key, _ in selector.select(1):
        if key.fileobj is server:
            connection, _ = server.accept()
            selector.register(connection, 1)
        else:
            key.fileobj.recv(9)
    for name in names:
        names[name].send(name.encode())
print(kernel.trace, kernel.snapshot())
"""


def test_equal_runs_give_equal_bytes_in_any_process() -> None:
    """Neither hash seeds nor addresses reach the trace."""
    root = str(Path(__file__).parents[2])
    printed = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": root},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert printed[0] == printed[1]
    assert printed[0].count(b"epoll_wait") == 3
