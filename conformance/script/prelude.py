"""The helpers that a script may need, as source: a script contains those that it calls, and no others.

They do what the worlds do (`worlds/`): the same options on the same sockets, since a bug may hang on a buffer's size.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping

__all__ = ["helpers_for"]

_SHARED = {
    "Fd": '''\
@dataclass(frozen=True)
class Fd:
    """A source is any object with fileno()."""

    fd: int

    def fileno(self):
        return self.fd
''',
    "nonblocking": '''\
def nonblocking(*ends):
    """Set O_NONBLOCK on each socket."""
    for end in ends:
        os.set_blocking(end.fileno(), False)
    return ends
''',
    "small": '''\
def small(end):
    """Make the buffers of a socket small, so that they are soon full."""
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        end.setsockopt(socket.SOL_SOCKET, option, 1 << 14)
    return end
''',
    "listen": '''\
def listen():
    """Make a TCP listener on loopback."""
    listener = small(socket.socket())
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    return listener
''',
    "door": "door = listen()\n",
    "nobody": """\
nobody = socket.socket()  # bound, and not listening
nobody.bind(("127.0.0.1", 0))
""",
    "tcp_pair": '''\
def tcp_pair():
    """Make a connected pair of TCP sockets on loopback, without Nagle's delay."""
    client = small(socket.socket())
    client.connect(door.getsockname())
    server, _ = door.accept()
    for end in (client, server):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return nonblocking(client, server)
''',
    "udp_pair": '''\
def udp_pair():
    """Make two UDP sockets on loopback, each connected to the other."""
    ends = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "ab"]
    for end in ends:
        end.bind(("127.0.0.1", 0))
    ends[0].connect(ends[1].getsockname())
    ends[1].connect(ends[0].getsockname())
    return nonblocking(*ends)
''',
    "accept": '''\
def accept(listener):
    """Accept one connection."""
    server, _ = listener.accept()
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return nonblocking(server)[0]
''',
    "reset": '''\
def reset(end):
    """Close with SO_LINGER 0, so that the peer is reset."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()
''',
    "fill": '''\
def fill(end):
    """Write until WouldBlock."""
    with contextlib.suppress(OSError):
        while True:
            os.write(end, bytes(65536)) if isinstance(end, int) else end.send(bytes(65536))
''',
    "drain": '''\
def drain(end):
    """Read until WouldBlock or end of stream."""
    with contextlib.suppress(OSError):
        while os.read(end, 65536) if isinstance(end, int) else end.recv(65536):
            pass
''',
    "drain_event": '''\
def drain_event(fd):
    """Read an eventfd until WouldBlock."""
    with contextlib.suppress(OSError):
        while True:
            os.eventfd_read(fd)
''',
    "accept_all": '''\
def accept_all(listener):
    """Accept, and close, until WouldBlock."""
    with contextlib.suppress(OSError):
        while True:
            listener.accept()[0].close()
''',
    "send_noted": '''\
def send_noted(end, count):
    """Send the next bytes of a known pattern, and note them in `sent`."""
    data = bytes(index % 251 for index in range(len(sent), len(sent) + count))
    done = os.write(end, data) if isinstance(end, int) else end.send(data)
    sent.extend(data[:done])
''',
    "recv_noted": '''\
def recv_noted(end, count):
    """Read once, and note what came in `got`."""
    data = os.read(end, count) if isinstance(end, int) else end.recv(count)
    got.extend(data)
    return data
''',
    "drain_noted": '''\
def drain_noted(end):
    """Read until WouldBlock or end of stream, and note what came."""
    with contextlib.suppress(OSError):
        while recv_noted(end, 65536):
            pass
''',
    "told": '''\
def told(token, events):
    """What these events tell of one token: a readiness each."""
    return [readiness for which, readiness in events if which == token]
''',
    "poll_while": '''\
def poll_while(act, timeout, token=None):
    """Poll until another thread, after 20 ms, has done `act`, and then until an event came (for `token`, if given).

    Answer how many polls came back before it acted, the events since then, and how long the last poll took.
    """
    begun, events, returns, lasted = [], [], 0, 0.0
    join = after_20_ms(lambda: (begun.append(True), act()))
    for _ in range(24):
        started = time.monotonic()
        found = poller.poll(timeout)
        lasted = time.monotonic() - started
        if not begun:
            returns += 1
            continue
        events += found
        if any(token in (None, which) for which, _ in events):
            break
    join()
    return returns, events, lasted
''',
    "dispatch": '''\
def dispatch(timeout, act=lambda: None):
    """Call poll_each once; the handler of its first event does `act`. Answer the events."""
    events = []

    def on_event(event):
        events.append(event)
        if len(events) == 1:
            act()

    poller.poll_each(timeout, on_event)
    return events
''',
    "poll_under_signals": '''\
def poll_under_signals(timeout):
    """Poll once while a signal handler runs every 5 ms, 60 times at most; answer the events, and how long it took."""
    stop = start_signals()
    started = time.monotonic()
    try:
        events = poller.poll(timeout)
    finally:
        stop()
    return events, time.monotonic() - started
''',
}
"""Helper -> its source. A helper may call those above it, but that what differs from world to world stands first."""

_REAL = {
    "open_fds": '''\
def open_fds():
    """The number of every open fd; the one through which they are listed no longer is."""
    return {fd for fd in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{fd}")}
''',
    "after_20_ms": '''\
def after_20_ms(act):
    """Have another thread act in 20 ms; answer what waits for it."""
    other = threading.Timer(0.02, act)
    other.start()
    return other.join
''',
    "start_signals": '''\
def start_signals():
    """Have a signal handler run every 5 ms, 60 times at most; answer what stops it."""
    came = []

    def handler(number, frame):
        came.append(number)
        if len(came) == 60:
            signal.setitimer(signal.ITIMER_REAL, 0)

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
    return lambda: signal.setitimer(signal.ITIMER_REAL, 0)
''',
}

_FAKE = {
    "open_fds": '''\
def open_fds():
    """The number of every open fd."""
    return {str(fd) for fd, _ in kernel.fds.items()}
''',
    "after_20_ms": '''\
def after_20_ms(act):
    """Have another thread act in 20 ms; answer what waits for it."""
    done = []
    kernel.schedule(20_000_000, lambda: (done.append(True), act()))
    return lambda: done or time.sleep(0.02)
''',
    "start_signals": '''\
def start_signals():
    """Have a signal handler run every 5 ms, 60 times at most; answer what stops it."""
    over = []
    signal.signal(signal.SIGALRM, lambda number, frame: None)
    for turn in range(1, 61):
        kernel.schedule(turn * 5_000_000, lambda: over or signal.raise_signal(signal.SIGALRM))
    return lambda: over.append(True)
''',
}

_MUTED = {
    "door": "with kernel.muted():\n    door = listen()\n",
    "nobody": "with kernel.muted():\n" + textwrap.indent(_SHARED["nobody"], "    "),
    "tcp_pair": _SHARED["tcp_pair"].replace(
        "    client.connect(door.getsockname())\n",
        "    with kernel.muted():\n        client.connect(door.getsockname())\n",
    ),
}
"""What differs where the kernel has faults: they hit what is judged, and not what is needed for it."""

_TABLES: Mapping[str, Mapping[str, str]] = {
    "real": {**_REAL, **_SHARED},
    "fake": {**_FAKE, **_SHARED},
    "faulty": {**_FAKE, **_SHARED, **_MUTED},
}
"""World -> its helpers."""


def helpers_for(body: str, world: str) -> list[str]:
    """The helpers that `body` calls, and those that these call, in an order in which they can be defined.

    Args:
        body: the script so far.
        world: `real`, `fake`, or `faulty`, a fake one that has faults.
    """
    needed: list[str] = []
    for name, source in reversed(list(_TABLES[world].items())):
        if re.search(rf"\b{name}\b", "\n".join([body, *needed])):
            needed.insert(0, source)
    return needed
