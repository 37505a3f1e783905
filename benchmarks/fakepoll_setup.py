"""Make a kernel, patch a module or a loop, close: against 0.3 ms, spent in a busy loop of the same process."""

from __future__ import annotations

import sys
import time
from functools import partial

import fakepoll
from benchmarks.ratio import measure, report

ALLOWED_NS = 300_000
TIMES = 20


def set_up(modules: tuple[str, ...] = (), profiles: tuple[str, ...] = ()) -> None:
    """Twenty times: a kernel, the patch, a pair of sockets, the end."""
    for _ in range(TIMES):
        kernel = fakepoll.Kernel()
        with fakepoll.patched(kernel, modules=modules, profiles=profiles):
            for sock in kernel.socket.socketpair():
                sock.close()
        kernel.close()


def allowed() -> None:
    """Spend what twenty times may cost."""
    end = time.perf_counter_ns() + TIMES * ALLOWED_NS
    while time.perf_counter_ns() < end:
        pass


if __name__ == "__main__":
    works = {
        "a module": partial(set_up, ("tests.fakepoll.subject",)),
        "asyncio": partial(set_up, (), ("asyncio",)),
        "trio": partial(set_up, (), ("trio",)),
    }
    sys.exit(
        report(
            measure(f"set up, patch {what}, close : 0.3 ms", 1.0, work, allowed, units=TIMES, rounds=15)
            for what, work in works.items()
        )
    )
