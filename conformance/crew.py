"""Jobs done here, or by a crew of processes.

With one hand the jobs are done in this process, one after another. With several, each hand is a process of its own that is given one
job at a time; what comes back is put together in the order of the jobs, so that the number of hands changes nothing but the time.
"""

from __future__ import annotations

import json
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn, Self

from conformance.attribution import Attribution, TryJob, attribute
from conformance.loading import UsageError
from conformance.shard import DrawJob, Tally, draw_shard

__all__ = ["Crew", "Job", "Outcome"]

Job = DrawJob | TryJob
Outcome = Tally | Attribution
Tick = Callable[[int], None]

_BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from conformance.crew import lend_a_hand; lend_a_hand()"
)


def perform(job: Job, tick: Tick, outcome: Outcome) -> None:
    """Do one job in this process."""
    if isinstance(job, DrawJob):
        assert isinstance(outcome, Tally)
        draw_shard(job, outcome, tick)
    else:
        assert isinstance(outcome, Attribution)
        attribute(job, outcome, tick)


def _empty(job: Job) -> Outcome:
    return Tally() if isinstance(job, DrawJob) else Attribution()


class Crew:
    """Some hands. Use as a context manager: at its end no process is left."""

    def __init__(self, hands: int) -> None:
        self._hands = hands
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
            with process:  # closes its pipes and waits
                pass

    def do(self, prepare: Sequence[Callable[[], Job]], tick: Tick) -> list[Outcome]:
        """Do the jobs; each is prepared when a hand is free, so that it can know how much time is left.

        Raises:
            UsageError: a poller cannot be constructed.
            Interrupted: Ctrl-C; it carries what was found until then.
        """
        if self._hands == 1:
            return self._do_here(prepare, tick)
        return self._hand_out(prepare, tick)

    def _do_here(self, prepare: Sequence[Callable[[], Job]], tick: Tick) -> list[Outcome]:
        outcomes: list[Outcome] = []
        try:
            for make in prepare:
                job = make()
                outcomes.append(_empty(job))
                perform(job, tick, outcomes[-1])
        except KeyboardInterrupt:
            raise Interrupted(outcomes) from None
        return outcomes

    def _hand_out(self, prepare: Sequence[Callable[[], Job]], tick: Tick) -> list[Outcome]:
        todo = iter(enumerate(prepare))
        news: queue.SimpleQueue[tuple[int, object]] = queue.SimpleQueue()
        lock = threading.Lock()

        def next_job() -> tuple[int, Job] | None:
            with lock:
                index, make = next(todo, (0, None))
                return (index, make()) if make else None

        while len(self._processes) < self._hands:
            self._processes.append(_start())
        for process in self._processes:
            threading.Thread(target=_drive, args=(process, next_job, news.put), daemon=True).start()
        outcomes: dict[int, Outcome] = {}
        try:
            while len(outcomes) < len(prepare):
                index, what = news.get()
                if isinstance(what, BaseException):
                    raise what
                if isinstance(what, int):
                    tick(what)
                else:
                    assert isinstance(what, Tally | Attribution)
                    outcomes[index] = what
        except KeyboardInterrupt:
            raise Interrupted([outcomes[index] for index in sorted(outcomes)]) from None
        return [outcomes[index] for index in sorted(outcomes)]


class Interrupted(Exception):
    """Ctrl-C came while jobs were done."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        super().__init__("interrupted")
        self.outcomes = outcomes


def _start() -> subprocess.Popen[bytes]:
    path = json.dumps([os.getcwd(), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-c", _BOOT, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is the parent's to handle; it kills us
    )


def _drive(
    process: subprocess.Popen[bytes],
    next_job: Callable[[], tuple[int, Job] | None],
    tell: Callable[[tuple[int, object]], None],
) -> None:
    """Give one process job after job, and pass on what it answers."""
    assert process.stdin is not None
    assert process.stdout is not None
    while (numbered := next_job()) is not None:
        index, job = numbered
        try:
            pickle.dump(job, process.stdin)
            process.stdin.flush()
            for what in _answers(process.stdout):
                tell((index, what))
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            tell((index, RuntimeError("a process of the crew died; see its error above")))
            return


def _answers(stream: Any) -> Iterator[object]:
    while True:
        what = pickle.load(stream)
        yield what
        if not isinstance(what, int):
            return


def lend_a_hand() -> NoReturn:
    """Be one process of a crew: a job on stdin, ticks and an outcome on stdout, until stdin ends."""
    jobs, answers = sys.stdin.buffer, sys.stdout.buffer

    def tell(what: object) -> None:
        pickle.dump(what, answers)
        answers.flush()

    while True:
        try:
            job = pickle.load(jobs)
        except EOFError:
            sys.exit(0)
        outcome = _empty(job)
        try:
            perform(job, tell, outcome)
        except UsageError as error:
            tell(error)
        else:
            tell(outcome)
