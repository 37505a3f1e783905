"""Threads: joined, failing, sending, meeting, sharing, and working in a pipeline.

Each function is one of the third text's programs. Where its results come in an order that the machine chooses, they are
sorted, so that the program says the same each time. Run it: `python examples/threads.py`.
"""

from __future__ import annotations

import queue
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
THREADS = 5


def joins() -> list[str]:
    """Wait for threads instead of sleeping a little and hoping."""
    said: list[str] = []
    threads = [threading.Thread(target=said.append, args=(f"hello {number}",)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(said)


def fails_alone() -> str:
    """Let a thread fail: the others go on, and whoever asks for its result learns why there is none."""
    with ThreadPoolExecutor(1) as pool:
        failed = pool.submit(int, "I give up!").exception()
    return f"{type(failed).__name__}: {failed}"


def sends() -> list[str]:
    """Several senders, one receiver. Receiving as many as were sent needs no join."""
    channel: queue.SimpleQueue[str] = queue.SimpleQueue()
    for number in range(THREADS):
        threading.Thread(target=channel.put, args=(f"hello {number}",)).start()
    return sorted(channel.get() for _ in range(THREADS))


def keeps_pace(items: int = 5) -> tuple[list[int], int]:
    """Send over a channel with room for one: answers what came, and how far the sender was ever ahead."""
    channel: queue.Queue[int] = queue.Queue(1)
    ahead = 0

    def send() -> None:
        for number in range(items):
            channel.put(number)  # waits while the one before is still there

    sender = threading.Thread(target=send)
    sender.start()
    received = []
    for _ in range(items):
        ahead = max(ahead, channel.qsize())
        received.append(channel.get())
    sender.join()
    return received, ahead


def meets() -> list[str]:
    """A barrier: nobody is after it before everybody has been in front of it."""
    barrier = threading.Barrier(THREADS)
    said: list[str] = []

    def walk() -> None:
        said.append("before")
        barrier.wait()
        said.append("after")

    threads = [threading.Thread(target=walk) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def shares(steps: int = 1000) -> int:
    """A lock around what several threads change, held as shortly as possible."""
    lock = threading.Lock()
    answer = 0

    def count() -> None:
        nonlocal answer
        for _ in range(steps):
            with lock:
                answer += 1

    threads = [threading.Thread(target=count) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answer


def pipeline(work: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """Work on many things at once. Unlike the text's, the results come in the order of the items."""
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(work, items)


def look_up(host: str) -> str:
    """Look an address up: slow for names, which is why many are looked up at once."""
    try:
        family, *_, address = socket.getaddrinfo(host, 80, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        return f"{host}: unknown"
    return f"{host}: {socket.AddressFamily(family).name} {address[0]}"


def main() -> int:
    """Show all of it."""
    print("joined:", *joins(), sep=" ")
    print("failed alone:", fails_alone())
    print("sent:", *sends(), sep=" ")
    print("kept pace: {}, never more than {} ahead".format(*keeps_pace()))
    print("met:", *meets(), sep=" ")
    print("shared:", shares())
    print("pipeline:", *pipeline(lambda number: number + 1, range(10), 4), sep=" ")
    print("addresses:", *pipeline(look_up, ("127.0.0.1", "::1", "not an address"), 3), sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
