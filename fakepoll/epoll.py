"""epoll: an interest set, a ready list, and the one mechanism from which every mode follows.

`epoll_wait` never looks for changes. An *item* (one registration) gets onto the **ready list** in two ways: a wake
with a matching key reaches it, or ADD or MOD finds its file ready. `epoll_wait` takes the list from the front and
asks each file again; what it returns is the full present mask, cut down to the interest.

* *Level*: after delivery the item goes back to the tail of the list. So it is asked again next time, it disappears
  only when a wait finds it not ready, and with few places per wait the ready files take turns.
* *Edge*: it does not go back. Only the next wake, or MOD, lists it again, whether or not the data was taken.
* *One-shot*: its interest becomes empty, HUP and ERR included, until MOD. A wake does not list an empty interest.
* A wake with key K is dropped by an item with no bit of K in its interest; key 0, a change of state, passes every
  filter. Since the answer is the full mask, an edge registration for both directions hears OUT when data arrives,
  and OUT alone when the data was drained before it asked.
* The key of an item is (file, fd number). A file that lives on in a dup keeps the registration of a closed number,
  which nobody can remove any more; the last close of the file removes all its items, queued events included.
* An epoll is a file: its mask asks its items in ready-list order and drops those that are not ready. It is woken
  when an item of its is listed or hit again, so an outer edge is told of each inner wake.

Rules and order: `fs/eventpoll.c` (ep_poll_callback, ep_send_events, ep_insert, ep_modify, ep_loop_check).
"""

from __future__ import annotations

import errno
from collections import OrderedDict
from typing import TYPE_CHECKING

from fakepoll.abi import ALWAYS, ET, IN, ONESHOT, PRIVATE, READABLE, fail, mask_text
from fakepoll.file import File
from fakepoll.readiness import explain_fd

if TYPE_CHECKING:
    from fakepoll.kernel import Kernel

Event = tuple[int, int]

MAX_NESTS = 4
"""An epoll may watch an epoll, five of them in a chain (fs/eventpoll.c:EP_MAX_NESTS)."""
PATH_LIMITS = (1000, 500, 100, 50, 10)
"""How many paths of length 1 to 5 may lead from one file to outermost epolls; the first is not enforced."""


class Item:
    """One registration: a file and a number, what is asked of it, and whether it is told by edge or once.

    `mask` holds the conditions alone; it is zero exactly while a one-shot registration is disabled.
    """

    __slots__ = ("data", "edge", "epoll", "fd", "file", "mask", "oneshot")

    def __init__(self, epoll: Epoll, file: File, fd: int) -> None:
        self.epoll = epoll
        self.file = file
        self.fd = fd
        self.mask = 0
        self.edge = False
        self.oneshot = False
        self.data = 0

    def ask(self, events: int, data: int) -> None:
        """Set what is asked: conditions, to which ERR and HUP always belong, mode, and the caller's label."""
        self.mask = (events & ~PRIVATE) | ALWAYS
        self.edge = bool(events & ET)
        self.oneshot = bool(events & ONESHOT)
        self.data = data

    def wake(self, key: int) -> None:
        """Be told of a change: get onto the ready list if the key matches, and tell whoever watches this epoll."""
        mask = self.mask
        if not mask or (key and not key & mask):
            return
        epoll = self.epoll
        epoll.ready[self] = None
        if epoll.waiters:
            epoll.wake(IN)

    def describe(self) -> str:
        """Print the registration as a person reads it: `fd 5 IN|OUT edge`."""
        if not self.mask:
            return f"fd {self.fd} disabled (one-shot, told)"
        asked = self.mask & ~ALWAYS
        mode = " edge" if self.edge else ""
        return f"fd {self.fd} {mask_text(asked, '') if asked else 'ERR|HUP'}{mode}{' oneshot' * self.oneshot}"


class Epoll(File):
    """An epoll instance; `items` is the interest set in order of ADD, `ready` the ready list."""

    __slots__ = ("items", "ready")

    kind = "epoll"
    mode = 0o600

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        self.items: dict[tuple[File, int], Item] = {}
        self.ready: OrderedDict[Item, None] = OrderedDict()

    def mask(self) -> int:
        """IN|RDNORM if a listed item is ready; forgets nothing."""
        return READABLE if any(item.file.mask() & item.mask for item in self.ready) else 0

    def poll(self, asked: int) -> int:
        """As `mask`, but items found not ready at the front leave the list (ep_eventpoll_poll)."""
        ready = self.ready
        while ready:
            item = next(iter(ready))
            if item.file.poll(item.mask) & item.mask:
                return READABLE
            del ready[item]
        return 0

    def harvest(self, limit: int) -> list[Event]:
        """Take at most `limit` events off the ready list (ep_send_events).

        Unvisited items stay in front of those that go back, which is what makes the files take turns.
        """
        ready = self.ready
        events: list[Event] = []
        for _ in range(len(ready)):
            item, _ = ready.popitem(last=False)
            found = item.file.poll(item.mask) & item.mask
            if not found:
                continue
            events.append((item.data, found))
            if item.oneshot:
                item.mask = 0
            elif not item.edge:
                ready[item] = None
            if len(events) == limit:
                break
        return events

    def add(self, file: File, fd: int, events: int, data: int) -> None:
        """EPOLL_CTL_ADD, after the checks of the arguments."""
        if isinstance(file, Epoll):
            self._check_nesting(file)
        if (file, fd) in self.items:
            fail(errno.EEXIST)
        item = Item(self, file, fd)
        item.ask(events, data)
        self.items[file, fd] = item
        file.waiters[item] = None
        if (self.waiters or isinstance(file, Epoll)) and not self._paths_fit(file):
            self.remove(item)
            fail(errno.EINVAL)
        self._list_if_ready(item)

    def modify(self, file: File, fd: int, events: int, data: int) -> None:
        """EPOLL_CTL_MOD: arms again; an item that is already listed keeps its place."""
        item = self.find(file, fd)
        item.ask(events, data)
        self._list_if_ready(item)

    def delete(self, file: File, fd: int) -> None:
        """EPOLL_CTL_DEL: a queued event disappears with the registration."""
        self.remove(self.find(file, fd))

    def find(self, file: File, fd: int) -> Item:
        """Find a registration, or ENOENT."""
        item = self.items.get((file, fd))
        if item is None:
            fail(errno.ENOENT)
        return item

    def remove(self, item: Item) -> None:
        """Take an item out of the interest set, the ready list and its file's wait queue."""
        del self.items[item.file, item.fd]
        del item.file.waiters[item]
        self.ready.pop(item, None)

    def release(self) -> None:
        """The last close of the epoll: its files forget it."""
        for item in list(self.items.values()):
            self.remove(item)

    def explain(self) -> list[str]:
        """Say for each registration what was asked, what its file shows, and why that is not told."""
        return [self._explain(item) for item in self.items.values()] or ["epoll_wait on an epoll without files"]

    def _explain(self, item: Item) -> str:
        line = explain_fd(item.file, item.fd, item.describe().partition(" ")[2].partition(" ")[2])
        if item.mask and item.file.mask() & item.mask and item not in self.ready:
            line += "; that edge was told, and only a new one will be"
        return line

    def _list_if_ready(self, item: Item) -> None:
        """Only a newly listed item wakes the watchers; a wake through `Item.wake` always does."""
        if item.file.poll(item.mask) & item.mask and item not in self.ready:
            self.ready[item] = None
            self.wake(IN)

    def _check_nesting(self, target: Epoll) -> None:
        """ELOOP if `target` watches this epoll, or if the chain would be longer than five."""
        depth = target._depth_below(self, 0)
        if depth + 1 + self._depth_above(0) > MAX_NESTS:
            fail(errno.ELOOP)

    def _depth_below(self, forbidden: Epoll, level: int) -> int:
        """Length of the longest chain of epolls under this one, or too long if `forbidden` is in it."""
        if self is forbidden or level > MAX_NESTS:
            return MAX_NESTS + 1
        inner = [item.file for item in self.items.values() if isinstance(item.file, Epoll)]
        return max((epoll._depth_below(forbidden, level + 1) + 1 for epoll in inner), default=0)

    def _depth_above(self, level: int) -> int:
        if level > MAX_NESTS:
            return MAX_NESTS + 1
        return max((item.epoll._depth_above(level + 1) + 1 for item in self.waiters), default=0)

    def _paths_fit(self, target: File) -> bool:
        """Check `PATH_LIMITS` for each file that the new registration leads from (ep_insert's full check)."""
        files = target._files_below() if isinstance(target, Epoll) else {target: None}
        return all(_count_paths(file, 0, [0] * len(PATH_LIMITS)) for file in files)

    def _files_below(self) -> dict[File, None]:
        files: dict[File, None] = {}
        for item in self.items.values():
            if isinstance(item.file, Epoll):
                files.update(item.file._files_below())
            else:
                files[item.file] = None
        return files

    def describe(self) -> str:
        """Count the registrations and the listed ones."""
        return f"epoll of {len(self.items)}, {len(self.ready)} on the ready list"


def _count_paths(file: File, depth: int, counts: list[int]) -> bool:
    """Walk from a file up to the outermost epolls, counting paths by length (reverse_path_check_proc)."""
    if depth > MAX_NESTS:
        return False
    for item in file.waiters:
        outer = item.epoll
        if outer.waiters:
            if not _count_paths(outer, depth + 1, counts):
                return False
            continue
        counts[depth] += 1
        if depth and counts[depth] > PATH_LIMITS[depth]:
            return False
    return True
