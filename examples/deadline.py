"""A deadline is a source: the poll waits for a connection and for the end of its patience at once.

Run it: `python examples/deadline.py`.
"""

from __future__ import annotations

import time

from impl import Interest, Poll, Trigger
from impl.net import TcpListener
from impl.timer import After, Deadline, in_a_thread

LISTENER, DEADLINE = 0, 1


def run(seconds: float = 0.3, *, after: After = in_a_thread) -> tuple[str, float]:
    """Wait until somebody connects, or `seconds` have passed; answer which, and how long it took."""
    began = time.monotonic()
    deadline = Deadline(began + seconds, after=after)
    with Poll() as poll, TcpListener.bind(("127.0.0.1", 0)) as listener:
        poll.register(listener, LISTENER, Interest.READABLE, Trigger.EDGE)
        poll.register(deadline, DEADLINE, Interest.READABLE, Trigger.EDGE)
        while True:
            for event in poll.poll(None):
                if event.token == DEADLINE and deadline.is_elapsed():
                    return "nobody came", time.monotonic() - began
                if event.token == LISTENER and (accepted := listener.accept()) is not None:
                    deadline.close()
                    accepted[0].close()
                    return "somebody came", time.monotonic() - began


if __name__ == "__main__":
    print("{} in {:.2f} s".format(*run()))
