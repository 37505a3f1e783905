"""Channels that make a sender wait, and threads that work at both ends of them."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from impl.servers.channel import Channel
from impl.servers.workers import Workers

LONG = 30


def started(target: Callable[[], object]) -> threading.Thread:
    """Start a thread."""
    thread = threading.Thread(target=target)
    thread.start()
    return thread


def test_a_full_channel_makes_its_sender_wait() -> None:
    """Until somebody has received; the order is that of sending."""
    channel: Channel[int] = Channel(2)
    sent: list[int] = []

    def send() -> None:
        for number in range(10):
            sent.append(number)  # about to be sent: at most two are in the channel, and one on its way
            channel.send(number)

    sender = started(send)
    for number in range(10):
        assert channel.receive() == number
        assert len(sent) <= number + 4
    sender.join(LONG)
    assert sent == list(range(10))


def test_what_does_not_fit_is_refused_without_waiting() -> None:
    """And fits again when something has been taken."""
    channel: Channel[int] = Channel(2)
    assert [channel.try_send(number) for number in range(3)] == [True, True, False]
    assert channel.take_all() == [0, 1]
    assert channel.try_send(3)


def test_closing_frees_both_sides() -> None:
    """Who waits to send learns that it is over, and so does who waits to receive."""
    full: Channel[int] = Channel(1)
    empty: Channel[int] = Channel(1)
    full.send(0)
    ended: list[object] = []
    threads = [started(lambda: ended.append(full.send(1))), started(lambda: ended.append(empty.receive()))]
    full.close()
    empty.close()
    for thread in threads:
        thread.join(LONG)
    assert sorted(map(repr, ended)) == ["False", "None"]
    assert not full.try_send(2)
    assert full.take_all() == []


def test_workers_answer_every_job() -> None:
    """In any order, each with its token; the waker is rung for each."""
    done = threading.Semaphore(0)
    workers = Workers(bytes.upper, done.release, threads=4, room=8)
    results = []
    try:
        for token in range(100):
            while not workers.submit(token, b"job %d" % token):
                assert done.acquire(timeout=LONG)
                results += workers.take_results()
        while len(results) < 100:
            assert done.acquire(timeout=LONG)
            results += workers.take_results()
    finally:
        workers.close()
    assert sorted(results) == [(token, b"JOB %d" % token) for token in range(100)]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_work_that_fails_ends_its_thread_only() -> None:
    """Its job is answered None, and the others go on."""
    done = threading.Semaphore(0)

    def work(data: bytes) -> bytes:
        return b"%d" % (1 // len(data))

    workers = Workers(work, done.release, threads=2, room=8)
    try:
        for token, data in enumerate((b"", b"x", b"x")):
            assert workers.submit(token, data)
            assert done.acquire(timeout=LONG)
        assert workers.take_results() == [(0, None), (1, b"1"), (2, b"1")]
    finally:
        workers.close()


def test_closing_waits_for_running_work_and_drops_the_rest() -> None:
    """No thread is left behind, though nobody takes the results."""
    begun, go_on = threading.Event(), threading.Event()

    def work(data: bytes) -> bytes:
        begun.set()
        go_on.wait(LONG)
        return data

    before = threading.active_count()
    workers = Workers(work, lambda: None, threads=1, room=1)
    assert workers.submit(0, b"running")
    assert begun.wait(LONG)
    assert workers.submit(1, b"waiting")
    assert not workers.submit(2, b"no room")
    go_on.set()
    workers.close()
    assert threading.active_count() == before
    assert not workers.submit(3, b"closed")
