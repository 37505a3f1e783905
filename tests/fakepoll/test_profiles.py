"""The profiles fit the installed libraries, and say so loudly when they do not."""

from __future__ import annotations

import asyncio
import asyncio.base_events
import random
import socket
import threading
from importlib import import_module
from pathlib import Path

import pytest
import trio

import fakepoll
from fakepoll.patch import ProfileError
from fakepoll.profiles import FIRST_FD, KINDS, LOOPS, Entry


@pytest.mark.parametrize("loop", LOOPS)
def test_profile_fits_and_restores(loop: str) -> None:
    """Every row of a profile is in force inside the block and undone after it."""
    before = [attribute(entry) for entry in LOOPS[loop]]
    with fakepoll.patched(fakepoll.Kernel(), profiles=[loop]):
        inside = [attribute(entry) for entry in LOOPS[loop]]
    same = [entry for entry, a, b in zip(LOOPS[loop], before, inside, strict=True) if a is b]
    assert [entry for entry in same if entry.kind != "flag"] == []
    assert [attribute(entry) for entry in LOOPS[loop]] == before


@pytest.mark.parametrize("loop", LOOPS)
def test_fds_of_a_patched_library_cannot_touch_a_real_file(loop: str) -> None:
    """DESIGN 3.3: where a library is patched, `first_fd` is 1 << 20."""
    kernel = fakepoll.Kernel()
    with fakepoll.patched(kernel, profiles=[loop]), kernel.socket.socket() as made:
        assert made.fileno() == FIRST_FD == 1 << 20


def test_missing_attribute_fails_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that moved something is refused with its name; nothing was changed."""
    monkeypatch.delattr(asyncio.base_events, "time")
    with (
        pytest.raises(ProfileError, match=r"asyncio.*does not fit.*asyncio\.base_events\.time.*is missing"),
        fakepoll.patched(fakepoll.Kernel(), profiles=["asyncio"]),
    ):
        pass
    assert vars(asyncio.base_events)["socket"] is socket


@pytest.mark.parametrize("kind", ["module", "function", *KINDS])
def test_wrong_value_fails_by_name(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind of row knows what it must find."""
    monkeypatch.setattr(asyncio.base_events, "time", 7)
    monkeypatch.setitem(LOOPS, "moved", (Entry("asyncio.base_events", "time", kind),))
    with pytest.raises(ProfileError, match="holds 7"), fakepoll.patched(fakepoll.Kernel(), profiles=["moved"]):
        pass


def test_every_profile_is_documented() -> None:
    """docs/fake-kernel.md has a row for each."""
    page = (Path(__file__).parents[2] / "docs" / "fake-kernel.md").read_text()
    assert [loop for loop in LOOPS if f"| `{loop}` |" not in page] == []


def test_tasks_are_cancelled_in_the_order_of_their_creation() -> None:
    """`asyncio.run` cancels what is left in the order of a set; on the fake kernel that is no accident of addresses."""
    order: list[int] = []

    async def wait(number: int) -> None:
        try:
            await asyncio.sleep(7200)
        finally:
            order.append(number)

    async def main() -> None:
        tasks = [asyncio.create_task(wait(number)) for number in range(50)]
        await asyncio.sleep(1)
        assert len(tasks) == len(asyncio.all_tasks()) - 1

    with fakepoll.patched(fakepoll.Kernel(), profiles=["asyncio"]):
        asyncio.run(main())
    assert order == sorted(order) == list(range(50))


def test_executor_calls_run_inline() -> None:
    """Nothing starts a thread: the function has run, or raised, before it is awaited."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert await loop.run_in_executor(None, int, "7") == 7
        with pytest.raises(ValueError, match="seven"):
            await loop.run_in_executor(None, int, "seven")
        assert await asyncio.to_thread(threading.active_count) == before

    before = threading.active_count()
    with fakepoll.patched(fakepoll.Kernel(), profiles=["asyncio"]):
        asyncio.run(main())


def test_trio_threads_are_inline() -> None:
    """Looking up a name, for one, is a thread's work in trio; here it is done where it is asked for."""

    async def main() -> None:
        listeners = await trio.open_tcp_listeners(0, host="localhost")
        for listener in listeners:
            await listener.aclose()
        assert await trio.to_thread.run_sync(threading.active_count) == before

    before = threading.active_count()
    with fakepoll.patched(fakepoll.Kernel(), profiles=["trio"]):
        trio.run(main)


def test_trio_shuffles_by_the_seed_of_the_kernel() -> None:
    """Two runs with equal seeds shuffle alike."""
    with fakepoll.patched(fakepoll.Kernel(seed=3), profiles=["trio"]):
        shuffler = attribute(Entry("trio._core._run", "_r", "random"))
    assert isinstance(shuffler, random.Random)
    assert shuffler.random() == random.Random(3).random()


def attribute(entry: Entry) -> object:
    """Look up what a row names."""
    held: object = import_module(entry.module)
    for name in entry.attribute.split("."):
        held = getattr(held, name)
    return held
