"""`epoll_wait` of the fake kernel with 1 ready of 100,000 registered, against 1 ready of 100."""

from __future__ import annotations

import sys
from collections.abc import Callable

import fakepoll
from benchmarks.ratio import measure, report

WAITS = 2000
MANY, FEW = 100_000, 100


def waits(registered: int) -> Callable[[], None]:
    """Register so many eventfds, make the last one ready; give the work: two thousand waits."""
    kernel = fakepoll.Kernel(trace=False, limits=fakepoll.Limits(nofile=registered + 10))
    poll = kernel.select.epoll()
    fds = [kernel.os.eventfd(0) for _ in range(registered)]
    for fd in fds:
        poll.register(fd, kernel.select.EPOLLIN)
    kernel.os.eventfd_write(fds[-1], 1)

    def wait() -> None:
        for _ in range(WAITS):
            kernel.clock.idle = 0  # waiting for nothing else, over and over, is a livelock by right
            poll.poll(0)

    return wait


if __name__ == "__main__":
    ratio = measure("epoll_wait, 1 ready of 100,000 : of 100", 1.2, waits(MANY), waits(FEW), units=WAITS, rounds=15)
    sys.exit(report([ratio]))
