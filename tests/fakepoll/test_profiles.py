"""The profiles fit the installed libraries, and say so loudly when they do not."""

from __future__ import annotations

import asyncio.base_events
import socket
from importlib import import_module

import pytest

import fakepoll
from fakepoll.patch import ProfileError
from fakepoll.profiles import FIRST_FD, KINDS, LOOPS, Entry


@pytest.mark.parametrize("loop", LOOPS)
def test_profile_fits_and_restores(loop: str) -> None:
    """Every row of a profile is in force inside the block and undone after it."""
    before = [attribute(entry) for entry in LOOPS[loop]]
    with fakepoll.patched(fakepoll.Kernel(), profiles=[loop]):
        inside = [attribute(entry) for entry in LOOPS[loop]]
    assert [entry for entry, a, b in zip(LOOPS[loop], before, inside, strict=True) if a is b] == []
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


def attribute(entry: Entry) -> object:
    """Look up what a row names."""
    held: object = import_module(entry.module)
    for name in entry.attribute.split("."):
        held = getattr(held, name)
    return held
