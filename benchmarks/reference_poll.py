"""What the reference's `poll` costs, beside the selectors' and beside bare epoll.

Prints ratios, each the median over rounds in which the subjects take turns, so that a slow moment of the machine
hits all of them. The targets are those of DESIGN 7. Run it as `python benchmarks/reference_poll.py [--json FILE]`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import select
import selectors
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import impl

REGISTERED = 5_000
FEW = 100
READY = (1, 250, 5_000)
ROUNDS = 60
ROUND_NS = 2_000_000
"""How long each subject runs in a round, roughly."""


class Number:
    """A source that is just a number."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def fileno(self) -> int:
        """Answer the number."""
        return self._fd


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """One line of the table."""

    what: str
    against: str
    ratio: float
    target: float
    own_us: float
    other_us: float


def measure(subjects: list[Callable[[], object]]) -> list[list[float]]:
    """Time the subjects in turn; answer for each its nanoseconds per call, round by round."""
    calls = []
    for subject in subjects:
        start = time.perf_counter_ns()
        for _ in range(20):
            subject()
        calls.append(max(1, ROUND_NS * 20 // (time.perf_counter_ns() - start)))
    times: list[list[float]] = [[] for _ in subjects]
    for _ in range(ROUNDS):
        for subject, count, taken in zip(subjects, calls, times, strict=True):
            repeat = range(count)
            start = time.perf_counter_ns()
            for _ in repeat:
                subject()
            taken.append((time.perf_counter_ns() - start) / count)
    return times


def ratio(what: str, against: str, target: float, own: list[float], other: list[float]) -> Ratio:
    """Sum up two columns of times."""
    return Ratio(
        what=what,
        against=against,
        ratio=round(statistics.median(a / b for a, b in zip(own, other, strict=True)), 3),
        target=target,
        own_us=round(statistics.median(own) / 1000, 2),
        other_us=round(statistics.median(other) / 1000, 2),
    )


def reference(fds: list[int]) -> impl.Poll:
    """Register every fd with a reference poll."""
    poll = impl.Poll()
    for fd in fds:
        poll.register(Number(fd), fd, impl.Interest.READABLE, impl.Trigger.LEVEL)
    return poll


def compare(fds: list[int]) -> list[Ratio]:
    """Make more and more of the fds ready and measure at each step."""
    selector = selectors.EpollSelector()
    raw = select.epoll()
    for fd in fds:
        selector.register(fd, selectors.EVENT_READ, fd)
        raw.register(fd, select.EPOLLIN)
    rows = []
    with reference(fds) as poll, reference(fds[:FEW]) as small, raw:
        done = 0
        for ready in READY:
            for fd in fds[done:ready]:
                os.eventfd_write(fd, 1)
            done = ready
            assert len(poll.poll(0)) == len(selector.select(0)) == len(raw.poll(0, REGISTERED)) == ready
            subjects: list[Callable[[], object]] = [
                lambda: poll.poll(0),
                lambda: selector.select(0),
                lambda: raw.poll(0, REGISTERED),
                lambda: small.poll(0),
            ]
            own, theirs, bare, few = measure(subjects)
            what = f"poll(), {ready:,} ready of {REGISTERED:,}"
            rows.append(ratio(what, "selectors.EpollSelector.select", 1.0, own, theirs))
            rows.append(ratio(what, "select.epoll.poll", 2.2, own, bare))
            if ready == 1:
                rows.append(ratio(what, f"the same, 1 ready of {FEW}", 1.2, own, few))
    selector.close()
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    arguments = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * REGISTERED), hard))
    fds = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(REGISTERED)]
    rows = compare(fds)
    print(f"CPython {platform.python_version()}, Linux {platform.release()}, {os.cpu_count()} CPUs")
    for row in rows:
        met = "met" if row.ratio <= row.target else "MISSED"
        print(
            f"{row.what:<32} / {row.against:<31} {row.ratio:5.2f}  (target {row.target}: {met};"
            f" {row.own_us} us / {row.other_us} us)"
        )
    if arguments.json:
        figures = {"python": platform.python_version(), "ratios": [asdict(row) for row in rows]}
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
