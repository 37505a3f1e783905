"""The journal between a worker and its parent."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from conformance.frames import JournalReader, make_journal


@pytest.fixture
def journal() -> Iterator[tuple[int, JournalReader]]:
    """A writer's fd and the reader."""
    fd = make_journal()
    writer = os.dup(fd)
    reader = JournalReader(fd)
    yield writer, reader
    os.close(writer)
    reader.close()


def test_lines_come_once_and_in_order(journal: tuple[int, JournalReader]) -> None:
    writer, reader = journal
    os.write(writer, b"one\ntwo\n")
    assert [*reader.lines()] == [b"one\n", b"two\n"]
    assert [*reader.lines()] == []
    os.write(writer, b"three\n")
    assert [*reader.lines()] == [b"three\n"]


def test_half_a_line_waits_for_the_rest(journal: tuple[int, JournalReader]) -> None:
    writer, reader = journal
    os.write(writer, b"one\ntw")
    assert [*reader.lines()] == [b"one\n"]
    os.write(writer, b"o\n")
    assert [*reader.lines()] == [b"two\n"]


def test_what_one_look_did_not_take_is_there_at_the_next(journal: tuple[int, JournalReader]) -> None:
    """A hello and the call that follows it may have been written together."""
    writer, reader = journal
    os.write(writer, b"one\ntwo\n")
    assert next(reader.lines()) == b"one\n"
    assert [*reader.lines()] == [b"two\n"]


def test_the_writer_goes_on_at_the_start_once_it_is_cleared(journal: tuple[int, JournalReader]) -> None:
    """The reader never moves the writer's offset, and the file does not grow from scenario to scenario."""
    writer, reader = journal
    os.write(writer, b"one\n")
    assert [*reader.lines()] == [b"one\n"]
    reader.clear()
    os.write(writer, b"two\n")
    assert os.fstat(writer).st_size == 4
    assert [*reader.lines()] == [b"two\n"]
