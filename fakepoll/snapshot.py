"""The whole kernel as a table that a person can read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fakepoll.abi import NS_PER_S, mask_text
from fakepoll.epoll import Epoll, Item

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel


def snapshot(kernel: Kernel) -> str:
    """Write time, fds with their files, the registrations of each epoll, scheduled actions, and who waits."""
    seconds, rest = divmod(kernel.clock.now_ns, NS_PER_S)
    lines = [f"time {seconds}.{rest:09d} s, {kernel.clock.pending()} scheduled"]
    rows: list[tuple[str, ...]] = [("fd", "file", "refs", "shows", "what")]
    for fd, file in kernel.fds.items():
        shows = mask_text(file.mask(), "")
        rows.append((str(fd), str(file.serial), str(file.refs), shows, _what(file.describe(), file.flags)))
    lines += _rows(rows)
    seen: dict[Epoll, int] = {}
    for fd, file in kernel.fds.items():
        if isinstance(file, Epoll) and file not in seen:
            seen[file] = fd
            lines.append(f"epoll {fd} watches")
            lines += [f"  {_registration(item, file)}" for item in file.items.values()] or ["  nothing"]
    if kernel.clock.waiter is not None:
        lines.append("somebody waits for")
        lines += [f"  {line}" for line in kernel.clock.waiter.explain()]
    return "\n".join(lines) + "\n"


def _what(text: str, flags: int) -> str:
    return text if flags & os.O_NONBLOCK else f"{text}, blocking"


def _registration(item: Item, epoll: Epoll) -> str:
    queued = f", number {list(epoll.ready).index(item) + 1} on the ready list" if item in epoll.ready else ""
    return f"{item.describe()}: file {item.file.serial}{queued}"


def _rows(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
