"""A reference poller for Linux in the shape of Rust's mio: a readiness API, spelled out.

A program that talks to many peers must not wait for one of them. It sets its files non-blocking, tells a poll
which of them it wants to use, and asks the poll which can be used *now*:

    with impl.Poll() as poll:
        poll.register(sock, 7, impl.Interest.READABLE, impl.Trigger.LEVEL)
        for event in poll.poll(timeout=1.5):
            if event.token == 7 and event.readiness & impl.Readiness.READABLE:
                data = sock.recv(4096)

The *token* is a number of your choice by which the events of a registration are recognised. What an event
says is a fact of the past: another reader may have been faster, so a `BlockingIOError` after an event is no
error but news. End of file is news of the same kind: readable, and then a read of no bytes.

**When** a registration tells is its trigger:

- `LEVEL`: in each poll, as long as it is ready.
- `EDGE`: once each time it becomes ready. Being registered or reregistered while ready counts as becoming so.
  Whoever is told must read (write, accept) until `BlockingIOError`, because what he leaves is not told again.
- `| ONESHOT`: once, and then never, until it is reregistered.

**Who** can be registered: whatever has a `fileno()` that epoll accepts, and the user sources that
`Poll.user_readiness()` makes: their readiness is set by the program, from any thread. `Poll.waker(token)`
makes the simplest of these, a bell that can only ring. A type of your own becomes a source by deriving from
`Source` (`impl.source` says how); `impl.net` has sockets in this shape, `impl.timer` deadlines.

**How** it is done. Files are the kernel's business: `poll.py` keeps a table from fd to token, hands all else
to epoll and adds nothing to what epoll(7) promises. `interest.py` holds both translations, from interest to
epoll's bits and back. `user_readiness.py` does for user sources what epoll's ready list does for files.
`waker.py` is an eventfd. Begin with `Poll.poll`.

Linux only; the standard library only. `impl.adapters` shows this poller and others to the judge, and is never
imported from here.
"""

from __future__ import annotations

from impl.interest import Event, Interest, Readiness, Trigger
from impl.poll import HasFileno, Poll
from impl.source import Source
from impl.user_readiness import Setter, UserSource
from impl.waker import Waker

__all__ = ["Event", "HasFileno", "Interest", "Poll", "Readiness", "Setter", "Source", "Trigger", "UserSource", "Waker"]
