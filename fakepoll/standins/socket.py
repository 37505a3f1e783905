"""`socket`: the standard library's own socket.py, its functions and its class, over a fake `_socket`.

The module's Python functions are not copied: each is made again from its own code with the globals of one kernel, in
which the C functions and the base class are the fake ones. So `create_server`, `makefile`, `sendfile` or `repr` do
what they do in the Python that runs.
"""

from __future__ import annotations

import socket
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any

from fakepoll.standins.module import StandIn, refused
from fakepoll.standins.socket_core import PURE, CoreModule, CoreSocket

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

KEPT = ("_intenum_converter",)

FUNCTIONS = {
    name: value
    for name, value in vars(socket).items()
    if isinstance(value, FunctionType) and value.__module__ == "socket" and name not in KEPT
}
SLOTS = ("__weakref__", "_io_refs", "_closed")
METHODS = {name: value for name, value in vars(socket.socket).items() if name not in SLOTS}
REFUSED = {
    name: refused(f"socket.{name}")
    for name, value in vars(socket).items()
    if callable(value) and not isinstance(value, type | FunctionType) and name not in PURE
}


class SocketModule(StandIn):
    """The `socket` module over a kernel."""

    real = socket
    pure = PURE

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        self._namespace: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name == "_namespace":
            raise AttributeError(name)
        if not self._namespace:
            self._namespace.update(_make_namespace(self._kernel))
        try:
            value = self._namespace[name]
        except KeyError:
            raise AttributeError(f"module 'socket' has no attribute {name!r}") from None
        setattr(self, name, value)
        return value


def _make_namespace(kernel: Kernel) -> dict[str, Any]:
    """Make the globals of socket.py for one kernel."""
    core = CoreModule(kernel)
    namespace = {**vars(socket), **REFUSED, **core.functions(), "_socket": core, "SocketType": core.socket}
    namespace["os"] = kernel.os
    namespace["selectors"] = kernel.selectors
    for name, function in FUNCTIONS.items():
        namespace[name] = _rebind(function, namespace, {})
    namespace["socket"] = _make_class(core, namespace)
    return namespace


def _make_class(core: CoreModule, namespace: dict[str, Any]) -> type[CoreSocket]:
    """Make `socket.socket` again, on the fake base; `super()` and default arguments must find the new classes."""
    cell = CellType()
    swapped = {id(socket.SocketType): core.socket}
    members: dict[str, Any] = {}
    for name, value in METHODS.items():
        if isinstance(value, FunctionType):
            members[name] = _rebind(value, namespace, swapped, cell)
        elif isinstance(value, property):
            getter = value.fget
            assert isinstance(getter, FunctionType)
            members[name] = property(_rebind(getter, namespace, swapped, cell), doc=value.__doc__)
        else:
            members[name] = value
    made = type("socket", (core.socket,), members)
    cell.cell_contents = made
    return made


def _rebind(
    function: FunctionType, namespace: dict[str, Any], swapped: dict[int, Any], cell: CellType | None = None
) -> FunctionType:
    """Make a function again with other globals; its one free variable, if any, is `__class__`."""
    closure = (cell,) if function.__code__.co_freevars and cell is not None else None
    defaults = tuple(swapped.get(id(value), value) for value in function.__defaults__ or ())
    made = FunctionType(function.__code__, namespace, function.__name__, defaults or None, closure)
    made.__kwdefaults__ = function.__kwdefaults__
    made.__qualname__ = function.__qualname__
    made.__doc__ = function.__doc__
    return made
