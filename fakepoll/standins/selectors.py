"""`selectors`: the standard library's own classes, each with the fake poller in the place of the real one."""

from __future__ import annotations

import selectors
from typing import Any

from fakepoll.standins.module import StandIn

POLLERS = {
    "SelectSelector": ("_select", "select"),
    "PollSelector": ("_selector_cls", "poll"),
    "EpollSelector": ("_selector_cls", "epoll"),
}
"""Which attribute of a selector class holds which name of the `select` module."""


class SelectorsModule(StandIn):
    """The `selectors` module over a kernel; its classes are subclasses of the real ones."""

    real = selectors

    def __getattr__(self, name: str) -> Any:
        if name == "DefaultSelector":
            made = self.EpollSelector
        elif name in POLLERS:
            attribute, poller = POLLERS[name]
            base = getattr(selectors, name)
            fake = getattr(self._kernel.select, poller)
            made = type(base)(name, (base,), {attribute: fake, "__module__": "selectors", "__doc__": base.__doc__})
        elif name == "DevpollSelector":
            raise AttributeError(name)
        else:
            return super().__getattr__(name)
        setattr(self, name, made)
        return made
