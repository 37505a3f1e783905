"""The process around a poller: frames, deadline, kill, fresh child.

    parent ── Child.run(scenario) ──► worker (forked from a small server that has imported the poller and nothing of Hypothesis)
           ◄── frames: ahead, acted, wrote ──

A poller may hang, abort, spin, leak or close fds that are not its own; all of it happens in a worker and becomes the end of a
history. One worker serves many scenarios; after a failure that may have hurt it comes a fresh one, at the price of a fork. Frames
are lines of JSON. A worker that outlives its parent ends itself.
"""

from __future__ import annotations

import faulthandler
import fcntl
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Generator
from dataclasses import replace
from typing import Any, NoReturn, Self

from conformance.history import DIED, HUNG, Acted, Curtain, Entry, History, Poll, entry_from_json, entry_to_json
from conformance.loading import UsageError, inspect_poller, load
from conformance.protocol import Capability
from conformance.runner import PATIENCE, Log, run
from conformance.scenario import Scenario, parse
from conformance.worlds import World

__all__ = ["Child", "HarnessCrash", "Hello"]

MAKE_PATIENCE = 10.0
"""Seconds that `make()` has (DESIGN 3.1)."""
_RLIMIT = 1_024
"""The fds of a worker: few enough that a leak is noticed, and all within select's reach."""
_LAST_RESORT = 120.0
"""Seconds after which a worker that nobody watches any more ends itself."""
_WARM_UP = parse("pipe 1 2; register 1 1 r level; send 2 1; poll 0; drain 1; deregister 1")
"""Run first in each worker and never judged, so that what a poller opens once and for ever is no leak."""
_BOOT = "import sys, json; sys.path[:] = json.loads(sys.argv[2]); from conformance.child import serve; serve(int(sys.argv[1]))"


class HarnessCrash(Exception):
    """Our own code failed in a worker: nothing follows about the poller. The message is the last line of the traceback."""


class Hello:
    """What a worker says of its poller before the first scenario."""

    __slots__ = ("capabilities", "emulated", "false_claims")

    def __init__(self, frame: dict[str, Any]) -> None:
        self.capabilities = Capability(frame["capabilities"])
        self.emulated = Capability(frame["emulated"])
        self.false_claims: tuple[str, ...] = tuple(frame["false_claims"])


# ── the parent's side ───────────────────────────────────────────────────────────────────────────────────────────


class Child:
    """A poller in a process of its own, on one world. Use as a context manager: at its end no process is left.

    Args:
        spec: `module:attribute` of the factory.
        world: `real` or `fake`.

    Raises:
        UsageError: from `hello()`, when the poller cannot be imported or constructed, or lacks a method.
    """

    def __init__(self, spec: str, world: str) -> None:
        self._spec, self._world = spec, world
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._worker: _Worker | None = None
        self._hello: Hello | None = None
        self._warms_up = True
        """False once a warm-up was not survived: then nothing that the poller opens for ever is forgiven."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hello(self) -> Hello:
        """Construct the poller once and answer what it claims."""
        if self._hello is None:
            self._fresh()
        assert self._hello is not None
        return self._hello

    def run(self, scenario: Scenario) -> History:
        """Run one scenario; a hang or an abort is the end of its history."""
        capabilities = self.hello().capabilities
        worker = self._worker or self._fresh()
        try:
            entries = worker.run(scenario)
        except HarnessCrash:
            self._retire()
            raise
        if worker.is_lost or _needs_fresh(entries):
            self._retire()
        return History(scenario=scenario, capabilities=capabilities, entries=tuple(entries))

    def close(self) -> None:
        """End the worker and the server."""
        self._retire()
        if self._control:
            self._control.close()
        if self._server:
            self._server.wait()
        self._control = self._server = None

    def _fresh(self) -> _Worker:
        control = self._control or self._start()
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(control, [b"f"], [theirs.fileno()])
        pid = int.from_bytes(_exactly(control, 8), "little")
        self._worker = worker = _Worker(ours, pid, control)
        self._hello = worker.hello()
        if self._warms_up:
            worker.run(_WARM_UP)
            if worker.is_lost:
                self._warms_up = False
                self._retire()
                return self._fresh()
        return worker

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        config = json.dumps([os.getcwd(), *sys.path])
        self._server = subprocess.Popen(
            [sys.executable, "-c", _BOOT, str(theirs.fileno()), config],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the parent's to handle; the server follows it
        )
        theirs.close()
        ours.sendall(json.dumps([self._spec, self._world]).encode() + b"\n")
        self._control = ours
        return ours

    def _retire(self) -> None:
        if self._worker:
            self._worker.end()
        self._worker = None


def _needs_fresh(entries: list[Entry]) -> bool:
    last = entries[-1]
    return not isinstance(last, Curtain) or bool(last.leaked or last.shut or last.raised)


def _exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise UsageError("the poller's process could not start: its server died; see its error above")
        data += more
    return data


class _Worker:
    """The parent's end of one worker."""

    def __init__(self, sock: socket.socket, pid: int, control: socket.socket) -> None:
        self._sock, self._pid, self._control = sock, pid, control
        self._buffer = b""
        self.is_lost = False

    def hello(self) -> Hello:
        for frame in self._frames(MAKE_PATIENCE):
            if frame is None:
                raise UsageError(f"the factory did not come back within {MAKE_PATIENCE:g} s, or its process died")
            if frame["kind"] == "hello":
                return Hello(frame)
            raise UsageError(frame["why"])
        raise AssertionError("frames end with None")

    def run(self, scenario: Scenario) -> list[Entry]:
        """Collect the entries; the call in progress when the worker hangs or dies is the last."""
        self._sock.sendall(json.dumps([str(action) for action in scenario]).encode() + b"\n")
        entries: list[Entry] = []
        ahead: Entry | None = None
        patience = MAKE_PATIENCE
        frames = self._frames(patience)
        frame = next(frames)
        while frame is not None:
            if frame["kind"] == "ahead":
                ahead, patience = entry_from_json(frame["entry"]), frame["patience"]
            elif frame["kind"] == "acted" and isinstance(ahead, Poll):
                masks = {int(label): mask for label, mask in frame["masks"].items()}
                ahead = replace(ahead, acted=Acted(act=frame["act"], label=frame["label"], masks=masks))
            elif frame["kind"] == "end":
                return entries
            elif frame["kind"] == "crash":
                self.is_lost = True
                raise HarnessCrash(frame["why"])
            elif frame["kind"] != "acted":
                entries.append(entry_from_json(frame))
                ahead, patience = None, MAKE_PATIENCE
            frame = frames.send(patience)
        self.is_lost = True
        if ahead is not None:
            entries.append(replace(ahead, ended=HUNG if self._is_alive() else DIED))
        return entries

    def _is_alive(self) -> bool:
        """Whether the worker hangs, rather than having died or lost its end of the socket."""
        self._sock.setblocking(False)
        try:
            return self._sock.recv(1) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def _frames(self, patience: float) -> Generator[Any, float]:
        """Yield frames as they come; None, and the end, when nothing came for `patience` seconds or the worker died.

        Each `send(seconds)` sets the patience for the next frame.
        """
        while True:
            line, newline, rest = self._buffer.partition(b"\n")
            if newline:
                self._buffer = rest
                wish = yield json.loads(line)
                patience = wish or patience
                continue
            if not self._more(patience):
                yield None
                return

    def _more(self, patience: float) -> bool:
        for _ in range(2):
            asked = time.monotonic()
            self._sock.settimeout(patience)
            try:
                data = self._sock.recv(1 << 16)
            except TimeoutError:
                if time.monotonic() - asked - patience < _NOISE:
                    return False
                continue  # this process was itself kept waiting: the machine is loaded, so wait once more
            except OSError:
                return False
            self._buffer += data
            return bool(data)
        return False

    def end(self) -> None:
        """Kill it and have the server bury it."""
        os.kill(self._pid, signal.SIGKILL)
        self._sock.close()
        self._control.sendall(b"w" + self._pid.to_bytes(8, "little"))
        _exactly(self._control, 1)


_NOISE = 0.1
"""Seconds by which our own wait may overrun before the machine counts as loaded."""


# ── the other side ──────────────────────────────────────────────────────────────────────────────────────────────


def serve(fd: int) -> NoReturn:
    """Be the server: import the poller's module once, then fork a worker for each request, and bury the dead."""
    control = socket.socket(fileno=fd)
    spec, world = json.loads(control.makefile("rb", buffering=0).readline())
    make, why = None, ""
    try:
        make = load(spec)
    except UsageError as error:
        why = str(error)
    living: dict[int, None] = {}
    while True:
        try:
            data, fds, _, _ = socket.recv_fds(control, 1, 1)
        except ConnectionResetError:  # the parent is gone, with our last answer unread
            data = b""
        if not data:
            for pid in living:
                os.kill(pid, signal.SIGKILL)
            os._exit(0)
        if data == b"w":
            pid = int.from_bytes(_exactly(control, 8), "little")
            os.waitpid(pid, 0)
            del living[pid]
            control.sendall(b"w")
            continue
        pid = os.fork()
        if pid == 0:
            control.close()
            _work(socket.socket(fileno=fds[0]), make, why, world)
        os.close(fds[0])
        living[pid] = None
        control.sendall(pid.to_bytes(8, "little"))


def _work(sock: socket.socket, make: Any, why: str, world_name: str) -> NoReturn:
    """Be a worker: say hello, then run scenarios until the parent is gone."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (_RLIMIT, _RLIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what a poller logs of its own misery is no part of the report
    high = socket.socket(fileno=fcntl.fcntl(sock.fileno(), fcntl.F_DUPFD_CLOEXEC, _RLIMIT - 8))
    sock.close()
    log = _Frames(high)
    if make is None:
        log.send({"kind": "refused", "why": why})
        os._exit(0)
    world = _world(world_name)
    _greet(make, log)
    lines = high.makefile("rb")
    capabilities = log.capabilities
    for line in lines:
        faulthandler.dump_traceback_later(_LAST_RESORT, exit=True)
        try:
            run(parse(json.loads(line)), world, make, capabilities, log)
        except Exception as error:  # noqa: BLE001 - the child's boundary: our own bug must not pass for the poller's
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{os.path.basename(where.filename)}:{where.lineno}"
            log.send({"kind": "crash", "why": f"{type(error).__name__}: {error} ({place})"})
            os._exit(4)
        log.send({"kind": "end"})
    os._exit(0)


def _world(name: str) -> World:
    if name == "real":
        from conformance.worlds.real import RealWorld

        return RealWorld()
    raise UsageError(f"there is no world {name!r}")


def _greet(make: Any, log: _Frames) -> None:
    """Construct the poller once: to hear its claims, and so that what it opens once and for ever is no leak."""
    try:
        poller = make()
    except Exception as error:  # noqa: BLE001 - the child's boundary: a factory may raise whatever it likes
        log.send({"kind": "refused", "why": f"the factory raised {type(error).__name__}: {error}"})
        os._exit(0)
    try:
        claimed, emulated, false_claims = inspect_poller(poller)
    except UsageError as error:
        log.send({"kind": "refused", "why": str(error)})
        os._exit(0)
    log.capabilities = claimed
    log.send(
        {"kind": "hello", "capabilities": int(claimed), "emulated": int(emulated), "false_claims": list(false_claims)}
    )
    log.ahead(Curtain(step=0, ended=HUNG), PATIENCE)
    try:
        poller.close()
    except Exception:  # noqa: BLE001 - the child's boundary: judged when a scenario ends, not here
        return


class _Frames(Log):
    """Sends each entry to the parent as it happens; two threads may."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._lock = threading.Lock()
        self.capabilities = Capability(0)

    def send(self, frame: dict[str, Any]) -> None:
        data = json.dumps(frame).encode() + b"\n"
        with self._lock:
            try:
                self._sock.sendall(data)
            except OSError:
                os._exit(3)  # the parent is gone, or the poller closed what was not its own

    def ahead(self, entry: Entry, patience_s: float) -> None:
        self.send({"kind": "ahead", "entry": entry_to_json(entry), "patience": patience_s})

    def wrote(self, entry: Entry) -> None:
        self.send(entry_to_json(entry))

    def acted(self, acted: Acted) -> None:
        self.send({"kind": "acted", "act": acted.act, "label": acted.label, "masks": acted.masks})
