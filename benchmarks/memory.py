"""How much memory a registration takes, and that nothing grows with use.

Bytes per fd are what tracemalloc counts, so the interpreter's own and no pages of the kernel's; beside the reference, the selectors.
What should not grow is warmed up with a fifth of the work, and looked at after the rest: the resident memory, in processes of its own,
so that nobody else's garbage makes room for it; after polls also the interpreter's own count of its blocks, which misses none.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import selectors
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyperf  # type: ignore[import-untyped]  # it has no types

import fakepoll
import impl
from benchmarks.reference import Number, eventfds
from benchmarks.rows import BLOCK, BYTES, Line, Row, Shape
from benchmarks.suite import POLLER, each
from conformance.actions import Action
from conformance.child import Child
from conformance.drawing import scenarios
from conformance.judging import applicable, weigh
from conformance.scenario import Scenario

__all__ = ["PARTS", "rows"]

FILES = 10_000
POLLS = 1_000_000
PARTS = 20
"""The scenarios are drawn in so many parts, for Hypothesis remembers what it has drawn until it is done."""
WARM_UP = 5
"""One in so many is warm-up."""
BLOCKS = 100
"""Blocks of the interpreter's heap that may be in use after a million polls and were not before: caches, numbers in flight."""
RESIDENT = 2_000_000
"""Bytes by which the resident memory may differ, however much was done meanwhile: some pages of a heap."""


@contextmanager
def _traced() -> Iterator[Callable[[], int]]:
    """Count what is allocated from here on; give a way to ask."""

    def count() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        yield count
    finally:
        tracemalloc.stop()


def _per_fd_of_reference() -> list[Line]:
    with eventfds(FILES) as fds, impl.Poll() as poll, selectors.EpollSelector() as selector:
        for fd in fds:
            os.eventfd_write(fd, 1)
        sources = [Number(fd) for fd in fds]
        with _traced() as count:
            start = count()
            for source in sources:
                poll.register(source, source.fileno(), impl.Interest.READABLE, impl.Trigger.LEVEL)
            registered = count()
            poll.poll(0)
            told = count()
            for source in sources:
                selector.register(source, selectors.EVENT_READ)
            beside = count()
    against = f"selectors.EpollSelector: {(beside - told) / FILES:,.0f} B"
    return [
        _line("reference-fd", "reference: a registered fd", (registered - start) / FILES, against=against),
        _line("reference-fd", "reference: one that was told", (told - start) / FILES, against=against),
    ]


def _per_fd_of_fake() -> list[Line]:
    with _traced() as count:
        kernel = fakepoll.Kernel(trace=False, limits=fakepoll.Limits(nofile=FILES + 10))
        epoll = kernel.select.epoll()
        start = count()
        fds = [kernel.os.eventfd(0) for _ in range(FILES)]
        opened = count()
        for fd in fds:
            epoll.register(fd, kernel.select.EPOLLIN)
        registered = count()
    return [
        _line("fake-fd", "fake kernel: an eventfd", (opened - start) / FILES),
        _line("fake-fd", "fake kernel: its registration", (registered - opened) / FILES),
    ]


def _polled(count: int) -> tuple[int, int]:
    """Poll so often a hundred files, a waker and a user source; answer by how many blocks and bytes this process has grown since warm.

    What is ready changes, and what is registered.
    """
    with eventfds(100) as fds, impl.Poll() as poll:
        sources = [Number(fd) for fd in fds]
        for source in sources:
            poll.register(source, source.fileno(), impl.Interest.READABLE, impl.Trigger.LEVEL)
        waker = poll.waker(1_000_000)
        user, setter = poll.user_readiness()
        poll.register(user, 1_000_001, impl.Interest.READABLE, impl.Trigger.EDGE)

        def polls(count: int) -> None:
            for number in range(count // 10):
                source = sources[number % len(sources)]
                os.eventfd_write(source.fileno(), 1)
                for _ in range(7):
                    poll.poll(0)
                os.eventfd_read(source.fileno())
                waker.wake()
                poll.poll(0)
                setter.set(impl.Readiness.READABLE)
                poll.poll(0)
                setter.set(impl.Readiness(0))
                poll.deregister(source)
                poll.register(source, number, impl.Interest.READABLE, impl.Trigger.EDGE)
                poll.poll(0)
                poll.reregister(source, source.fileno(), impl.Interest.READABLE, impl.Trigger.LEVEL)

        polls(count // WARM_UP)
        gc.collect()
        blocks, resident = sys.getallocatedblocks(), _resident(os.getpid())
        polls(count)
        gc.collect()
        return sys.getallocatedblocks() - blocks, _resident(os.getpid()) - resident


def _polls() -> list[Line]:
    blocks, resident = _apart(_polled, POLLS)
    against = f"after {POLLS // WARM_UP:,}"
    subject = f"reference: after {POLLS:,} polls more"
    return [
        _line("reference-polls", subject, blocks, shape=BLOCK, against=against, target=BLOCKS),
        _line("reference-polls", subject, resident, against=against, target=RESIDENT),
    ]


def _apart(work: Callable[[int], tuple[int, int]], count: int) -> tuple[int, int]:
    """Work in a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, count).result()


def _judged(count: int) -> tuple[int, int]:
    """Judge so many scenarios; answer by how much parent and worker have grown since the warm-up."""
    with Child(POLLER, "fake") as child:
        capabilities = child.hello().capabilities
        checked = applicable(capabilities)
        parent: list[int] = []
        workers: dict[int, list[int]] = {}  # one, unless the machine was so busy that a call seemed to hang
        seen = 0

        def judge(scenario: Scenario) -> None:
            nonlocal seen
            seen += 1
            if seen % 2:  # as in a run, every other one with bad luck
                scenario = (Action("faults", (seen,)), *scenario)
            weigh(child.run(scenario), checked)

        for part in range(PARTS):
            each(scenarios(capabilities), judge, count=count // PARTS, number=part)
            gc.collect()
            [server] = _children(os.getpid())
            [worker] = _children(server)
            parent.append(_resident(os.getpid()))
            workers.setdefault(worker, []).append(_resident(worker))
    return _grown(parent), max(map(_grown, workers.values()))


def _grown(sizes: Sequence[int]) -> int:
    """What the last size is above that after the warm-up."""
    return sizes[-1] - sizes[min(PARTS // WARM_UP, len(sizes)) - 1]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _scenarios(count: int) -> list[Line]:
    sizes = _apart(_judged, count)
    against = f"after {count // WARM_UP:,}"
    return [
        _line(
            "judge-scenarios",
            f"judge: {who} after {count:,} scenarios",
            grown,
            against=against,
            target=RESIDENT,
        )
        for who, grown in zip(("parent", "worker"), sizes, strict=True)
    ]


def _line(name: str, subject: str, size: float, *, shape: Shape = BYTES, **fields: Any) -> Line:
    metadata = {"name": f"{name}: {subject}, {shape.unit}", "unit": shape.unit}
    benchmark = pyperf.Benchmark([pyperf.Run([max(1, round(size))], metadata=metadata, collect_metadata=False)])
    return Line(name=name, subject=subject, figure=size, shape=shape, kept=(benchmark,), **({"against": ""} | fields))


def rows(scenarios_judged: int) -> tuple[Row, ...]:
    """Make the rows; the last judges so many scenarios."""
    return (
        Row(
            name="reference-fd",
            subject="bytes per fd registered with the reference",
            against="selectors.EpollSelector",
            measure=_per_fd_of_reference,
        ),
        Row(name="fake-fd", subject="bytes per fd of the fake kernel", against="", measure=_per_fd_of_fake),
        Row(
            name="reference-polls",
            subject=f"growth of the reference over {POLLS:,} polls",
            against="",
            measure=_polls,
        ),
        Row(
            name="judge-scenarios",
            subject=f"growth of the judge over {scenarios_judged:,} scenarios",
            against="",
            measure=lambda: _scenarios(scenarios_judged),
        ),
    )
