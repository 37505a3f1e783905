"""The process around a poller: frames, deadline, kill, fresh child.

    parent ── Child.run(scenario) ──► worker (forked from a small server that has imported the poller and nothing of Hypothesis)
           ◄── a journal of frames: ahead, acted, wrote; and a byte when it is at the end ──

A poller may hang, abort, spin, leak or close fds that are not its own; all of it happens in a worker and becomes the end of a
history. One worker serves many scenarios; after a failure that may have hurt it comes a fresh one, at the price of a fork. Frames
are lines of JSON in a file in memory, so that they survive their writer; the parent looks at them when it hears the byte, when the
worker dies, and often enough to keep each call's deadline. A worker that outlives its parent ends itself.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Self

from conformance.actions import Action
from conformance.frames import JournalReader, exactly, make_journal
from conformance.history import DIED, HUNG, Curtain, Did, Entry, History, Poll, acted_from_json, entry_from_json
from conformance.loading import UsageError
from conformance.protocol import Capability
from conformance.scenario import Scenario, parse

__all__ = ["Child", "HarnessCrash", "Hello"]

MAKE_PATIENCE = 10.0
"""Seconds that `make()` has (DESIGN 3.1)."""
_LAST_WORDS = 2.0
"""Seconds that a worker has to end once nobody listens any more."""
_NOISE = 0.1
"""Seconds by which our own wait may overrun before the machine counts as loaded."""
_WARM_UP = parse("pipe 1 2; register 1 1 r level; send 2 1; poll 0; drain 1; deregister 1")
"""Run first in each worker and never judged, so that what a poller opens once and for ever is no leak."""
_LOOK_EVERY = 0.05
"""Seconds between looks at the journal of a worker that is at work."""
_WITHIN = ("acted", "fell")
"""Frames about a call that is in progress, whose deadline stands."""
_FOR_EVER = 32
"""So many fds a poller may open once and for ever; one that opened more in the warm-up is forgiven none."""
_UNBORN = Did(step=0, action=Action("poll", (0.0, None)), ended=DIED)
"""What is left of a scenario whose process died before a poller was constructed."""
_UNMADE = 3
"""After a factory has raised so often when it was called again, each time in a fresh process, it counts as one that cannot make pollers."""
_BOOT = "import sys, json; sys.path[:] = json.loads(sys.argv[2]); from conformance.worker import serve; serve(int(sys.argv[1]))"


class HarnessCrash(Exception):
    """Our own code failed in a worker: nothing follows about the poller. The message is the last line of the traceback."""


class _Unmade(Exception):
    """The factory made no poller, though it had made one before; the message says what it did instead."""


_DESPAIR = {"crash": HarnessCrash, "unmade": _Unmade}
"""The last frame of a worker that cannot go on, by its kind -> what its parent raises."""


class Hello:
    """What a worker says of its poller before the first scenario."""

    __slots__ = ("capabilities", "emulated", "false_claims")

    def __init__(self, frame: dict[str, Any]) -> None:
        self.capabilities = Capability(frame["capabilities"])
        self.emulated = Capability(frame["emulated"])
        self.false_claims: tuple[str, ...] = tuple(frame["false_claims"])


class Child:
    """A poller in a process of its own, on one world. Use as a context manager: at its end no process is left.

    Args:
        spec: `module:attribute` of the factory.
        world: `real` or `fake`.

    Raises:
        UsageError: from `hello()`, when the poller cannot be imported or constructed, or lacks a method; from `run()`, when it can be
            constructed once, and not anew for every scenario.
    """

    def __init__(self, spec: str, world: str) -> None:
        self._spec, self._world = spec, world
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._worker: _Worker | None = None
        self._hello: Hello | None = None
        self._warms_up = True
        """False once a warm-up was not survived, or left hardly an fd: then nothing that the poller opens for ever is forgiven."""
        self._unmade = 0

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
            entries, fell = worker.run(scenario)
        except HarnessCrash:
            self._retire()
            raise
        except _Unmade as error:  # perhaps for what an earlier scenario has left behind: a fresh process tells
            self._retire()
            self._unmade += 1
            if self._unmade >= _UNMADE:
                why = "it is called anew for every scenario"
                raise UsageError(f"the factory raised {error} when it was called again; {why}") from None
            return self.run(scenario)
        if worker.is_lost or _needs_fresh(entries):
            self._retire()
        return History(scenario=scenario, capabilities=capabilities, entries=tuple(entries), fell=tuple(fell))

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
        journal = make_journal()
        with theirs:
            socket.send_fds(control, [b"f"], [theirs.fileno(), journal])
        pid = int.from_bytes(exactly(control, 8), "little")
        self._worker = worker = _Worker(ours, pid, control, JournalReader(journal))
        self._hello = worker.hello()
        if self._warms_up:
            try:
                entries, _ = worker.run(_WARM_UP)
                is_of_use = not worker.is_lost and not _hoards(entries)
            except (HarnessCrash, _Unmade):  # a scenario will meet it again, and tell
                is_of_use = False
            if not is_of_use:
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


def _hoards(entries: list[Entry]) -> bool:
    last = entries[-1]
    return isinstance(last, Curtain) and last.leaked > _FOR_EVER


def _needs_fresh(entries: list[Entry]) -> bool:
    last = entries[-1]
    return not isinstance(last, Curtain) or bool(last.leaked or last.shut or last.raised)


class _Worker:
    """The parent's end of one worker."""

    def __init__(self, sock: socket.socket, pid: int, control: socket.socket, journal: JournalReader) -> None:
        self._sock, self._pid, self._control, self._journal = sock, pid, control, journal
        self.is_lost = False

    def hello(self) -> Hello:
        for frame in self._frames():
            if frame["kind"] == "hello":
                return Hello(frame)
            raise UsageError(frame["why"])
        raise UsageError(f"the factory did not come back within {MAKE_PATIENCE:g} s, or its process died")

    def run(self, scenario: Scenario) -> tuple[list[Entry], list[str]]:
        """Collect the entries, and the faults that fell; the call in progress when the worker hangs or dies is the last entry."""
        if not self._ask(scenario):
            self.is_lost = True
            return [_UNBORN], []
        entries: list[Entry] = []
        fell: list[str] = []
        ahead: Entry | None = None
        for frame in self._frames():
            if frame["kind"] == "ahead":
                ahead = entry_from_json(frame["entry"])
            elif frame["kind"] == "acted" and isinstance(ahead, Poll):
                ahead = replace(ahead, acted=acted_from_json(frame))
            elif frame["kind"] == "fell":
                fell.append(frame["fault"])
            elif frame["kind"] == "end":
                self._journal.clear()
                return entries, fell
            elif frame["kind"] in _DESPAIR:
                self.is_lost = True
                raise _DESPAIR[frame["kind"]](frame["why"])
            elif frame["kind"] != "acted":
                entries.append(entry_from_json(frame))
                ahead = None
        self.is_lost = True
        if ahead is not None:
            entries.append(self._ended(ahead))
        return entries, fell

    def _ask(self, scenario: Scenario) -> bool:
        """Send a scenario; False if the worker has died since the last one: a thread that a poller left behind did it, say."""
        try:
            self._sock.sendall(json.dumps([str(action) for action in scenario]).encode() + b"\n")
        except OSError:
            return False
        return True

    def _ended(self, ahead: Entry) -> Entry:
        """The call that was in progress, and how it ended."""
        is_alive = self._is_alive()
        if is_alive and isinstance(ahead, Did) and ahead.step == 0:
            raise UsageError(f"the factory did not come back within {MAKE_PATIENCE:g} s when it was called again")
        return replace(ahead, ended=HUNG if is_alive else DIED)

    def _is_alive(self) -> bool:
        """Whether the worker hangs, rather than having died or lost its end of the socket."""
        self._sock.setblocking(False)
        try:
            return self._sock.recv(1) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def _frames(self) -> Iterator[dict[str, Any]]:
        """Yield frames as they come, to the last of a worker that died or that let the deadline of a call pass."""
        deadline = time.monotonic() + MAKE_PATIENCE
        is_gone = is_late = False
        while True:
            for line in self._journal.lines():
                frame = json.loads(line)
                if frame["kind"] not in _WITHIN:
                    deadline = frame["until"] if frame["kind"] == "ahead" else time.monotonic() + MAKE_PATIENCE
                is_late = False
                yield frame
            if is_gone or is_late:
                return
            asked = time.monotonic()
            is_late = asked >= deadline
            is_gone = not is_late and not self._waits(max(min(_LOOK_EVERY, deadline - asked), 0.001))
            overrun = time.monotonic() - asked - _LOOK_EVERY
            if overrun > _NOISE:  # this process was itself kept waiting: the machine is loaded, so give that time back
                deadline += overrun

    def _waits(self, seconds: float) -> bool:
        """Wait until the worker has something to say, at most so long; False when it is gone."""
        self._sock.settimeout(seconds)
        try:
            return bool(self._sock.recv(16))
        except TimeoutError:
            return True
        except OSError:
            return False

    def end(self) -> None:
        """Have it end, by force if it is lost or too slow, and have the server bury it."""
        if self.is_lost:
            os.kill(self._pid, signal.SIGKILL)
        self._sock.close()
        self._journal.close()
        self._control.sendall(b"w" + self._pid.to_bytes(8, "little"))
        self._control.settimeout(_LAST_WORDS)
        try:
            exactly(self._control, 1)
        except TimeoutError:
            os.kill(self._pid, signal.SIGKILL)
            self._control.settimeout(None)
            exactly(self._control, 1)
        self._control.settimeout(None)
