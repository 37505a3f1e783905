"""Files as Python: the variable of each label, and what an action on files reads like."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntFlag

from conformance.actions import Action
from conformance.history import Did
from conformance.luck import Luck

__all__ = ["IO", "LUCK", "OPENERS", "Files", "flags", "indent"]

OPENERS = {
    "unix": (("end", "end"), "nonblocking(*socket.socketpair())"),
    "tcp": (("tcp", "tcp"), "tcp_pair()"),
    "udp": (("udp", "udp"), "udp_pair()"),
    "pipe": (("reader", "writer"), "os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)"),
    "eventfd": (("event",), "os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)"),
    "listen": (("listener",), "nonblocking(listen())[0]"),
    "fresh": (("fresh",), "nonblocking(small(socket.socket()))[0]"),
    "regular": (("file",), 'os.open("/etc/passwd", os.O_RDONLY | os.O_CLOEXEC)'),
}
"""Verb -> the kind of each file that it opens, which is also how its variable begins, and the expression."""

_NUMBERS = ("reader", "writer", "event", "file")
"""Kinds of file that are a bare number; the others are sockets."""
_MOST = 150_000
LUCK = ("faults", "fault")
"""Verbs that the kernel was made with."""
_HOW = ("rd", "wr", "rdwr")


def flags(value: IntFlag) -> str:
    """Spell a set of flags as an expression."""
    kind = type(value)
    return " | ".join(f"{kind.__name__}.{one.name}" for one in kind if one & value) or f"{kind.__name__}(0)"


def indent(lines: Iterable[str]) -> list[str]:
    """Put lines into a block."""
    return [f"    {line}" if line else line for line in lines]


class Files:
    """The open labels of a script.

    Args:
        noted: the label whose reading is judged: what is sent to it and read from it is noted down. None: none is.
        luck: the kernel is a fake one that may hit what is opened; None: it has no faults.
    """

    def __init__(self, noted: int | None = None, luck: Luck | None = None) -> None:
        self.noted, self.luck = noted, luck
        self.names: dict[int, str] = {}
        self._kinds: dict[int, str] = {}
        self._roots: dict[int, int] = {}
        """Label -> the first label of its open file description."""
        self._peers: dict[int, int] = {}
        self._clients: dict[int, list[int]] = {}
        self._counters: dict[int, int] = {}

    @property
    def open(self) -> tuple[int, ...]:
        """The labels that are open and have an fd."""
        return tuple(label for label, kind in self._kinds.items() if kind != "user")

    def number(self, label: int) -> str:
        """The fd of a label, as an expression."""
        name = self.names[label]
        return name if self._kinds[label] in _NUMBERS else f"{name}.fileno()"

    def source(self, label: int) -> str:
        """What the poller is given: for a bare number a new object each time."""
        name = self.names[label]
        return f"Fd({name})" if self._kinds[label] in _NUMBERS else name

    def add_user(self, label: int) -> None:
        """A user source is no file, but has a variable as well."""
        self._enter(label, "user", f"user{label}", label)

    def io(self, did: Did) -> list[str]:
        """One action on files, and what came of it; where there are faults, what it opens may be hit, and has the name of its site."""
        if did.action.verb in LUCK:
            return []
        if self.luck is None:
            return self._io(did)
        known = dict(self.names)
        lines = self._io(did)
        if self.luck.faults and did.action.verb != "dup":
            new = [label for label in self.names if label not in known]
            lines += [f'kernel.name({self.names[label]}, "label{label}")' for label in new]
        return ["with kernel.fault_scope():", *indent(lines)]

    def _io(self, did: Did) -> list[str]:
        action = did.action
        remark = "" if did.outcome == "ok" or did.outcome.isdecimal() else f"  # {did.outcome}"
        if action.verb in OPENERS:
            return [self._opened(action)]
        line = (
            self._accepted(*action.args) if did.fds and action.verb == "accept" else IO[action.verb](self, *action.args)
        )
        may_fail = remark and action.verb not in ("drain", "fill")
        return [f"with contextlib.suppress(OSError):{remark}", f"    {line}"] if may_fail else [line + remark]

    def send(self, label: int, count: int) -> str:
        """Write so many bytes."""
        name, kind = self.names[label], self._kinds[label]
        if kind == "event":
            self._counters[self._roots[label]] = self._counters.get(self._roots[label], 0) + count
            note = f"; sent.extend(bytes({count}))" if self._is_noted(label) else ""
            return f"os.eventfd_write({name}, {count}){note}"
        if self._is_noted(self._peers.get(self._roots[label], -1)):
            return f"send_noted({name}, {count})"
        data = 'b"x"' if count == 1 else f"bytes({min(count, _MOST)})"
        return f"os.write({name}, {data})" if kind in _NUMBERS else f"{name}.send({data})"

    # ── opening and closing ─────────────────────────────────────────────────────────────────────────────────

    def _enter(self, label: int, kind: str, name: str, root: int) -> None:
        self._kinds[label], self.names[label], self._roots[label] = kind, name, root

    def _opened(self, action: Action) -> str:
        kinds, expression = OPENERS[action.verb]
        for kind, label in zip(kinds, action.args, strict=True):
            self._enter(label, kind, f"{kind}{label}", label)
        if len(kinds) == 2:
            first, second = action.args
            self._peers |= {first: second, second: first}
        return f"{', '.join(self.names[label] for label in action.args)} = {expression}"

    def _dup(self, label: int, other: int) -> str:
        name, kind = self.names[label], self._kinds[label]
        self._enter(other, kind, f"dup{other}", self._roots[label])
        return f"dup{other} = os.dup({name})" if kind in _NUMBERS else f"dup{other} = nonblocking({name}.dup())[0]"

    def _connect(self, label: int, listener: int) -> str:
        self._clients.setdefault(self._roots[listener], []).append(label)
        return f"{self.names[label]}.connect({self.names[listener]}.getsockname())"

    def _accept_nothing(self, listener: int, _label: int) -> str:
        return f"{self.names[listener]}.accept()"

    def _accepted(self, listener: int, label: int) -> str:
        client = self._clients[self._roots[listener]].pop(0)
        self._enter(label, "tcp", f"accepted{label}", label)
        self._peers |= {label: client, client: label}
        return f"accepted{label} = accept({self.names[listener]})"

    def _close(self, label: int) -> str:
        line = f"os.close({self.names[label]})" if self._kinds[label] in _NUMBERS else f"{self.names[label]}.close()"
        del self._kinds[label]
        return line

    def _reset(self, label: int) -> str:
        del self._kinds[label]
        return f"reset({self.names[label]})"

    # ── bytes ───────────────────────────────────────────────────────────────────────────────────────────────

    def _is_noted(self, label: int) -> bool:
        """Whether this label reads the stream that is judged."""
        return self.noted is not None and self._roots.get(label) == self._roots.get(self.noted)

    def _fill(self, label: int) -> str:
        name = self.names[label]
        if self._kinds[label] != "event":
            return f"fill({name})"
        counter = self._counters.get(self._roots[label], 0)
        self._counters[self._roots[label]] = 2**64 - 2
        return f"os.eventfd_write({name}, 2**64 - 2 - {counter})"

    def _recv(self, label: int, count: int) -> str:
        name, kind = self.names[label], self._kinds[label]
        if kind == "event":
            self._counters[self._roots[label]] = 0
            return (
                f"got.extend(bytes(os.eventfd_read({name})))" if self._is_noted(label) else f"os.eventfd_read({name})"
            )
        if self._is_noted(label):
            return f"recv_noted({name}, {count})"
        return f"os.read({name}, {count})" if kind in _NUMBERS else f"{name}.recv({count})"

    def _drain(self, label: int) -> str:
        name, kind = self.names[label], self._kinds[label]
        if kind == "listener":
            return f"accept_all({name})"
        if kind == "event":
            self._counters[self._roots[label]] = 0
            if self._is_noted(label):
                return f"with contextlib.suppress(BlockingIOError): {self._recv(label, 8)}"
            return f"drain_event({name})"
        return f"drain_noted({name})" if self._is_noted(label) else f"drain({name})"


IO: dict[str, Callable[..., str]] = {
    "dup": Files._dup,
    "accept": Files._accept_nothing,
    "connect": Files._connect,
    "refuse": lambda files, label: f"{files.names[label]}.connect(nobody.getsockname())",
    "send": Files.send,
    "empty": lambda files, label: f'{files.names[label]}.send(b"")',
    "fill": Files._fill,
    "recv": Files._recv,
    "peek": lambda files, label: f"{files.names[label]}.recv(1, socket.MSG_PEEK)",
    "drain": Files._drain,
    "urgent": lambda files, label: f'{files.names[label]}.send(b"!", socket.MSG_OOB)',
    "shutdown": lambda files, label, how: f"{files.names[label]}.shutdown({_HOW.index(how)})",
    "reset": Files._reset,
    "close": Files._close,
}
"""Verb -> its line."""
