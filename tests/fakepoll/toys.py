"""Five toy bugs that only bad luck shows, and how well the shipped encoding finds and shrinks them.

The client asks twenty questions of eight bytes over TCP and reads the answers; retries change the number of its
calls. The bugs are patterns of luck that it meets (reference/simulation.md 4.2):

* S1: one late fault. S2: two in adjacent calls. S3: three kinds in order.
* S4: eight partial reads with no refused or short write among them, which would reset the count.
* S5: one late fault, or four early ones.

`python -m tests.fakepoll.toys` prints the table of docs/faults.md.
"""

from __future__ import annotations

import contextlib
import itertools
import signal
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from fakepoll import Kernel, Schedule
from fakepoll.abi import IN
from fakepoll.faults import Decider
from fakepoll.strategies import fault_plans

ROUNDS = 20
LATE = 15
EARLY = 8
MESSAGE = b"question"
SEEDS = 8
EXAMPLES = 1000

Luck = list[tuple[int, str]]
"""What the client noticed: the round, and "part" (a short read), "full" (a refused or short write), "signal"."""


def _part(luck: Luck, since: int) -> bool:
    return any(what == "part" and turn >= since for turn, what in luck)


def _adjacent(luck: Luck) -> bool:
    return any(one[1] == two[1] == "part" and one[0] == two[0] for one, two in itertools.pairwise(luck))


def _in_order(luck: Luck) -> bool:
    wanted = ["part", "full", "signal"]
    for _, what in luck:
        if wanted and what == wanted[0]:
            del wanted[0]
    return not wanted


def _eight(luck: Luck) -> bool:
    count = 0
    for _, what in luck:
        count = count + 1 if what == "part" else 0 if what == "full" else count
        if count == 8:
            return True
    return False


def _late_or_four(luck: Luck) -> bool:
    return _part(luck, LATE) or sum(what == "part" and turn < EARLY for turn, what in luck) >= 4


TOYS: dict[str, tuple[Callable[[Luck], bool], int]] = {
    "S1": (lambda luck: _part(luck, LATE), 1),
    "S2": (_adjacent, 2),
    "S3": (_in_order, 3),
    "S4": (_eight, 8),
    "S5": (_late_or_four, 1),
}
"""Name to the bug and the smallest number of faults that show it."""


def converse(faults: Decider | Schedule | None) -> tuple[Luck, Schedule]:
    """Let the client ask; give what it noticed and what fell. A connection that ends is a clean end."""
    kernel = Kernel(faults=faults, trace=False)
    luck: Luck = []
    with contextlib.suppress(OSError, EOFError):
        _talk(kernel, luck)
    return luck, kernel.fired


def _talk(kernel: Kernel, luck: Luck) -> None:
    with kernel.calm():
        listener = kernel.socket.create_server(("127.0.0.1", 0))
        poller = kernel.select.epoll()
    with kernel.fault_scope():
        client = kernel.socket.socket()
    kernel.name(client, "client")
    with kernel.calm():
        client.connect(listener.getsockname())
        server, _ = listener.accept()
    for end in (client, server):
        end.setblocking(False)
    poller.register(client, IN)
    turn = 0
    kernel.signal.signal(signal.SIGUSR1, lambda *_: luck.append((turn, "signal")))
    for turn in range(ROUNDS):
        _ask(client, luck, turn, poller)
        _answer(server, kernel)
        _hear(client, luck, turn, poller)


def _ask(client: Any, luck: Luck, turn: int, poller: Any) -> None:
    rest = MESSAGE
    while rest:
        try:
            sent = client.send(rest)
        except BlockingIOError:
            sent = 0
        rest = rest[sent:]
        if rest:
            luck.append((turn, "full"))
            poller.poll(0.001)


def _answer(server: Any, kernel: Kernel) -> None:
    """Send back what was asked, when all of it has come; asleep, time passes for what is in flight."""
    question = b""
    while len(question) < len(MESSAGE):
        try:
            piece = server.recv(100)
        except BlockingIOError:
            kernel.time.sleep(0.2)
            continue
        if not piece:
            raise EOFError
        question += piece
    server.send(question)


def _hear(client: Any, luck: Luck, turn: int, poller: Any) -> None:
    answer = b""
    while len(answer) < len(MESSAGE):
        poller.poll(1)
        try:
            piece = client.recv(100)
        except BlockingIOError:
            continue
        if not piece:
            raise EOFError
        answer += piece
        if len(answer) < len(MESSAGE):
            luck.append((turn, "part"))
    assert answer == MESSAGE, "bytes come whole and in order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What one search came to: how many examples it took (None: not found), and the schedule it shrank to."""

    examples: int | None
    smallest: Schedule


class Found(AssertionError):
    """The bug."""


def search(toy: str, number: int, examples: int = EXAMPLES) -> Search:
    """Let Hypothesis find and shrink one toy bug from one seed."""
    bug = TOYS[toy][0]
    tries = 0
    found: int | None = None
    smallest = Schedule()

    @seed(number)
    @settings(
        max_examples=examples, database=None, deadline=None, print_blob=False, report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(faults=fault_plans())
    def run(faults: Decider) -> None:
        nonlocal tries, found, smallest
        tries += 1
        luck, fired = converse(faults)
        if bug(luck):
            found = found or tries
            smallest = fired
            raise Found

    with contextlib.suppress(Found):
        run()
    return Search(examples=found, smallest=smallest)


def table(seeds: int = SEEDS) -> list[tuple[str, ...]]:
    """Search every toy from every seed; the rows of the page."""
    rows: list[tuple[str, ...]] = []
    for toy, (bug, least) in TOYS.items():
        searches = [search(toy, number) for number in range(seeds)]
        found = [each for each in searches if each.examples is not None]
        minimal = sum(len(each.smallest) == least for each in found)
        again = [each.smallest.minimise(lambda schedule: bug(converse(schedule)[0])) for each in found]  # noqa: B023
        deleted = sum(len(each) == least for each in again)
        median = statistics.median([each.examples or 0 for each in found]) if found else 0
        rows.append((
            toy, f"{len(found)} of {seeds}", f"{median:g}", str(least), f"{minimal} of {len(found)}",
            f"{deleted} of {len(found)}",
        ))  # fmt: skip
    return rows


HEAD = ("bug", "found", "median examples", "least faults", "shrunk to them", "after `minimise`")


def main() -> None:
    """Print the table, measured."""
    for row in (HEAD, ("---",) * len(HEAD), *table()):
        print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
