"""The other side of `child.py`: a server that forks workers, and the worker in which a poller lives.

The server imports the poller's module once and nothing of Hypothesis, so that a fresh worker costs a fork. A worker performs one
scenario after another and writes each entry of its history into a journal as it happens, then a byte to its parent at the end; a
worker that outlives its parent ends itself.
"""

from __future__ import annotations

import faulthandler
import fcntl
import gc
import json
import os
import resource
import select
import signal
import socket
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from typing import Any, NoReturn

from conformance.frames import exactly
from conformance.history import HUNG, Acted, Curtain, Entry, acted_to_json, entry_to_json
from conformance.loading import UsageError, inspect_poller, load
from conformance.luck import luck_of
from conformance.protocol import Capability
from conformance.runner import PATIENCE, Log, Unmade, run
from conformance.scenario import Scenario, parse
from conformance.worlds import World

__all__ = ["serve"]

Opener = Callable[[Scenario], AbstractContextManager[World]]

_RLIMIT = 1_024
"""The fds of a worker: few enough that a leak is noticed, and all within select's reach."""
_PROBE_PATIENCE = 2.0
"""Seconds after which a poller that was only to look hangs."""
_GARBAGE = 20_000
"""Objects between two collections. A fake kernel is thousands of objects that die together; at Python's 700 a quarter of a run is spent
looking for them among those that live."""
_SUBREAPER = 36
_LAST_RESORT = 120.0
"""Seconds after which a worker that nobody watches any more ends itself."""


def serve(fd: int) -> NoReturn:
    """Be the server: import the poller's module once, then fork a worker for each request, and bury the dead."""
    control = socket.socket(fileno=fd)
    asked = control.makefile("rb", buffering=0).readline()
    if not asked:
        os._exit(0)  # Ctrl-C came first
    spec, world = json.loads(asked)
    make, why = None, ""
    try:
        make = load(spec)
        _check_reach(world, make, spec)
    except UsageError as error:
        why = str(error)
    _adopt_orphans()
    with suppress(OSError, UsageError):  # the parent is gone, in the midst of a word perhaps
        _answer(control, lambda fds: _work(fds, make, why, spec, world))
    _bury({})
    os._exit(0)


def _answer(control: socket.socket, work: Callable[[list[int]], NoReturn]) -> None:
    """Do what the parent asks until it is gone: fork a worker (f), or wait for the end of one (w)."""
    living: dict[int, None] = {}
    while True:
        data, fds, _, _ = socket.recv_fds(control, 1, 2)
        if not data:
            return
        if data == b"w":
            pid = int.from_bytes(exactly(control, 8), "little")
            os.waitpid(pid, 0)
            del living[pid]
            _bury(living)
            control.sendall(b"w")
            continue
        pid = os.fork()
        if pid == 0:
            control.close()
            _be_worker(work, fds)
        for passed in fds:
            os.close(passed)
        living[pid] = None
        control.sendall(pid.to_bytes(8, "little"))


def _be_worker(work: Callable[[list[int]], NoReturn], fds: list[int]) -> NoReturn:
    """Never come back into the server's code, whatever happens."""
    try:
        work(fds)
    finally:
        traceback.print_exc()
        os._exit(4)


def _adopt_orphans() -> None:
    """Be the parent of whatever a poller forks and leaves behind, in a session of its own or not: prctl(2), PR_SET_CHILD_SUBREAPER."""
    import ctypes

    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def _bury(living: dict[int, None]) -> None:
    """End every child but the workers in `living`; what that orphans is our child next."""
    while orphans := [pid for pid in _children() if pid not in living]:
        for pid in orphans:
            os.kill(pid, signal.SIGKILL)
        for pid in orphans:
            os.waitpid(pid, 0)


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as listed:
            return [int(pid) for pid in listed.read().split()]
    except (
        FileNotFoundError
    ):  # a kernel without CONFIG_PROC_CHILDREN: then workers end when their parent is gone, and forks do not
        return []


def _work(fds: list[int], make: Any, why: str, spec: str, world_name: str) -> NoReturn:
    """Be a worker: say hello, then run scenarios until the parent is gone. `fds`: a socket, and the journal."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (_RLIMIT, _RLIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _hush()
    high, journal = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _RLIMIT - 8) for fd in fds)
    for fd in fds:
        os.close(fd)
    parent = socket.socket(fileno=high)
    log = _Frames(parent, journal)
    try:
        if why:
            raise UsageError(why)
        opener = _opener(world_name, make, spec, log)
        _greet(make, opener, log)
    except UsageError as error:
        log.say({"kind": "refused", "why": str(error)})
        os._exit(0)
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    for line in parent.makefile("rb"):
        faulthandler.dump_traceback_later(_LAST_RESORT, exit=True)
        try:
            scenario = parse(json.loads(line))
            with opener(scenario) as world:
                run(scenario, world, make, log.capabilities, log)
        except Unmade as error:
            log.say({"kind": "unmade", "why": str(error)})
            os._exit(0)
        except Exception as error:  # noqa: BLE001 - the child's boundary: our own bug must not pass for the poller's
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{os.path.basename(where.filename)}:{where.lineno}"
            log.say({"kind": "crash", "why": f"{type(error).__name__}: {error} ({place})"})
            os._exit(4)
        log.say({"kind": "end"})
    os._exit(0)


def _hush() -> None:
    """What a poller logs of its own misery is no part of the report."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)


def _opener(world_name: str, make: Any, spec: str, log: _Frames) -> Opener:
    """What opens the world of one scenario: the real one stays, a fake one is new each time."""
    if world_name == "real":
        from conformance.worlds.real import RealWorld

        real = RealWorld()
        return lambda _: nullcontext(real)
    from conformance.worlds import fake

    modules, profiles = _stage(make, spec)
    return lambda scenario: fake.opened(modules, profiles, luck_of(scenario), log.fell)


def _stage(make: Any, spec: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The modules that get the stand-ins, and the loop profiles."""
    modules = (spec.partition(":")[0], *getattr(make, "fake_modules", ()))
    return modules, tuple(getattr(make, "fake_profiles", ()))


def _check_reach(world_name: str, make: Any, spec: str) -> None:
    """See once, for all workers, whether the poller lives in the world that it is to be judged in.

    Raises:
        UsageError: it asks Linux where it should ask the fake kernel.
    """
    if world_name == "real":
        return
    from conformance.worlds import fake

    if not _is_true_elsewhere(partial(fake.reaches, make, *_stage(make, spec))):
        raise UsageError(
            "it never asks the fake kernel: name the modules that call select, os or socket in the factory's fake_modules, "
            "its loop in fake_profiles, or say native = True and be judged on the real world only"
        )


def _is_true_elsewhere(probe: Callable[[], bool]) -> bool:
    """Ask a process of its own; a poller that raises, hangs or dies there is judged by scenarios, like any other."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        _hush()
        try:
            answer = probe()
        except BaseException:  # noqa: BLE001 - the child's boundary: judged when scenarios run, not here
            answer = True
        os._exit(not answer)
    os.close(theirs)
    is_over, _, _ = select.select([ours], [], [], _PROBE_PATIENCE)
    if not is_over:
        os.kill(pid, signal.SIGKILL)
    os.close(ours)
    _, status = os.waitpid(pid, 0)
    return not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0


def _greet(make: Any, opener: Opener, log: _Frames) -> None:
    """Construct the poller once, to hear its claims.

    Raises:
        UsageError: the factory raises, or the poller lacks a method.
    """
    with opener(()):
        try:
            poller = make()
        except BaseException as error:  # noqa: BLE001 - the child's boundary: a factory may raise whatever it likes
            raise UsageError(f"the factory raised {type(error).__name__}: {error}") from None
        claimed, emulated, false_claims = inspect_poller(poller)
        log.capabilities = claimed
        log.say(
            {
                "kind": "hello",
                "capabilities": int(claimed),
                "emulated": int(emulated),
                "false_claims": list(false_claims),
            }
        )
        log.ahead(Curtain(step=0, ended=HUNG), PATIENCE)
        try:
            poller.close()
        except BaseException:  # noqa: BLE001 - the child's boundary: judged when a scenario ends, not here
            return


class _Frames(Log):
    """Writes each entry into the journal as it happens; two threads may."""

    def __init__(self, sock: socket.socket, journal: int) -> None:
        self._sock, self._journal = sock, journal
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self.capabilities = Capability(0)

    def note(self, frame: dict[str, Any]) -> None:
        """Leave a frame for the parent to find; a poller that forks gets no second voice."""
        if os.getpid() != self._pid:
            os._exit(0)
        data = json.dumps(frame).encode() + b"\n"
        with self._lock:
            try:
                while data:
                    data = data[os.write(self._journal, data) :]
            except OSError:
                os._exit(3)  # the poller closed what was not its own

    def say(self, frame: dict[str, Any]) -> None:
        """Leave a frame, and wake the parent."""
        self.note(frame)
        try:
            self._sock.sendall(b".")
        except OSError:
            os._exit(3)  # the parent is gone, or the poller closed what was not its own

    def ahead(self, entry: Entry, patience_s: float) -> None:
        self.note({"kind": "ahead", "entry": entry_to_json(entry), "until": time.monotonic() + patience_s})

    def wrote(self, entry: Entry) -> None:
        self.note(entry_to_json(entry))

    def fell(self, fault: str) -> None:
        """Tell of a fault at once: nobody is asked any more after a poller has hung or died of it."""
        self.note({"kind": "fell", "fault": fault})

    def acted(self, acted: Acted) -> None:
        self.note({"kind": "acted", **acted_to_json(acted)})
