"""VARIANTS: fake kernels with one wrong rule each. A twin test that does not notice them proves nothing.

A row names a function of `fakepoll` and replaces a piece of its source; the piece must occur exactly once, so a row
cannot outlive the code it is about. `unseen` explains a variant that no program could ever notice.
`python -m tests.twin.variants` prints how many calls each one survives.
"""

from __future__ import annotations

import argparse
import inspect
import random
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module

from tests.twin.compare import Difference, Twins, twins
from tests.twin.program import Program
from tests.twin.worlds import Answer, contiguous

LENGTH = 500


@dataclass(frozen=True, slots=True)
class Variant:
    """One wrong rule: in `where` (module:qualified name) `right` reads `wrong`."""

    rule: str
    where: str
    right: str
    wrong: str
    family: str = "local"
    unseen: str = ""


VARIANTS: tuple[Variant, ...] = (
    Variant("a wake ignores its key", "epoll:Item.wake", "(key and not key & mask)", "False"),
    Variant("a wake with key 0 is filtered too", "epoll:Item.wake", "(key and not key & mask)", "not key & mask"),
    Variant("a wake reaches a fired one-shot", "epoll:Item.wake", "not mask or", ""),
    Variant("a repeated wake moves the item to the tail", "epoll:Item.wake",
            "epoll.ready[self] = None", "epoll.ready[self] = None; epoll.ready.move_to_end(self)"),
    Variant("an inner wake is told outside only when newly listed", "epoll:Item.wake",
            "if epoll.waiters:", "if epoll.waiters and len(epoll.ready) == 1:"),
    Variant("the wait queue is served oldest first", "file:File.wake", "reversed(self.waiters)", "list(self.waiters)"),
    Variant("a level item goes back to the front", "epoll:Epoll.harvest",
            "ready[item] = None", "ready[item] = None; ready.move_to_end(item, last=False)"),
    Variant("an edge item goes back like a level one", "epoll:Epoll.harvest", "elif not item.edge:", "else:"),
    Variant("a one-shot item stays armed", "epoll:Epoll.harvest", "item.mask = 0", "pass"),
    Variant("a fired one-shot still shows HUP and ERR", "epoll:Epoll.harvest", "item.mask = 0", "item.mask = 24"),
    Variant("an item is told although its file is no longer ready", "epoll:Epoll.harvest",
            "found = item.file.poll(item.mask) & item.mask",
            "found = item.file.poll(item.mask) & item.mask or item.mask & 1"),
    Variant("MOD does not arm again", "epoll:Epoll.modify", "self._list_if_ready(item)", "pass"),
    Variant("MOD moves a listed item to the tail", "epoll:Epoll.modify",
            "item.ask(events, data)", "item.ask(events, data); self.ready.pop(item, None)"),
    Variant("ADD does not look whether the file is ready", "epoll:Epoll.add", "self._list_if_ready(item)", "pass"),
    Variant("the key of an item is its file alone", "epoll:Epoll.add",
            "if (file, fd) in self.items:", "if any(known is file for known, _ in self.items):"),
    Variant("a queued event survives DEL", "epoll:Epoll.remove", "self.ready.pop(item, None)", "pass"),
    Variant("polling an epoll forgets nothing", "epoll:Epoll.poll", "del ready[item]", "return 0"),
    Variant("an epoll may be nested once less", "epoll:Epoll._check_nesting", "> MAX_NESTS", "> MAX_NESTS - 1"),
    Variant("a unix socket is writable while half is free", "unix:UnixStream.mask",
            "(self.wmem + 1) * 4 <=", "(self.wmem + 1) * 2 <="),
    Variant("only a socket that was full is told of room", "unix_socket:Chunk.free",
            "(sender.wmem + 2) * 4 <= sender.sndbuf",
            "(sender.wmem + 2) * 4 <= sender.sndbuf < (sender.wmem + self.charge + 1) * 4"),
    Variant("one chunk is charged what it holds", "unix:UnixStream._queue", "truesize(len(piece))", "len(piece)"),
    Variant("the peer is not told of a shutdown", "unix:UnixStream.shutdown", "self.peer.wake(KEY_STATE)", "pass"),
    Variant("closing with unread data is a clean end", "unix:UnixStream._release",
            "peer.error = errno.ECONNRESET", "pass"),
    Variant("a listener holds no more than its backlog", "unix:UnixStream.connect",
            "> listener.backlog", ">= listener.backlog"),
    Variant("the pending error comes before the data", "unix:UnixStream.receive",
            "data = self._peek", "self.raise_error()\n    data = self._peek"),
    Variant("a connection is told to the client as well", "unix:UnixStream.connect",
            "listener.wake(KEY_DATA)", "listener.wake(KEY_DATA); self.wake(KEY_STATE)"),
    Variant("a pipe at its end is readable", "pipe:PipeReader.mask", "else HUP", "else HUP | READABLE"),
    Variant("a refused write wakes nobody", "pipe:PipeWriter.write",
            "if was_empty or pipe.polled:", "if stored and (was_empty or pipe.polled):"),
    Variant("a pipe is told of every write", "pipe:PipeWriter.write", "if was_empty or pipe.polled:", "if True:",
            unseen="a registration has polled the pipe before it can be told, and that alone sets the flag"),
    Variant("every read of a pipe tells the writer", "pipe:PipeReader.read", "was_full and ", ""),
    Variant("a pipe counts bytes, not slots", "pipe:PipeWriter.mask",
            "len(pipe.slots) < pipe.limit", "pipe.unread() < 65536"),
    Variant("an eventfd that is read tells nobody", "eventfd:EventFd.read", "self.wake(OUT)", "pass"),
    Variant("adding 0 to an eventfd tells nobody", "eventfd:EventFd.write", "self.wake(IN)", "added and self.wake(IN)"),
    Variant("an eventfd has no top", "eventfd:EventFd.mask", "self.count < TOP - 1", "True"),
    Variant("the highest free number is next", "fdtable:FdTable.close",
            "heapq.heappush(self._free, fd)", "heapq.heappush(self._free, fd) if fd + 1 in self.files else None"),
    Variant("a datagram sender waits for room that it did not ask for", "unix_datagram:UnixDatagram.poll",
            "asked & WRITABLE_BAND and ", ""),
    Variant("peeking at a datagram makes no room", "unix_datagram:UnixDatagram.receive",
            "self._wake_waiting(KEY_SPACE)", "peek or self._wake_waiting(KEY_SPACE)"),
    Variant("one datagram less fits into a queue", "unix_datagram:UnixDatagram._is_full",
            "len(self.queue) >", "len(self.queue) >="),
    Variant("a reset loses what was received", "connection:Connection.fail_with",
            "self.outbox.clear()", "self.outbox.clear(); self.inbox.clear()", "tcp"),
    Variant("a reset after a FIN is ECONNRESET", "connection:Connection.arrive_reset",
            "ERROR_OF_RESET.get(self.state, errno.ECONNRESET)", "errno.ECONNRESET", "tcp"),
    Variant("a FIN is told as data only", "connection:Connection.arrive_fin", "self.wake(KEY_STATE)", "pass", "tcp"),
    Variant("a FIN is told as a change of state only", "connection:Connection.arrive_fin",
            "self.wake(KEY_DATA)", "pass", "tcp",
            unseen="key 0 passes every filter, so whoever the data key would reach has just been reached"),
    Variant("the end of a stream hangs up", "connection:Connection.mask",
            "state == CLOSE or shut == SHUT_BOTH", "state == CLOSE or shut", "tcp"),
    Variant("a pending error comes before the end of the stream", "tcp:Tcp.receive",
            "if not self.done:", "if True:", "tcp"),
    Variant("connect succeeds at once", "tcp:Tcp.connect", "fail(errno.EINPROGRESS)", "return", "tcp"),
    Variant("the client is not told that it is connected", "tcp:Tcp._establish",
            "self.wake(KEY_STATE)", "pass", "tcp"),
    Variant("own shutdown tells nobody", "tcp:Tcp.shutdown", "self.wake(KEY_STATE)", "pass", "tcp"),
    Variant("SO_LINGER is not inherited", "tcp:Tcp._establish",
            "child.linger, child.rcvlowat, child.shut = listener.linger,",
            "child.linger, child.rcvlowat, child.shut = None,", "tcp"),
    Variant("close with unread data sends a FIN", "tcp:Tcp.release", "self.inbox or", "", "tcp"),
    Variant("a sent datagram does not tell its sender of room", "udp:Udp.send",
            "self.wake(KEY_SPACE)", "pass", "tcp"),
    Variant("nobody hears that a datagram found no receiver", "udp:Udp.send",
            "self.error = errno.ECONNREFUSED", "pass", "tcp"),
)  # fmt: skip


@contextmanager
def in_force(variant: Variant) -> Iterator[None]:
    """Break the rule for a while."""
    module_name, _, path = variant.where.partition(":")
    module = import_module(f"fakepoll.{module_name}")
    holder: object = module
    *owners, name = path.split(".")
    for owner in owners:
        holder = getattr(holder, owner)
    original = getattr(holder, name)
    source = textwrap.dedent(inspect.getsource(original))
    if source.count(variant.right) != 1:
        raise LookupError(f"{variant.where} has {source.count(variant.right)} times {variant.right!r}")
    names: dict[str, object] = {}
    exec(source.replace(variant.right, variant.wrong), vars(module), names)
    setattr(holder, name, names[name])
    try:
        yield
    finally:
        setattr(holder, name, original)


@dataclass(frozen=True, slots=True)
class Trial:
    """Programs with Linux's answers, performed once and put to every variant."""

    pair: Twins
    answered: dict[str, list[tuple[Program, list[Answer]]]]

    def notice(self, variant: Variant) -> tuple[int, Difference | None]:
        """Give the calls until a variant is noticed, and how."""
        calls = 0
        with in_force(variant):
            for program, answers in self.answered[variant.family]:
                difference = self.pair.check(program, answers)
                if difference is not None:
                    return calls + difference.index + 1, difference
                calls += len(program)
        return calls, None


def prepare(base: int, programs: int, families: tuple[str, ...] = ("local", "tcp")) -> Trial:
    """Perform random programs on this machine."""
    pair = twins(base)
    answered = {
        family: [pair.draw(random.Random(f"{family}-{seed}").randrange, family, LENGTH) for seed in range(programs)]
        for family in families
    }
    return Trial(pair, answered)


def main() -> int:
    """Print how many calls each variant survives."""
    parser = argparse.ArgumentParser(prog="python -m tests.twin.variants", description=main.__doc__)
    parser.add_argument("--programs", type=int, default=100)
    options = parser.parse_args()
    with contiguous() as base:
        trial = prepare(base, options.programs)
        for variant in VARIANTS:
            calls, difference = trial.notice(variant)
            seen = "" if difference else f" NOT NOTICED: {variant.unseen or 'unexplained'}"
            print(f"{calls:7} calls: {variant.rule}{seen}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
