"""`patched`: put a kernel's stand-ins into named modules, and take every one of them out again.

Only the named modules are touched. What their globals and the attributes of their classes hold of the real `select`,
`socket`, `os`, ... is found by identity, so `import socket as s`, `from time import monotonic as now` and
`_selector_cls = select.epoll` are all seen. What a function keeps where only it can reach, a default argument or a
closure, is not: for the libraries that do so there are profiles (`fakepoll.profiles`).

`import` statements that the named modules execute meanwhile yield stand-ins, too. They go through
`builtins.__import__`, the one global that is replaced, and it decides by the importer's `__name__`: a module's own
`__builtins__` would not reach functions that exist already. `importlib.import_module` is not intercepted.
"""

from __future__ import annotations

import builtins
import fcntl
import os
import select
import selectors
import signal
import socket
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, NamedTuple

from fakepoll.fdtable import FdTable
from fakepoll.profiles import FIRST_FD, KINDS, LOOPS, Entry

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

STAND_INS = ("fcntl", "os", "select", "selectors", "signal", "socket", "time")
"""The modules of which a kernel has a stand-in, under the same name."""

_MODULES = (fcntl, os, select, selectors, signal, socket, time)
_CODE = (FunctionType, BuiltinFunctionType, type)


class ProfileError(RuntimeError):
    """This version of a library does not hold what its profile expects; nothing was changed."""


class Swap(NamedTuple):
    """One attribute, what it held, and what it holds while the patch is in force."""

    holder: object
    attribute: str
    real: object
    fake: object


def _real_names() -> dict[int, tuple[object, str, str]]:
    """Name everything of the real modules that may have a stand-in: id -> (it, module, attribute or "")."""
    found: dict[int, tuple[object, str, str]] = {}
    for module in _MODULES:
        found[id(module)] = (module, module.__name__, "")
    for module in _MODULES:
        for name, value in vars(module).items():
            if isinstance(value, _CODE) and not _borrowed(value, module):
                found.setdefault(id(value), (value, module.__name__, name))
    return found


def _borrowed(value: object, module: ModuleType) -> bool:
    """Say whether a module merely imported this class or function from somewhere else."""
    home = str(getattr(value, "__module__", None) or module.__name__)
    return home.lstrip("_") not in {*STAND_INS, "posix"}


_REAL = _real_names()
_NOTHING = object()
_owners: dict[str, Kernel] = {}
_borrowed_by: dict[str, bool] = {}
"""Patched module -> whether an import statement of its has yielded a stand-in."""


@contextmanager
def patched(kernel: Kernel, modules: Iterable[str] = (), profiles: Iterable[str] = ()) -> Iterator[Kernel]:
    """Make these modules, and the libraries that these profiles describe, live on `kernel` for a while.

    `modules` are exact names; one that is not imported yet is imported first. With a profile, the fds of a kernel
    that has none open yet begin at 1 << 20. What the body leaves open on the kernel is reported as a
    `ResourceWarning` once everything is restored.

    Raises:
        ValueError: a profile that does not exist, or a module that is itself the original of a stand-in.
        RuntimeError: a module is patched already; two kernels never meet.
        ProfileError: a library holds something else than its profile expects; nothing was changed.
    """
    modules, entries = list(dict.fromkeys(modules)), _entries(list(profiles))
    names = dict.fromkeys([*modules, *(entry.module for entry in entries)])
    _refuse(names)
    swaps = [_swap(kernel, entry) for entry in entries]
    swaps += [swap for name in modules for swap in _found(kernel, import_module(name))]
    if entries and not kernel.fds.files:  # a call that escapes to Linux finds no file of this number
        kernel.fds = FdTable(max(kernel.fds.first, FIRST_FD), kernel.limits.nofile)
    before = dict(kernel.fds.files)
    with _in_force(kernel, names, swaps):
        yield kernel
    left = [fd for fd, file in kernel.fds.items() if before.get(fd) is not file]
    if left:
        message = f"left open on the fake kernel: {', '.join(map(str, left))}\n{kernel.snapshot()}"
        warnings.warn(message, ResourceWarning, stacklevel=3)


def _entries(profiles: Sequence[str]) -> list[Entry]:
    """Collect the rows of these profiles, each once."""
    unknown = [name for name in profiles if name not in LOOPS]
    if unknown:
        raise ValueError(f"no such profile: {unknown[0]!r} (there are {', '.join(sorted(LOOPS))})")
    return list(dict.fromkeys(entry for name in profiles for entry in LOOPS[name]))


def _refuse(names: Iterable[str]) -> None:
    """Refuse modules that may not be patched, or are patched already."""
    for name in names:
        if name in STAND_INS or name == "builtins":
            raise ValueError(f"{name!r} is what others import; name the modules that do")
        if name in _owners:
            raise RuntimeError(f"{name!r} is patched already; a module lives on one kernel at a time")


def _stand_in(kernel: Kernel, real: object) -> object:
    """Give the kernel's stand-in of something real; the thing itself where there is none to give."""
    known = _REAL.get(id(real))
    if known is None:
        return real
    _, module, attribute = known
    stand_in = getattr(kernel, module)
    return getattr(stand_in, attribute) if attribute else stand_in


def _swap(kernel: Kernel, entry: Entry) -> Swap:
    """Prepare one row of a profile, or say why it does not fit."""
    holder: object = import_module(entry.module)
    *path, attribute = entry.attribute.split(".")
    for name in path:
        holder = getattr(holder, name, None)
    held = vars(holder).get(attribute, _NOTHING) if hasattr(holder, "__dict__") else _NOTHING
    kind = KINDS.get(entry.kind)
    if kind is not None:
        fits = kind.fits(held)
        fake = kind.make(kernel, held) if fits else held
    else:
        fake = _stand_in(kernel, held)
        fits = fake is not held and (entry.kind == "module") is isinstance(held, ModuleType)
    if not fits:
        raise ProfileError(
            f"{_library(entry.module)} does not fit its profile: {entry.module}.{entry.attribute} should hold "
            f"what a {entry.kind!r} row expects, but {'is missing' if held is _NOTHING else f'holds {held!r}'}"
        )
    return Swap(holder, attribute, held, fake)


def _library(module: str) -> str:
    """Name the library of a module with its version."""
    library = module.partition(".")[0]
    try:
        return f"{library} {version(library)}"
    except PackageNotFoundError:
        return f"{library} of this Python"


def _found(kernel: Kernel, module: ModuleType) -> Iterator[Swap]:
    """Find what a module's globals, and the attributes of its own classes, hold of the real modules."""
    for attribute, held in list(vars(module).items()):
        if id(held) in _REAL:
            yield Swap(module, attribute, held, _stand_in(kernel, held))
        elif isinstance(held, type) and held.__module__ == module.__name__:
            yield from _found_in_class(kernel, held)


def _found_in_class(kernel: Kernel, owner: type) -> Iterator[Swap]:
    """Find what the attributes of a class hold, as they are or as static methods."""
    for attribute, held in list(vars(owner).items()):
        if id(held) in _REAL:
            yield Swap(owner, attribute, held, _stand_in(kernel, held))
        elif isinstance(held, staticmethod) and id(held.__func__) in _REAL:
            fake = _stand_in(kernel, held.__func__)
            yield Swap(owner, attribute, held, staticmethod(fake))  # type: ignore[arg-type]  # as callable as it was


@contextmanager
def _in_force(kernel: Kernel, names: Iterable[str], swaps: Sequence[Swap]) -> Iterator[None]:
    """Make the swaps, divert the imports of these modules, and undo both."""
    if not _owners:
        builtins.__import__ = partial(_diverted, builtins.__import__)  # type: ignore[assignment]  # a partial will do
    for name in names:
        _owners[name] = kernel
    done: list[Swap] = []
    try:
        for swap in swaps:
            setattr(swap.holder, swap.attribute, swap.fake)
            done.append(swap)
        yield
    finally:
        for swap in reversed(done):
            setattr(swap.holder, swap.attribute, swap.real)
        for name in names:
            del _owners[name]
        _evict(kernel, [name for name in names if _borrowed_by.pop(name, False)])
        hook: object = builtins.__import__
        if not _owners and isinstance(hook, partial) and hook.func is _diverted:
            builtins.__import__ = hook.args[0]


def _evict(kernel: Kernel, names: Iterable[str]) -> None:
    """Put back what import statements that ran meanwhile left in the globals of modules."""
    made = {id(vars(kernel)[real.__name__]): real for real in _MODULES if real.__name__ in vars(kernel)}
    for name in names:
        held = vars(import_module(name))
        for attribute in [attribute for attribute, value in held.items() if id(value) in made]:
            held[attribute] = made[id(held[attribute])]


def _diverted(
    real_import: Callable[..., object],
    name: str,
    globals: Mapping[str, object] | None = None,  # noqa: A002  the names that callers of __import__ may use
    *args: object,
    **kwargs: object,
) -> object:
    """Import as ever, but give a patched module its kernel's stand-ins."""
    module = real_import(name, globals, *args, **kwargs)
    importer = str((globals or {}).get("__name__"))
    kernel = _owners.get(importer)
    if kernel is None:
        return module
    stand_in = _stand_in(kernel, module)
    _borrowed_by[importer] = _borrowed_by.get(importer, False) or stand_in is not module
    return stand_in
