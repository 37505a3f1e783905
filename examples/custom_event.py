"""An event of one's own: a thread says that something is ready, the poll tells.

Run it: `python examples/custom_event.py`.
"""

from __future__ import annotations

import time

from impl import Interest, Poll, Readiness, Trigger
from impl.timer import After, in_a_thread


def run(seconds: float = 0.5, *, after: After = in_a_thread) -> float:
    """Wait for a readiness that is set in `seconds`, by a thread or another `after`; answer how long it took."""
    with Poll() as poll:
        source, setter = poll.user_readiness()
        began = time.monotonic()
        after(seconds, lambda: setter.set(Readiness.READABLE))
        poll.register(source, 0, Interest.READABLE | Interest.WRITABLE, Trigger.EDGE)
        while True:
            for event in poll.poll(None):
                if event.token == 0 and event.readiness & Readiness.READABLE:
                    return time.monotonic() - began


if __name__ == "__main__":
    print(f"told after {run():.2f} s")
