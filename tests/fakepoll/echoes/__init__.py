"""Programs that know nothing of the fake kernel: a hundred clients and an echo server, in each loop."""

from __future__ import annotations

from contextlib import AbstractContextManager

import fakepoll

CLIENTS = 100
ROUNDS = 3
TWO_HOURS = 7200.0
LOOPS = ("asyncio", "trio", "tornado", "reference")


def patched(kernel: fakepoll.Kernel, loop: str) -> AbstractContextManager[fakepoll.Kernel]:
    """Put a program's loop onto a kernel; what has no profile is a few modules to name."""
    if loop == "reference":
        return fakepoll.patched(kernel, modules=("impl.poll", "impl.waker", f"{__name__}.with_reference"))
    return fakepoll.patched(kernel, profiles=[loop])
