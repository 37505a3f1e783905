"""fakepoll: a deterministic fake Linux for code that waits for file descriptors.

A `Kernel` is one small machine: fds, pipes, eventfds, AF_UNIX, TCP and UDP sockets on a loopback, epoll, poll and
select, a clock that nobody has to wait for. Programs see it through stand-ins for the standard library's modules,
`kernel.select`, `kernel.socket`, `kernel.os` and so on, handed over or put in place by `patched`.

How it is built, and why it can be right. A program learns of readiness in two ways: it asks what is true now (poll,
select, the first look of epoll), or it is told that something changed (epoll afterwards). So each kind of file has
two halves. Its **mask** is computed from facts whenever somebody asks, and cannot be stale. Its **wakes** say at
which changes the wait queue is told, and with which key; the table of them stands at the top of each kind's module.
Nothing else is needed: epoll puts what a wake reaches onto its **ready list** and asks for the mask again when it is
waited for (`fakepoll.epoll`), so level, edge, one-shot, nesting, duplicates and fairness follow from the list and
the keys, as they do in Linux, and none of them is a case of its own. Where the fake is wrong, a mask or a row of a
wake table is wrong, and the twin tests, which run one random program here and on the real kernel, say which.

The rest of the house: `abi` has the numbers, `syscalls` the checks of arguments in Linux's order, `standins` those
of CPython, `clock` decides what happens when nobody can move, `trace` and `snapshot` show what happened and what is.
Bad luck is a table, `faults`, that `injection` brings about around the calls; a `Schedule` of it can be run again.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fakepoll.abi import Limits, NotModelled
    from fakepoll.clock import Deadlock, Livelock
    from fakepoll.drawn import Drawn
    from fakepoll.kernel import Kernel
    from fakepoll.patch import patched
    from fakepoll.schedule import Schedule

__all__ = ["Deadlock", "Drawn", "Kernel", "Limits", "Livelock", "NotModelled", "Schedule", "patched"]

_HOMES = {
    "Deadlock": "clock",
    "Drawn": "drawn",
    "Kernel": "kernel",
    "Limits": "abi",
    "Livelock": "clock",
    "NotModelled": "abi",
    "Schedule": "schedule",
    "patched": "patch",
}
"""Public name -> the module that has it."""


def __getattr__(name: str) -> object:
    """Import what is asked for when it is: the pytest plugin imports this package in every run, also of those who do not use it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"fakepoll.{_HOMES[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
