"""Slots: what each label of a scenario stands for, and whether an action applies to it.

Pure book-keeping of files, fds and registrations. The runner steps one to know what to skip, the model keeps one while it reads a
history, and the drawing steps one to draw scenarios that make sense; only the drawing uses the estimates (`unread`, `is_full`), for
what is ready is observed on the world, never predicted.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from conformance.actions import ACTIONS, Action
from conformance.protocol import Capability, Interest, Trigger

__all__ = ["BOTH", "FROM_A_THREAD", "STREAMS", "WAKER", "File", "Registration", "Slots"]

R, W, P = Interest.READABLE, Interest.WRITABLE, Interest.PRIORITY
BOTH = R | W
WAKER = 0
"""The label under which the waker is kept; scenarios number theirs from 1."""

DIRECTIONS = {
    "unix": R | W | P,
    "tcp": R | W | P,
    "udp": BOTH,
    "read end": R,
    "write end": W,
    "eventfd": BOTH,
    "listener": R,
    "fresh": BOTH,
    "connecting": BOTH,
    "regular": BOTH,
    "user": BOTH,
}
"""Kind of file -> the directions that a registration of it may ask for."""

STREAMS = ("unix", "tcp", "connecting")
_SENDING = ("unix", "tcp", "udp", "write end", "eventfd")
_READING = ("unix", "tcp", "udp", "read end", "eventfd")
FROM_A_THREAD = ("register", "reregister", "deregister", "send", "drain")
"""What the other thread of a `meanwhile` may do."""
SHORTEST_AWAIT = 0.03
"""Seconds: the other thread acts after 20 ms."""
BACKLOG = 8


@dataclass(slots=True, eq=False)
class File:
    """An open file description: what an fd points at. Dups share it."""

    kind: str
    peer: File | None = None
    labels: list[int] = field(default_factory=list)
    """The open fds of this file."""
    queue: list[File] = field(default_factory=list)
    """A listener's connections that nobody has accepted."""
    unread: int = 0
    is_full: bool = False
    is_ended: bool = False
    """Estimate: the peer has closed or shut down its writing half."""
    value: int = 0
    """What was last set on a user source."""
    has_shut_writing: bool = False
    """Its own shutdown, or that of its AF_UNIX peer, closed its writing half."""

    @property
    def is_open(self) -> bool:
        return bool(self.labels)

    @property
    def is_judged(self) -> bool:
        """A stream socket that was never connected and does not listen is not judged; nor is what epoll refuses."""
        return self.kind not in ("fresh", "regular")


@dataclass(slots=True, eq=False)
class Registration:
    """What a scenario has asked the poller to watch under one label."""

    label: int
    file: File
    token: int
    interest: Interest
    trigger: Trigger
    is_enabled: bool = True
    """Whether a one-shot has not yet fired; the drawing's is an estimate, the model's is what the poller told."""


class Slots:
    """The labels of one scenario so far, for a poller that claims `capabilities`."""

    def __init__(self, capabilities: Capability) -> None:
        self.capabilities = capabilities
        self.files: dict[int, File] = {}
        """Open label -> file."""
        self.used: dict[int, None] = {WAKER: None}
        """Labels are never used twice."""
        self.registrations: dict[int, Registration] = {}
        """Label -> registration, the waker's among them under WAKER."""
        self.ghosts: list[Registration] = []
        """Registrations whose number was closed while the file lives on in a dup (DESIGN 4, rule 9)."""

    # ── does it apply? ──────────────────────────────────────────────────────────────────────────────────────

    def why_not(self, action: Action) -> str:
        """Say why `action` does not apply now; empty if it does."""
        row = ACTIONS[action.verb]
        for index, label in self._labels(action):
            if index in row.opens:
                if label in self.used:
                    return f"label {label} is taken"
            elif label not in self.files and not (action.verb == "await" and label == WAKER):
                return f"nothing is open under {label}"
        rule = _RULES.get(action.verb)
        return rule(self, *action.args) if rule else ""

    def _labels(self, action: Action) -> Iterator[tuple[int, int]]:
        labels = iter(action.labels)
        for index, param in enumerate(action.row.params):
            if param.name in ("label", "new label"):
                yield index, next(labels)

    def kind(self, label: int) -> str:
        return self.files[label].kind

    def is_token_free(self, token: int, label: int | None = None) -> bool:
        """Whether no live registration but that of `label`, no waker and no ghost carries `token`."""
        carried = [reg for reg in self.registrations.values() if reg.label != label] + self.ghosts
        return all(reg.token != token for reg in carried)

    def _why_not_ask(self, label: int, token: int, interest: Interest, trigger: Trigger) -> str:
        file, caps = self.files[label], self.capabilities
        if interest & ~DIRECTIONS[file.kind] or not interest:
            return f"a {file.kind} has no such direction"
        needs = [(W, Capability.WRITABLE), (P, Capability.PRIORITY)]
        if any(interest & bit and not caps & claim for bit, claim in needs) or int(trigger) & ~int(caps):
            return "the poller does not claim it"
        registered = self.registrations.get(label)
        if not self.is_token_free(token, label) or (registered is None and not self.is_token_free(token)):
            return f"token {token} is taken"
        if registered is None and not caps & Capability.DUP and any(lab in self.registrations for lab in file.labels):
            return "the poller does not claim DUP"
        return ""

    def _why_not_reregister(self, label: int, token: int, interest: Interest, trigger: Trigger) -> str:
        registered = self.registrations.get(label)
        if registered and registered.token != token and not self.capabilities & Capability.TOKEN_CHANGE:
            return "the poller does not claim TOKEN_CHANGE"
        return self._why_not_ask(label, token, interest, trigger)

    def _why_not_close(self, label: int) -> str:
        if self.kind(label) == "user":
            return "a user source has no fd"
        if label in self.registrations and not self.capabilities & Capability.CLOSE_FORGETS:
            return "the poller does not claim CLOSE_FORGETS: deregister first"
        return ""

    def _why_not_connect(self, label: int, listener: int) -> str:
        if self.kind(label) != "fresh" or self.kind(listener) != "listener":
            return "only a fresh socket connects to a listener"
        return "the backlog is full" if len(self.files[listener].queue) >= BACKLOG else ""

    def _why_not_await(self, wait: float | None, act: str, label: int) -> str:
        if _is_short(wait):
            return _TOO_SHORT
        if act == "wake":
            return "" if WAKER in self.registrations else "there is no waker"
        if label == WAKER:
            return "nothing is open under 0"
        if act == "set":
            return self._must_be("user")(self, label)
        peer = self.files[label].peer
        is_sender = self.kind(label) in _SENDING and peer is not None and peer.is_open
        return "" if is_sender or self.kind(label) == "eventfd" else "it has nobody to send to"

    def _why_not_meanwhile(self, wait: float | None, acts: Iterable[Action] | None) -> str:
        """Another thread cannot ask as it goes, so all that it is to do has to apply from the start."""
        if not self.capabilities & Capability.MULTI_THREAD:
            return "the poller does not claim MULTI_THREAD"
        if _is_short(wait):
            return _TOO_SHORT
        later = copy.deepcopy(self)
        for act in acts or ():
            reason = later.why_not(act) if act.verb in FROM_A_THREAD else f"{act.verb} is for one thread"
            if reason:
                return reason
            later.apply(act)
        return "" if acts else "there is nothing to do"

    @staticmethod
    def _must_be(*kinds: str) -> Callable[..., str]:
        def rule(slots: Slots, label: int, *_: Any) -> str:
            kind = slots.kind(label)
            return "" if kind in kinds else f"not for a {kind}"

        return rule

    # ── what it changes ─────────────────────────────────────────────────────────────────────────────────────

    def apply(self, action: Action, *, succeeded: bool = True) -> None:
        """Take note that `action` was done. An attempt that did not succeed (an empty `accept`) opens nothing."""
        if not succeeded:
            return
        for index in action.row.opens:
            self.used[action.args[index]] = None
        change = _CHANGES.get(action.verb)
        if change:
            change(self, *action.args)

    def _open(self, label: int, kind: str) -> File:
        file = self.files[label] = File(kind, labels=[label])
        return file

    def _open_pair(self, kinds: tuple[str, str], first: int, second: int) -> None:
        a, b = self._open(first, kinds[0]), self._open(second, kinds[1])
        a.peer, b.peer = b, a

    def _dup(self, label: int, other: int) -> None:
        file = self.files[other] = self.files[label]
        file.labels.append(other)

    def _connect(self, label: int, listener: int) -> None:
        file = self.files[label]
        file.kind = "connecting"
        server = File("tcp", peer=file)
        file.peer = server
        self.files[listener].queue.append(server)
        self.files[listener].unread += 1

    def _refuse(self, label: int) -> None:
        self.files[label].kind = "connecting"
        self.files[label].is_ended = True

    def _accept(self, listener: int, label: int) -> None:
        queue = self.files[listener].queue
        # bad luck lets a drain leave connections behind of which nothing is known any more
        file = queue.pop(0) if queue else File("tcp")
        self.files[listener].unread = len(queue)
        self.files[label] = file
        file.labels.append(label)
        if file.peer:
            file.peer.kind = "tcp"

    def _close(self, label: int) -> None:
        file = self.files.pop(label)
        file.labels.remove(label)
        registered = self.registrations.pop(label, None)
        if registered and file.is_open:
            self.ghosts.append(registered)
        if not file.is_open:
            self.ghosts = [ghost for ghost in self.ghosts if ghost.file is not file]
            for gone in (file, *file.queue):
                if gone.peer:
                    gone.peer.is_ended = True

    def _send(self, label: int, count: int) -> None:
        file = self.files[label]
        reader = file if file.kind == "eventfd" else file.peer
        if reader:
            reader.unread += count

    def _fill(self, label: int) -> None:
        self.files[label].is_full = True
        self._send(label, 1 << 16)

    def _recv(self, label: int, count: int) -> None:
        file = self.files[label]
        file.unread = 0 if file.kind == "eventfd" else max(0, file.unread - count)

    def _drain(self, label: int) -> None:
        file = self.files[label]
        file.unread = 0
        for gone in file.queue:
            if gone.peer:
                gone.peer.is_ended = True
        file.queue.clear()
        writer = file if file.kind == "eventfd" else file.peer
        if writer:
            writer.is_full = False

    def _shutdown(self, label: int, how: str) -> None:
        file = self.files[label]
        file.has_shut_writing |= how != "rd"
        if file.peer:
            file.peer.is_ended |= how != "rd"
            file.peer.has_shut_writing |= how != "wr" and file.kind == "unix"

    def _register(self, label: int, token: int, interest: Interest, trigger: Trigger) -> None:
        self.registrations[label] = Registration(label, self.files[label], token, interest, trigger)

    def _waker(self, token: int) -> None:
        self.registrations[WAKER] = Registration(WAKER, File("waker"), token, R, Trigger.EDGE)

    def _await(self, _wait: float | None, act: str, label: int) -> None:
        if act == "send":
            self._send(label, 1)
        elif act == "set":
            self.files[label].value |= R

    def _act(self, _wait: float | None, acts: Iterable[Action] | None) -> None:
        for act in acts or ():
            if not self.why_not(act):
                self.apply(act)


_TOO_SHORT = "it would be over before the other thread acts"


def _is_short(wait: float | None) -> bool:
    return wait is not None and wait < SHORTEST_AWAIT


_must_be = Slots._must_be
_stream = _must_be("unix", "tcp", "connecting")
_RULES: dict[str, Callable[..., str]] = {
    "user": lambda s, _: (
        "" if s.capabilities & Capability.USER_READINESS else "the poller does not claim USER_READINESS"
    ),
    "dup": lambda s, a, _: "a user source has no fd" if s.kind(a) == "user" else "",
    "connect": Slots._why_not_connect,
    "refuse": _must_be("fresh"),
    "accept": _must_be("listener"),
    "send": _must_be(*_SENDING),
    "empty": _must_be("udp"),
    "fill": _must_be("unix", "tcp", "write end", "eventfd"),
    "recv": _must_be(*_READING),
    "peek": _must_be("unix", "tcp", "udp"),
    "drain": _must_be(*_READING, "listener"),
    "urgent": _must_be("tcp"),
    "shutdown": _stream,
    "reset": lambda s, a: _must_be("tcp")(s, a) or s._why_not_close(a),
    "close": Slots._why_not_close,
    "register": Slots._why_not_ask,
    "reregister": Slots._why_not_reregister,
    "set": _must_be("user"),
    "waker": lambda s, token: (
        "the poller does not claim WAKE"
        if not s.capabilities & Capability.WAKE
        else "there is a waker already"
        if WAKER in s.registrations
        else ""
        if s.is_token_free(token)
        else f"token {token} is taken"
    ),
    "wake": lambda s, _: "" if WAKER in s.registrations else "there is no waker",
    "await": Slots._why_not_await,
    "dispatch": lambda s, _wait, _acts: (
        "" if s.capabilities & Capability.DISPATCH else "the poller does not claim DISPATCH"
    ),
    "meanwhile": Slots._why_not_meanwhile,
}
"""Verb -> why it does not apply, asked when its labels are right; a verb without a rule applies."""

_CHANGES: dict[str, Callable[..., Any]] = {
    "unix": lambda s, a, b: s._open_pair(("unix", "unix"), a, b),
    "tcp": lambda s, a, b: s._open_pair(("tcp", "tcp"), a, b),
    "udp": lambda s, a, b: s._open_pair(("udp", "udp"), a, b),
    "pipe": lambda s, a, b: s._open_pair(("read end", "write end"), a, b),
    "eventfd": lambda s, a: s._open(a, "eventfd"),
    "listen": lambda s, a: s._open(a, "listener"),
    "fresh": lambda s, a: s._open(a, "fresh"),
    "regular": lambda s, a: s._open(a, "regular"),
    "user": lambda s, a: s._open(a, "user"),
    "dup": Slots._dup,
    "connect": Slots._connect,
    "refuse": Slots._refuse,
    "accept": Slots._accept,
    "send": Slots._send,
    "empty": lambda s, a: s._send(a, 1),
    "fill": Slots._fill,
    "recv": Slots._recv,
    "drain": Slots._drain,
    "shutdown": Slots._shutdown,
    "reset": Slots._close,
    "close": Slots._close,
    "register": Slots._register,
    "reregister": Slots._register,
    "deregister": lambda s, a: s.registrations.pop(a, None),
    "set": lambda s, a, value: setattr(s.files[a], "value", int(value)),
    "waker": Slots._waker,
    "await": Slots._await,
    "dispatch": Slots._act,
    "meanwhile": Slots._act,
}
"""Verb -> what it changes, once it was done."""
