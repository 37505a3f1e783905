"""Faults at work: who is hit, what was decided, what is held back, and how all of it comes to an end.

`fakepoll.gates` stands around the calls and asks here; `fakepoll.effects` knows the files. All three exist only on a
kernel with faults.

Which files are hit. Without a scope: all that were opened while faults were on. Once `scope()` was entered: those
opened inside one, and nothing else. So whoever judges a poller makes it under `calm()` and opens the scenario's files
in scopes; what the poller opens for itself is never hit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fakepoll import effects
from fakepoll.abi import fail
from fakepoll.effects import CAN, ERRNOS
from fakepoll.epoll import Epoll, Item
from fakepoll.faults import KINDS, MENUS, YES, Argument, Decider, Fault, Possible, Site
from fakepoll.file import File
from fakepoll.names import Names
from fakepoll.schedule import Schedule
from fakepoll.tcp import Tcp

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

SOCKET_CALLS = ("socket", "socketpair", "accept")
"""The calls that know ENOBUFS."""


class Injector:
    """The faults of one kernel.

    Attributes:
        on: whether faults fall now.
        names: what files are called.
        peeked: files whose bytes were counted or peeked at, so that none of them may still be in flight.
        listed: what stood on an epoll's ready list after its last wait.
    """

    def __init__(self, kernel: Kernel, decider: Decider) -> None:
        self.kernel = kernel
        self.on = True
        self._muted = False
        self.names = Names()
        self.peeked: dict[File, None] = {}
        self.listed: dict[Epoll, dict[Item, None]] = {}
        self._decider = decider
        self._tell = getattr(decider, "fell", None)
        self._fired: list[tuple[Site, Fault]] = []
        self._counts: dict[tuple[str, str], int] = {}
        self._scopes = 0
        self._scoped = False
        self._targets: dict[File, None] = {}
        self._spared: dict[File, None] = {}
        self._held: dict[File, None] = {}
        self._squeezed: dict[File, int] = {}
        self._connecting: dict[Tcp, None] = {}
        self._span = ("", 0)

    @property
    def fired(self) -> Schedule:
        """What fell so far, in order."""
        return Schedule(tuple(self._fired))

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """Hit, from the first scope on, only files that are opened inside one."""
        if not self._scoped:
            self._targets.clear()
        self._scoped = True
        self._scopes += 1
        try:
            yield
        finally:
            self._scopes -= 1

    def calm(self) -> contextlib.AbstractContextManager[None]:
        """Switch faults off and let everything arrive that is held back; at the end of a `with`, on again."""
        was_on, self.on = self.on, False
        self._settle()
        return self._calm_until_exit(was_on=was_on)

    @contextlib.contextmanager
    def muted(self) -> Iterator[None]:
        """Let nothing fall in this block, and leave held back what is."""
        was, self.on, self._muted = (self.on, self._muted), False, True
        try:
            yield
        finally:
            self.on, self._muted = was

    @contextlib.contextmanager
    def _calm_until_exit(self, *, was_on: bool) -> Iterator[None]:
        try:
            yield
        finally:
            self.on = was_on

    def spare(self, file: File) -> None:
        """Take a file for an end of a loop's own self-pipe: only what is lawful for those hits it."""
        self._spared[file] = None

    def is_opening(self) -> bool:
        """Tell whether what is opened now will be hit."""
        return self.on and (self._scopes > 0 or not self._scoped)

    def opened(self, file: File, call: str) -> None:
        """Name a file that was just opened, and note whether it will be hit."""
        self.names.opened(file, call)
        if self.is_opening():
            self._targets[file] = None

    def forget(self, file: File) -> None:
        """The file is about to be closed for good."""
        self.unsqueeze(file)
        for table in (self._targets, self._spared, self._held, self.peeked):
            table.pop(file, None)
        if isinstance(file, Epoll):
            self.listed.pop(file, None)
        self.names.forget(file)

    def is_target(self, file: File) -> bool:
        """Tell whether faults hit this file."""
        return file in self._targets

    def is_lawful(self, kind: str, file: File) -> bool:
        """Tell whether a kind may hit this file, or at least is not one that may not hit a self-pipe."""
        return file not in self._spared or KINDS[kind].own == YES

    def possible_at(self, call: str, file: File, below: dict[str, int] | None = None) -> Possible:
        """Find what can happen to the file of a call, here and now; `below` bounds the numbers of a kind."""
        if not self.on or file not in self._targets:
            return {}
        possible: dict[str, tuple[Argument, ...]] = {}
        for kind in MENUS[call]:
            name = kind.name
            if CAN[name](file) and self.is_lawful(name, file) and (name != "arrive" or file not in self.peeked):
                limit = below.get(name) if below else None
                values = kind.values if limit is None else tuple(value for value in kind.values if value < limit)
                if values or not kind.values:
                    possible[name] = values
        return possible

    def decide(self, call: str, file: File | None, possible: Possible) -> tuple[Site, Fault | None]:
        """Count a call and ask the decider, where there is anything to decide; never an answer that is not possible.

        What is done in a muted block is not counted: who looks there changes no site.
        """
        name = self.names.of(file) if file is not None else ""
        if self._muted:
            return Site(call, name, 0, possible), None
        nth = self._counts[call, name] = self._counts.get((call, name), 0) + 1
        site = Site(call, name, nth, possible)
        if not self.on or not possible:
            return site, None
        fault = self._decider.decide(site)
        if fault is None or fault.kind not in possible:
            return site, None
        return site, fault if _is_apt(fault, possible[fault.kind]) else None

    def record(self, site: Site, fault: Fault) -> None:
        """Write down what falls, here and in the trace, and tell the decider if it wants to know."""
        self._fired.append((site, fault))
        if self._tell is not None:
            self._tell(site, fault)
        self.kernel.trace.note(self.kernel.clock.now_ns, f"fault {site} = {fault}")

    def begin_span(self, call: str, fault: Fault) -> None:
        """Let this opening call and the following fail, if that is what the fault means."""
        if fault.kind in ERRNOS and isinstance(fault.argument, int):
            self._span = fault.kind, fault.argument
            self.open_within_span(call)

    def open_within_span(self, call: str) -> None:
        """Fail while a span of failing calls lasts; only calls that make sockets know ENOBUFS."""
        kind, left = self._span
        if self.on and left > 0 and (kind != "ENOBUFS" or call in SOCKET_CALLS):
            self._span = kind, left - 1
            fail(ERRNOS[kind])

    def hold(self, file: File, keep: int, delay_ns: int) -> bool:
        """Put all but `keep` unread bytes of a file, and what is sent to it, into flight for so long."""
        if not file.withhold(keep):
            return False
        self._held[file] = None
        self.kernel.schedule(delay_ns, lambda: self._deliver(file))
        return True

    def _deliver(self, file: File) -> None:
        if file in self._held:
            del self._held[file]
            file.deliver()

    def squeeze(self, file: File, delay_ns: int) -> None:
        """Leave no room for writing for so long."""
        if file not in self._squeezed:
            self._squeezed[file] = effects.squeeze(file)
            self.kernel.schedule(delay_ns, lambda: self.unsqueeze(file))

    def unsqueeze(self, file: File) -> None:
        """Give room back, if it was taken."""
        saved = self._squeezed.pop(file, None)
        if saved is not None:
            effects.unsqueeze(file, saved)

    def decree(self, sock: Tcp, action: Callable[[], object]) -> None:
        """Say what becomes of the SYN that this socket is about to send."""
        self.kernel.network.fates[sock] = action

    def send_syn_later(self, sock: Tcp, delay_ns: int) -> None:
        """Keep a SYN in flight for so long."""
        self._connecting[sock] = None
        self.kernel.schedule(delay_ns, lambda: self._send_syn(sock))

    def _send_syn(self, sock: Tcp) -> None:
        if sock in self._connecting:
            del self._connecting[sock]
            sock.send_syn()

    def _settle(self) -> None:
        """Let everything arrive that is held back, and end what lasts."""
        self._span = ("", 0)
        for file in list(self._held):
            self._deliver(file)
        for file in list(self._squeezed):
            self.unsqueeze(file)
        for sock in list(self._connecting):
            self._send_syn(sock)


def _is_apt(fault: Fault, drawable: tuple[Argument, ...]) -> bool:
    """Tell whether the argument fits the kind: any number where numbers are drawn, else one of those offered."""
    if KINDS[fault.kind].values:
        return isinstance(fault.argument, int)
    return fault.argument in (drawable or (None,))
