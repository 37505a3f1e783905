"""Signals as Python sees them: a handler runs, the wake-up fd gets a byte, the call goes on."""

from __future__ import annotations

import os
import signal

import pytest

import fakepoll
from fakepoll.abi import NS_PER_S


def test_handler_runs_inside_the_wait_and_the_wait_goes_on() -> None:
    """PEP 475: no EINTR; the time that is left is waited for."""
    kernel = fakepoll.Kernel(tick_ns=0)
    seen: list[int] = []
    assert kernel.signal.signal(signal.SIGUSR1, lambda number, _frame: seen.append(number)) is signal.SIG_DFL
    kernel.schedule(NS_PER_S, lambda: kernel.signal.raise_signal(signal.SIGUSR1))
    begun_ns = kernel.clock.now_ns
    assert kernel.select.epoll().poll(3) == []
    assert seen == [signal.SIGUSR1]
    assert kernel.clock.now_ns - begun_ns == 3 * NS_PER_S
    assert "--- SIGUSR1 {si_signo=10} ---" in str(kernel.trace)


def test_wakeup_fd_gets_a_byte() -> None:
    """It must be non-blocking; full or broken it loses the byte."""
    kernel = fakepoll.Kernel()
    left, right = kernel.socket.socketpair()
    with pytest.raises(ValueError, match="non-blocking"):
        kernel.signal.set_wakeup_fd(left.fileno())
    left.setblocking(False)
    assert kernel.signal.set_wakeup_fd(left.fileno()) == -1
    kernel.signal.signal(signal.SIGTERM, lambda *_: None)
    kernel.os.kill(kernel.os.getpid(), signal.SIGTERM)
    assert right.recv(9) == bytes([signal.SIGTERM])
    right.close()
    kernel.os.kill(kernel.os.getpid(), signal.SIGTERM)
    assert kernel.signal.set_wakeup_fd(-1) == left.fileno()
    kernel.signal.raise_signal(signal.SIGTERM)


def test_exception_of_a_handler_comes_out_of_the_call() -> None:
    """SIGINT is KeyboardInterrupt unless it was changed."""
    kernel = fakepoll.Kernel()
    kernel.schedule(1, lambda: kernel.signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        kernel.time.sleep(1)


def test_defaults() -> None:
    """What is ignored is ignored; what would end the process is not modelled."""
    kernel = fakepoll.Kernel()
    kernel.signal.raise_signal(signal.SIGPIPE)
    kernel.signal.raise_signal(signal.SIGCHLD)
    kernel.signal.siginterrupt(signal.SIGUSR1, False)
    assert kernel.signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN
    with pytest.raises(fakepoll.NotModelled, match="SIGTERM"):
        kernel.signal.raise_signal(signal.SIGTERM)
    with pytest.raises(ValueError, match="out of range"):
        kernel.signal.getsignal(99)
    with pytest.raises(TypeError):
        kernel.signal.signal(signal.SIGTERM, "handler")  # type: ignore[arg-type]
    with pytest.raises(ProcessLookupError):
        kernel.os.kill(os.getpid() + 10_000_000, 0)
    kernel.os.kill(kernel.os.getpid(), 0)
