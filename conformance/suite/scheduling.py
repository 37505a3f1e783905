"""Under pytest-xdist, the items that share a run go to one worker. Imported only where xdist is."""

from __future__ import annotations

import re

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # xdist has no types

__all__ = ["RunScheduling"]

_ITEM = re.compile(r"::test_(?:guarantee\[[A-Z]{3}-\d\d-|claims\[)(?P<run>.+)\]$")


class RunScheduling(LoadScopeScheduling):  # type: ignore[misc]  # as above
    """A scope is a run, one poller on one world; a test that is not ours is a scope of its own.

    (`--dist loadgroup` would do, but groups nothing on pytest 9.2 with xdist 3.8.)
    """

    def _split_scope(self, nodeid: str) -> str:
        item = _ITEM.search(nodeid)
        return item["run"] if item else nodeid
