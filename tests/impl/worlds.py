"""Two worlds for the programs of `impl`: this machine, and a fake kernel that they are patched onto."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import fakepoll

PARTS = (
    *("impl.poll", "impl.waker", "impl.user_readiness", "impl.net", "impl.timer"),
    *("impl.servers.acceptor", "impl.servers.exchange", "impl.servers.service", "impl.servers.stop"),
    *("impl.servers.http", "impl.servers.epoll_http", "impl.servers.keep_alive", "impl.servers.graceful"),
    *("impl.servers.spinning", "impl.servers.line_echo"),
)
"""Every module of `impl` through which a program reaches the kernel."""

MS = 1_000_000
NS = 1_000 * MS


@contextlib.contextmanager
def faked(kernel: fakepoll.Kernel, *programs: str) -> Iterator[fakepoll.Kernel]:
    """Put `impl`, and the named programs, on a kernel. What they leave open there is an error (a ResourceWarning)."""
    with fakepoll.patched(kernel, modules=(*PARTS, *programs)):
        yield kernel


def later(kernel: fakepoll.Kernel) -> Callable[[float, Callable[[], None]], Callable[[], None]]:
    """Make an `impl.timer.After` of a kernel: what a thread would do is scheduled."""

    def after(seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        wanted = [True]
        kernel.schedule(int(seconds * NS), lambda: action() if wanted else None)
        return wanted.clear

    return after
