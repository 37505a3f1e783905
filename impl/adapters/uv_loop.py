"""uvloop: libuv behind the interface of asyncio's loops, so that the adapter is asyncio's."""

from __future__ import annotations

import uvloop

from impl.adapters.asyncio_loop import LoopPoller

__all__ = ["make"]

# The first loop of a process leaves a pipe behind, libuv's lock around signal handlers. It belongs to the
# process and not to the poller that comes first, so it is opened here, before there is any.
uvloop.new_event_loop().close()


def make() -> LoopPoller:
    """Make a poller over a new uvloop loop."""
    return LoopPoller(uvloop.new_event_loop())


make.native = True  # type: ignore[attr-defined]  # read by the judge: libuv's calls are out of the fake kernel's reach
