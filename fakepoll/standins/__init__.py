"""Stand-ins for modules of the standard library: the same names, constants and signatures, another kernel below.

What takes or gives an fd, an address or the time is modelled. Constants, exceptions and pure functions are the real
ones. Every other function of the real module is there and raises `NotModelled` with its name when it is called, so
that nothing falls through to the real kernel.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

NAMES = {
    "select": "SelectModule",
    "socket": "SocketModule",
    "selectors": "SelectorsModule",
    "os": "OsModule",
    "time": "TimeModule",
    "signal": "SignalModule",
    "fcntl": "FcntlModule",
}
"""Which modules have a stand-in, and the class of it in `fakepoll.standins.<name>`."""


def make(name: str, kernel: Kernel) -> ModuleType:
    """Make the stand-in for one module over this kernel."""
    module = importlib.import_module(f"fakepoll.standins.{name}")
    standin: Callable[[Kernel], ModuleType] = getattr(module, NAMES[name])
    return standin(kernel)
