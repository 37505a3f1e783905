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

KEPT_AS_IT_IS = {**vars(socket), **REFUSED}
"""The globals of socket.py, before the functions are made again."""


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
    namespace = KEPT_AS_IT_IS | core.functions()
    namespace |= {"_socket": core, "SocketType": core.socket, "os": kernel.os, "selectors": kernel.selectors}
    for name, function in FUNCTIONS.items():
        namespace[name] = _rebind(function, namespace)
    namespace["socket"] = _make_class(core, namespace)
    return namespace


def _make_class(core: CoreModule, namespace: dict[str, Any]) -> type[CoreSocket]:
    """Make `socket.socket` again, on the fake base; `super()` and default arguments must find the new classes."""
    cell = CellType()
    members: dict[str, Any] = dict(METHODS)
    for name, value in METHODS.items():
        if isinstance(value, FunctionType):
            members[name] = made_again = _rebind(value, namespace, cell)
            if made_again.__defaults__:
                made_again.__defaults__ = tuple(
                    core.socket if one is socket.SocketType else one for one in made_again.__defaults__
                )
        elif isinstance(value, property):
            getter = value.fget
            assert isinstance(getter, FunctionType)
            members[name] = property(_rebind(getter, namespace, cell), doc=value.__doc__)
    made = type("socket", (core.socket,), members)
    cell.cell_contents = made
    return made


def _rebind(function: FunctionType, namespace: dict[str, Any], cell: CellType | None = None) -> FunctionType:
    """Make a function again with other globals; its one free variable, if any, is `__class__`."""
    code = function.__code__
    closure = (cell,) if cell is not None and code.co_freevars else None
    made = FunctionType(code, namespace, code.co_name, function.__defaults__, closure)
    made.__kwdefaults__, made.__doc__ = function.__kwdefaults__, function.__doc__
    return made
