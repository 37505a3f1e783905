"""A bounded channel between threads: who sends too fast has to wait, and both sides learn of the end.

`queue.Queue` is bounded too, but until Python 3.13 it cannot be closed, and a thread that waits in it for ever cannot
be told to go home.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

__all__ = ["Channel"]

Item = TypeVar("Item")


class Channel(Generic[Item]):
    """First in, first out; at most `room` items. Any number of threads at either end."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._items: deque[Item] = deque()
        self._is_closed = False
        self._changed = threading.Condition()

    def send(self, item: Item) -> bool:
        """Wait for room and send; False if the channel is closed, and the item lost."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or len(self._items) < self._room)
            return self._put(item)

    def try_send(self, item: Item) -> bool:
        """Send if there is room; False if there is none, or the channel is closed."""
        with self._changed:
            return len(self._items) < self._room and self._put(item)

    def receive(self) -> Item | None:
        """Wait for an item; None if the channel is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._items)
            return None if self._is_closed else self._take()

    def take_all(self) -> list[Item]:
        """Take what is there, without waiting."""
        with self._changed:
            return [self._take() for _ in range(len(self._items))]

    def close(self) -> None:
        """End it, for both sides and at once: what has not been received is lost."""
        with self._changed:
            self._is_closed = True
            self._items.clear()
            self._changed.notify_all()

    def _put(self, item: Item) -> bool:
        if not self._is_closed:
            self._items.append(item)
            self._changed.notify_all()
        return not self._is_closed

    def _take(self) -> Item:
        self._changed.notify_all()
        return self._items.popleft()
