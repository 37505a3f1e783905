"""Threads that do the work of a loop that must not wait.

    loop   --jobs-->   worker, worker, ...   --results-->   loop
                                             --wake----->   its poll

Both ways are bounded channels. When results pile up the workers wait, then jobs pile up and `submit` refuses, then the
loop stops reading, and at last the clients wait: each hands the pressure back to whoever causes it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from impl.servers.channel import Channel

__all__ = ["Crew", "Work", "Workers"]

Work = Callable[[bytes], bytes]
Result = tuple[int, bytes | None]


class Crew(Protocol):
    """Who works: threads, or what stands for them where there are none."""

    def submit(self, token: int, data: bytes) -> bool:
        """Hand in a job without waiting; False if there is no room now."""

    def take_results(self) -> list[Result]:
        """Take what is done: whose, and what came out; None for work that failed."""

    def close(self) -> None:
        """Stop working, whatever is unfinished."""


class Workers:
    """`threads` threads that do `work`, and call `wake()` after each result.

    They begin together: the constructor returns when all of them run. Work that raises ends its thread, as it would
    end any, and its job is answered None; the others go on.
    """

    def __init__(self, work: Work, wake: Callable[[], None], *, threads: int, room: int) -> None:
        self._work = work
        self._wake = wake
        self._jobs: Channel[tuple[int, bytes]] = Channel(room)
        self._results: Channel[Result] = Channel(room)
        ready = threading.Barrier(threads + 1)
        self._threads = [threading.Thread(target=self._run, args=(ready,)) for _ in range(threads)]
        for thread in self._threads:
            thread.start()
        ready.wait()

    def submit(self, token: int, data: bytes) -> bool:
        """Hand in a job without waiting; False if there is no room now."""
        return self._jobs.try_send((token, data))

    def take_results(self) -> list[Result]:
        """Take what is done: whose, and what came out; None for work that failed."""
        return self._results.take_all()

    def close(self) -> None:
        """Stop: jobs not begun are dropped, running ones waited for, their results lost."""
        self._jobs.close()
        self._results.close()
        for thread in self._threads:
            thread.join()

    def _run(self, ready: threading.Barrier) -> None:
        ready.wait()
        while (job := self._jobs.receive()) is not None:
            token, data = job
            answer = None
            try:
                answer = self._work(data)
            finally:
                self._results.send((token, answer))
                self._wake()
