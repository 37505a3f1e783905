"""`impl.Poll` as the judge meets it: nothing is added but the claim."""

from __future__ import annotations

import impl
from conformance.protocol import Capability

__all__ = ["ReferencePoller", "make"]


class ReferencePoller(impl.Poll):
    """The reference poller, claiming all that it does. Regular files are epoll's to refuse (epoll_ctl(2), EPERM)."""

    capabilities = (
        Capability.LEVEL
        | Capability.EDGE
        | Capability.ONESHOT
        | Capability.WRITABLE
        | Capability.PRIORITY
        | Capability.CLOSED_HINTS
        | Capability.ERROR_HINT
        | Capability.MAX_EVENTS
        | Capability.TOKEN_CHANGE
        | Capability.CLOSE_FORGETS
        | Capability.WAKE
        | Capability.USER_READINESS
        | Capability.DISPATCH
        | Capability.DUP
        | Capability.MULTI_THREAD
    )


def make() -> ReferencePoller:
    """Make a reference poller."""
    return ReferencePoller()


make.fake_modules = ("impl.poll", "impl.waker")  # type: ignore[attr-defined]  # read by the judge before it calls
