"""A module that holds the standard library in every way that `patched` promises to see."""

from __future__ import annotations

import os as operating
import select
import socket as plugs
from time import monotonic as now


class Keeper:
    """Keeps a class and two functions where only its attributes show them."""

    poller = select.epoll
    clock = staticmethod(now)


def imports_late() -> tuple[object, object]:
    """Import inside a function, as a module and by name."""
    import socket
    from os import pipe

    return socket, pipe


def imports_globally() -> None:
    """Leave an import behind in the globals."""
    exec("import fcntl as late", globals())  # a global statement would do, but checkers cannot follow it


def opens() -> tuple[int, int]:
    """Open a pipe with what the globals hold."""
    return operating.pipe()


def opens_nothing() -> None:
    """Open a pipe, and fail."""
    operating.pipe()
    raise FileNotFoundError


def joins(*parts: str) -> str:
    """Use something pure of a patched module."""
    return operating.path.join(*parts)


def sockets() -> tuple[plugs.socket, plugs.socket]:
    """Open a pair of sockets with what the globals hold."""
    return plugs.socketpair()
