"""The gates: around each call at which a fault may fall, one function.

A gate finds out what is possible, has it decided, writes it down and brings it about; then the call goes on and
answers from the changed facts. Calls at which nothing can fall, and kernels without faults, have no gate.
"""

from __future__ import annotations

import errno
import fcntl
import os
import termios
from collections.abc import Callable
from typing import Any

from fakepoll import effects
from fakepoll.abi import HUP, KEY_STATE, MSG_DONTWAIT, MSG_OOB, MSG_PEEK, NS_PER_S, fail
from fakepoll.effects import CAN, CHANGES, WAITS
from fakepoll.epoll import Epoll, Event, Item
from fakepoll.faults import MENUS, Argument, Fault, Possible, Site
from fakepoll.file import File
from fakepoll.injection import SOCKET_CALLS, Injector
from fakepoll.tcp import Tcp

Call = Callable[..., Any]
Args = tuple[Any, ...]

FLIGHT_NS = 50_000
"""How long bytes that `arrive` held back stay in flight, and a buffer stays full after `room`."""
SYN_RETRY_NS = NS_PER_S
"""When a SYN that found no room is sent again (linux-readiness 1.2)."""

NAMES = {
    "recvfrom": "recv", "sendto": "send", "accept4": "accept", "pipe2": "pipe", "eventfd2": "eventfd",
    "epoll_create1": "epoll_create",
}  # fmt: skip
"""System calls whose sites bear the name that a programmer knows."""


def gate(injector: Injector, syscall: str, perform: Call) -> Call:
    """Stand around a call, or leave it alone if nothing can fall there."""
    name = NAMES.get(syscall, syscall)
    around = GATES.get(name)
    if around is None:
        return perform
    return lambda *args: around(injector, name, perform, args)


def _find(injector: Injector, fd: int) -> File | None:
    return injector.kernel.fds.files.get(fd)


def _number(fault: Fault) -> int:
    return fault.argument if isinstance(fault.argument, int) else 0


def read(injector: Injector, call: str, perform: Call, args: Args) -> Any:
    """read and recv; what was peeked at has arrived."""
    file = _find(injector, args[0])
    flags = args[2] if len(args) > 2 else 0
    if file is not None and flags & MSG_PEEK:
        injector.peeked[file] = None
    if file is None or flags & (MSG_OOB | MSG_PEEK) or not args[1]:
        return perform(*args)
    there = effects.unread(file)
    below = {"arrive": there, "short_read": min(there, args[1])}
    site, fault = injector.decide(call, file, injector.possible_at(call, file, below))
    if fault is None:
        return perform(*args)
    if fault.kind == "arrive":
        if 0 < _number(fault) < there and injector.hold(file, _number(fault), FLIGHT_NS):
            injector.record(site, fault)
    elif fault.kind == "short_read":
        if 0 < _number(fault) < below["short_read"]:
            injector.record(site, fault)
            return perform(args[0], _number(fault), *args[2:])
    else:
        injector.record(site, fault)
        CHANGES[fault.kind](file)
    return perform(*args)


def write(injector: Injector, call: str, perform: Call, args: Args) -> Any:
    """write and send; who waits until all is sent never notices a lack of room."""
    file = _find(injector, args[0])
    flags = args[2] if len(args) > 2 else 0
    if file is None or flags & MSG_OOB or not args[1]:
        return perform(*args)
    possible = injector.possible_at(call, file, {"room": len(args[1]), "short_write": len(args[1])})
    if not (file.flags & os.O_NONBLOCK or flags & MSG_DONTWAIT):
        possible = {kind: found for kind, found in possible.items() if kind in ("late", *CHANGES)}
    site, fault = injector.decide(call, file, possible)
    if fault is None:
        return perform(*args)
    return WRITES[fault.kind](injector, site, fault, file, perform, args)


def _with_room(injector: Injector, site: Site, fault: Fault, file: File, perform: Call, args: Args) -> Any:
    taken = effects.room_for(file, _number(fault), len(args[1]))
    if taken >= len(args[1]):
        return perform(*args)
    injector.record(site, Fault("room", taken))
    sent = perform(args[0], args[1][:taken], *args[2:]) if taken else 0
    injector.squeeze(file, FLIGHT_NS)
    return sent or perform(*args)


def _short(injector: Injector, site: Site, fault: Fault, file: File, perform: Call, args: Args) -> Any:
    taken = effects.room_for(file, _number(fault), len(args[1]))
    if not 0 < taken < len(args[1]):
        return perform(*args)
    injector.record(site, fault)
    return perform(args[0], args[1][:taken], *args[2:])


def _late(injector: Injector, site: Site, fault: Fault, file: File, perform: Call, args: Args) -> Any:
    peer = effects.receiver(file)
    if peer is not None and injector.hold(peer, effects.unread(peer), _number(fault) * 1000):
        injector.record(site, fault)
    return perform(*args)


def _late_room(injector: Injector, site: Site, fault: Fault, file: File, perform: Call, args: Args) -> Any:
    sent = 0
    try:
        sent = perform(*args)
    finally:
        if sent < len(args[1]) and CAN["late_room"](file):
            injector.record(site, fault)
            injector.squeeze(file, _number(fault) * 1000)
    return sent


def _end(injector: Injector, site: Site, fault: Fault, file: File, perform: Call, args: Args) -> Any:
    injector.record(site, fault)
    CHANGES[fault.kind](file)
    return perform(*args)


WRITES: dict[str, Callable[[Injector, Site, Fault, File, Call, Args], Any]] = {
    "room": _with_room,
    "late": _late,
    "late_room": _late_room,
    "reset": _end,
    "hangup": _end,
    "short_write": _short,
}


def accept(injector: Injector, call: str, perform: Call, args: Args) -> Any:
    """accept; what it opens is hit if a scope is open, or the listener is hit."""
    file = _find(injector, args[0])
    if file is None or not effects.is_listening(file):
        return perform(*args)
    if injector.is_target(file):
        injector.open_within_span(call)
    site, fault = injector.decide(call, file, injector.possible_at(call, file))
    if fault is not None:
        injector.record(site, fault)
        injector.begin_span(call, fault)
        if fault.kind == "aborted":
            effects.abort(file)
            fail(errno.ECONNABORTED)
        CHANGES[fault.kind](file)
    made = perform(*args)
    injector.opened(injector.kernel.fds.files[made[0]], "accepted")
    return made


def connect(injector: Injector, call: str, perform: Call, args: Args) -> Any:
    """connect; on AF_UNIX it is answered at once, on TCP the SYN has a fate."""
    file = _find(injector, args[0])
    if file is None:
        return perform(*args)
    site, fault = injector.decide(call, file, injector.possible_at(call, file))
    if fault is None:
        return perform(*args)
    injector.record(site, fault)
    if not isinstance(file, Tcp):
        fail(errno.ECONNREFUSED if fault.kind == "refused" else errno.EAGAIN)
    if fault.kind == "refused":
        injector.decree(file, file.arrive_reset)
    else:
        delay_ns = SYN_RETRY_NS if fault.kind == "full_backlog" else _number(fault) * 1000
        injector.decree(file, lambda: injector.send_syn_later(file, delay_ns))
    try:
        return perform(*args)
    finally:
        injector.kernel.network.fates.pop(file, None)


def open_(injector: Injector, call: str, perform: Call, args: Args) -> Any:
    """The calls that open something."""
    if injector.is_opening():
        injector.open_within_span(call)
        kinds = [kind for kind in MENUS[call] if kind.name != "ENOBUFS" or call in SOCKET_CALLS]
        site, fault = injector.decide(call, None, {kind.name: kind.values for kind in kinds})
        if fault is not None:
            injector.record(site, fault)
            injector.begin_span(call, fault)
    made = perform(*args)
    if call != "dup":
        for fd in made if isinstance(made, tuple) else (made,):
            injector.opened(injector.kernel.fds.files[fd], call)
    return made


def wait(injector: Injector, call: str, perform: Call, args: Args) -> Any:
    """epoll_wait: what is hit are files with a registration, and the order in which they are told."""
    epoll = _find(injector, args[0])
    if not isinstance(epoll, Epoll):
        return perform(*args)
    items: dict[str, Item] = {}
    fresh: list[Item] = []
    if injector.on:
        items = {injector.names.of(item.file): item for item in epoll.items.values() if injector.is_target(item.file)}
        fresh = effects.newcomers(epoll, injector.listed.get(epoll, {}))
    site, fault = injector.decide(call, epoll, _possible_in_wait(injector, items, fresh) if injector.on else {})
    if fault is not None:
        injector.record(site, fault)
        if fault.kind == "bare_hup":
            return [(items[str(fault.argument)].data, HUP)]
        _befall(injector, epoll, fault, items, fresh)
    events: list[Event] = perform(*args)
    injector.listed[epoll] = dict(epoll.ready)
    return events


def _possible_in_wait(injector: Injector, items: dict[str, Item], fresh: list[Item]) -> Possible:
    possible: dict[str, tuple[Argument, ...]] = {}
    for kind, can in WAITS.items():
        possible[kind] = tuple(
            name for name, item in items.items() if can(item) and injector.is_lawful(kind, item.file)
        )
    possible["first"] = tuple(injector.names.of(item.file) for item in fresh[1:] if injector.is_target(item.file))
    return _with_signal(injector, {kind: names for kind, names in possible.items() if names})


def _with_signal(injector: Injector, possible: dict[str, tuple[Argument, ...]]) -> Possible:
    if injector.kernel.signals.harmless() is not None:
        possible["signal"] = ()
    return possible


def _befall(injector: Injector, epoll: Epoll, fault: Fault, items: dict[str, Item], fresh: list[Item]) -> None:
    if fault.kind == "signal":
        _signal(injector)
        return
    if fault.kind == "first":
        effects.put_first(epoll, _latecomer(injector, fault, fresh), fresh)
        return
    item = items[str(fault.argument)]
    if fault.kind == "wake":
        item.file.wake(KEY_STATE)
    elif fault.kind == "lost_edge":
        del epoll.ready[item]
    else:
        CHANGES[fault.kind](item.file)


def _latecomer(injector: Injector, fault: Fault, fresh: list[Item]) -> Item:
    """Find whom `first` means: a file may be registered under several numbers, of which not all became ready."""
    return next(item for item in fresh[1:] if injector.names.of(item.file) == fault.argument)


def _signal(injector: Injector) -> None:
    """Let the signal arrive inside the wait: its handler runs there, and the wait goes on (PEP 475)."""
    signals = injector.kernel.signals
    signum = signals.harmless()
    assert signum is not None, "possible only then"
    injector.kernel.schedule(0, lambda: signals.deliver(signum))


def look(injector: Injector, call: str, perform: Call, args: Args) -> Any:
    """poll and select have no registrations: connections may end, and signals come."""
    asked = [fd for fd, _ in args[0]] if call == "poll" else [fd for fds in args[:3] for fd in fds]
    found = [_find(injector, fd) for fd in asked]
    files = {injector.names.of(file): file for file in found if file is not None and injector.is_target(file)}
    possible: dict[str, tuple[Argument, ...]] = {}
    for kind in ("reset", "half_close", "hangup"):
        names = tuple(name for name, file in files.items() if CAN[kind](file) and injector.is_lawful(kind, file))
        if names:
            possible[kind] = names
    site, fault = injector.decide(call, None, _with_signal(injector, possible))
    if fault is not None:
        injector.record(site, fault)
        if fault.kind == "signal":
            _signal(injector)
        else:
            CHANGES[fault.kind](files[str(fault.argument)])
    return perform(*args)


def touch(injector: Injector, call: str, perform: Call, args: Args) -> Any:
    """Who asks for a buffer's size is told the real one; who counts bytes has seen them; F_DUPFD is a dup."""
    if call == "fcntl" and args[1] in (fcntl.F_DUPFD, fcntl.F_DUPFD_CLOEXEC):
        return open_(injector, "dup", perform, args)
    file = _find(injector, args[0])
    if file is not None:
        injector.unsqueeze(file)
        if call == "ioctl" and args[1] == termios.FIONREAD:
            injector.peeked[file] = None
    return perform(*args)


def close(injector: Injector, _call: str, perform: Call, args: Args) -> Any:
    """close of the last number of a file: nothing is held for it any more."""
    file = _find(injector, args[0])
    if file is not None and file.refs == 1:
        injector.forget(file)
    return perform(*args)


GATES: dict[str, Callable[[Injector, str, Call, Args], Any]] = {
    "read": read,
    "recv": read,
    "write": write,
    "send": write,
    "accept": accept,
    "connect": connect,
    **dict.fromkeys(("socket", "socketpair", "pipe", "eventfd", "epoll_create", "dup"), open_),
    "epoll_wait": wait,
    "poll": look,
    "select": look,
    **dict.fromkeys(("getsockopt", "setsockopt", "fcntl", "ioctl"), touch),
    "close": close,
}
