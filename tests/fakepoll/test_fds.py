"""Numbers, duplicates, flags and limits; on both kernels where the real one can be made to show it."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import termios

import pytest

import fakepoll
from tests.fakepoll.machines import Machine, outcome


def test_lowest_free_number_is_given() -> None:
    """POSIX: the lowest, also after dup2 and F_DUPFD took numbers out of order."""
    kernel = fakepoll.Kernel()
    assert kernel.os.pipe() == (3, 4)
    kernel.os.dup2(3, 6)
    assert [kernel.os.eventfd(0) for _ in range(2)] == [5, 7]
    kernel.os.close(6)
    kernel.os.close(3)
    assert [kernel.os.dup(4) for _ in range(3)] == [3, 6, 8]
    assert kernel.fcntl.fcntl(4, fcntl.F_DUPFD, 20) == 20
    assert kernel.fcntl.fcntl(4, fcntl.F_DUPFD, 20) == 21
    assert [fd for fd, _ in kernel.fds.items()] == [3, 4, 5, 6, 7, 8, 20, 21]


def test_numbers_begin_where_they_are_told_to() -> None:
    """A high first fd keeps every call that escapes the patch away from real files; select counts from there."""
    kernel = fakepoll.Kernel(first_fd=1 << 20)
    reader, writer = kernel.os.pipe()
    assert (reader, writer) == (1 << 20, (1 << 20) + 1)
    kernel.os.write(writer, b"x")
    assert kernel.select.select([reader], [], [], 0) == ([reader], [], [])
    with pytest.raises(OSError) as caught:  # noqa: PT011 - the errno is what counts
        os.fstat(reader)
    assert caught.value.errno == errno.EBADF


def test_emfile_leaves_everything_as_it_was() -> None:
    """At the limit: pipes, pairs, duplicates and accept; the connection stays queued, the listener ready."""
    kernel = fakepoll.Kernel(limits=fakepoll.Limits(nofile=6))
    listener = kernel.socket.create_server(("127.0.0.1", 0))
    client = kernel.socket.create_connection(listener.getsockname())
    assert [outcome(make) for make in (kernel.os.pipe, kernel.socket.socketpair)] == ["EMFILE"] * 2
    spare = kernel.os.dup(3)
    assert [outcome(call) for call in (lambda: kernel.os.dup(3), listener.accept)] == ["EMFILE"] * 2
    assert kernel.select.select([listener], [], [], 0)[0] == [listener]
    kernel.os.close(spare)
    assert listener.accept()[0].getpeername() == client.getsockname()


def test_duplicates_share_a_file(machine: Machine) -> None:
    """Status flags belong to the file, FD_CLOEXEC to the number; the file lives until its last number is closed."""
    reader, writer = machine.pipe()
    twin = machine.os.dup(writer.fileno())
    machine.os.set_blocking(twin, True)
    assert machine.os.get_blocking(writer.fileno())
    assert not machine.os.get_inheritable(twin)
    assert machine.os.get_inheritable(writer.fileno())
    machine.os.set_inheritable(writer.fileno(), False)
    machine.os.set_inheritable(twin, True)
    assert not machine.os.get_inheritable(writer.fileno())
    writer.close()
    assert machine.shows(reader) == "-"
    machine.os.close(twin)
    assert machine.shows(reader) == "HUP"


def test_dup2(machine: Machine) -> None:
    """Onto itself it does nothing; a closed source is EBADF; dup3 onto itself is EINVAL."""
    reader, writer = machine.pipe()
    number = writer.fileno()
    assert machine.os.dup2(number, number) == number
    assert outcome(machine.os.dup2, 999_999, number) == "EBADF"
    assert outcome(machine.os.dup2, number, number, False) == "EINVAL"
    assert outcome(machine.os.dup2, -1, number) == "EBADF"
    assert machine.os.dup2(reader.fileno(), number) == number
    assert machine.shows(reader) == "HUP"


def test_wrong_ends_and_bad_numbers(machine: Machine) -> None:
    """Reading a write end, writing a read end, reading an epoll, closing twice."""
    reader, writer = machine.pipe()
    assert outcome(writer.read, 1) == "EBADF"
    assert outcome(reader.write, b"x") == "EBADF"
    assert outcome(machine.os.read, machine.epoll().fileno(), 1) == "EINVAL"
    assert outcome(machine.os.write, machine.epoll().fileno(), b"x") == "EINVAL"
    assert outcome(machine.os.close, 999_999) == "EBADF"
    assert outcome(machine.os.read, reader.fileno(), -1) == "EINVAL"


def test_pipe_keeps_small_writes_whole(machine: Machine) -> None:
    """Up to a page goes in as one piece or not at all; more goes in as far as it fits."""
    reader, writer = machine.pipe()
    assert writer.write(bytes(100_000)) == 65_536
    assert outcome(writer.write, b"x") == "EAGAIN"
    reader.read(4095)
    assert outcome(writer.write, b"x") == "EAGAIN"
    reader.read(1)
    assert writer.write(bytes(8192)) == 4096
    assert writer.write(b"") == 0
    reader.close()
    assert writer.write(b"") == 0
    assert outcome(writer.write, b"x") == "EPIPE"


def test_eventfd_values(machine: Machine) -> None:
    """Eight bytes, no all-ones, EAGAIN at zero; a semaphore gives one at a time."""
    file = machine.eventfd(2)
    assert outcome(file.read, 4) == "EINVAL"
    assert outcome(file.add, 2**64 - 1) == "EINVAL"
    assert machine.os.eventfd_read(file.fileno()) == 2
    assert outcome(file.read, 8) == "EAGAIN"
    semaphore = machine.eventfd(2, os.EFD_SEMAPHORE)
    assert [outcome(machine.os.eventfd_read, semaphore.fileno()) for _ in range(3)] == ["1", "1", "EAGAIN"]


def test_os_functions_on_kinds() -> None:
    """fstat knows pipes and sockets apart; nothing is a terminal; closerange closes what is open."""
    kernel = fakepoll.Kernel()
    reader, _ = kernel.os.pipe()
    left, right = kernel.socket.socketpair()
    kinds = [kernel.os.fstat(fd).st_mode & 0o170000 for fd in (reader, left.fileno(), kernel.os.eventfd(0))]
    assert kinds == [0o010000, 0o140000, 0o000000]
    assert not kernel.os.isatty(reader)
    right.detach()
    left.detach()
    kernel.os.closerange(0, 100)
    assert list(kernel.fds.items()) == []


def test_kernel_close_closes_everything() -> None:
    """Closing a kernel ends all its files, as the end of a process does."""
    kernel = fakepoll.Kernel()
    kernel.os.pipe()
    kernel.socket.socketpair()
    kernel.select.epoll()
    kernel.close()
    assert list(kernel.fds.items()) == []


def test_fcntl_and_ioctl() -> None:
    """Sizes of pipes, counts of bytes, descriptor flags, and buffers that are written back."""
    kernel = fakepoll.Kernel()
    reader, writer = kernel.os.pipe()
    call, control = kernel.fcntl.fcntl, kernel.fcntl.ioctl
    assert call(writer, 1032) == 65_536
    assert call(writer, 1031, 5000) == 8192
    kernel.os.write(writer, bytes(5000))
    assert outcome(call, reader, 1031, 4096) == "EBUSY"
    assert outcome(call, reader, 1031, 1 << 30) == "EPERM"
    assert outcome(call, kernel.os.eventfd(0), 1032) == "EBADF"
    assert control(reader, termios.FIONREAD) == 5000
    buffer = bytearray(4)
    assert control(reader, termios.FIONREAD, buffer) == 0
    assert buffer == struct.pack("i", 5000)
    assert control(reader, termios.FIONREAD, b"\0\0\0\0") == struct.pack("i", 5000)
    control(reader, termios.FIOCLEX)
    assert call(reader, fcntl.F_GETFD) == fcntl.FD_CLOEXEC
    call(reader, fcntl.F_SETFD, 0)
    assert kernel.os.get_inheritable(reader)
    call(reader, fcntl.F_SETFL, os.O_NONBLOCK | os.O_RDWR)
    assert call(reader, fcntl.F_GETFL) == os.O_NONBLOCK
    assert outcome(call, reader, fcntl.F_DUPFD, -1) == "EINVAL"
    assert outcome(control, kernel.os.eventfd(0), termios.FIONREAD) == "ENOTTY"
