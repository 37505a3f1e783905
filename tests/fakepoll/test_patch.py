"""What `patched` replaces, what it leaves alone, and that it puts everything back."""

from __future__ import annotations

import builtins
import os
import select
import socket
import warnings

import pytest

import fakepoll
from tests.fakepoll import subject

SUBJECT = subject.__name__


def held() -> list[object]:
    """List everything that the subject holds."""
    return [*vars(subject).values(), *vars(subject.Keeper).values()]


def globally(name: str) -> object:
    """Look up what the subject's globals hold."""
    return vars(subject)[name]


def test_globals_are_replaced_by_identity_whatever_their_name() -> None:
    """DESIGN 3.3: it replaces by identity, in module globals."""
    kernel = fakepoll.Kernel()
    with fakepoll.patched(kernel, modules=[SUBJECT]):
        assert globally("operating") is kernel.os
        assert globally("plugs") is kernel.socket
        assert globally("now") == kernel.time.monotonic


def test_class_attributes_are_replaced() -> None:
    """DESIGN 3.3: and in class attributes, static methods among them."""
    kernel = fakepoll.Kernel()
    with fakepoll.patched(kernel, modules=[SUBJECT]):
        assert vars(subject.Keeper)["poller"] is kernel.select.epoll
        before = kernel.time.monotonic()
        assert subject.Keeper.clock() - before < 1.0


def test_imports_inside_functions_yield_stand_ins() -> None:
    """DESIGN 3.3: import statements executed by the named modules yield stand-ins."""
    kernel = fakepoll.Kernel()
    with fakepoll.patched(kernel, modules=[SUBJECT]):
        assert subject.imports_late() == (kernel.socket, kernel.os.pipe)
    assert subject.imports_late() == (socket, os.pipe)


def test_modules_that_are_not_named_are_left_alone() -> None:
    """DESIGN 3.3: `patched` touches only the named modules."""
    with fakepoll.patched(fakepoll.Kernel(), modules=[SUBJECT]):
        import select as mine

        assert mine is select
        assert __import__("socket") is socket


def test_everything_is_restored() -> None:
    """After the block the module holds what it held, and so does `builtins`."""
    before, importing = held(), builtins.__import__
    with fakepoll.patched(fakepoll.Kernel(), modules=[SUBJECT]):
        assert held() != before
        assert builtins.__import__ is not importing
        subject.imports_globally()
    import fcntl

    assert vars(subject).pop("late") is fcntl
    assert held() == before
    assert builtins.__import__ is importing


def test_everything_is_restored_after_an_exception() -> None:
    """An exception out of the block changes nothing about that, and is not hidden by a leak."""
    before = held()
    with pytest.raises(FileNotFoundError), fakepoll.patched(fakepoll.Kernel(), modules=[SUBJECT]):
        subject.opens_nothing()
    assert held() == before


def test_calls_reach_the_fake_kernel() -> None:
    """What the subject opens exists on the fake kernel, and pure functions are the real ones."""
    kernel = fakepoll.Kernel(first_fd=700)
    with fakepoll.patched(kernel, modules=[SUBJECT]):
        assert subject.opens() == (700, 701)
        assert subject.joins("a", "b") == "a/b"
        for fd in (700, 701):
            kernel.os.close(fd)


def test_what_stays_open_is_reported() -> None:
    """The leak report names the fds."""
    with (
        pytest.warns(ResourceWarning, match=r"left open on the fake kernel: 700, 701"),
        fakepoll.patched(fakepoll.Kernel(first_fd=700), modules=[SUBJECT]),
    ):
        subject.opens()


def test_what_was_open_before_is_no_leak() -> None:
    """Only what the block opened can leak from it."""
    kernel = fakepoll.Kernel()
    kernel.os.pipe()
    with warnings.catch_warnings(), fakepoll.patched(kernel, modules=[SUBJECT]):
        warnings.simplefilter("error")


def test_two_kernels_never_meet_in_one_module() -> None:
    """A module lives on one kernel at a time; the refused patch changes nothing."""
    kernel = fakepoll.Kernel()
    with fakepoll.patched(kernel, modules=[SUBJECT]):
        with (
            pytest.raises(RuntimeError, match="patched already"),
            fakepoll.patched(fakepoll.Kernel(), modules=[SUBJECT]),
        ):
            pass
        assert globally("operating") is kernel.os


def test_two_kernels_serve_two_modules() -> None:
    """Different modules may live on different kernels at once."""
    one, two = fakepoll.Kernel(), fakepoll.Kernel()
    with fakepoll.patched(one, modules=[SUBJECT]), fakepoll.patched(two, modules=[__name__]):
        assert globally("operating") is one.os
        assert os is two.os
    assert os is globally("operating")


@pytest.mark.parametrize("name", ["socket", "os", "builtins"])
def test_the_originals_are_never_patched(name: str) -> None:
    """Patching what everybody imports would touch everybody."""
    with (
        pytest.raises(ValueError, match="name the modules that do"),
        fakepoll.patched(fakepoll.Kernel(), modules=[name]),
    ):
        pass


def test_an_unknown_profile_is_refused() -> None:
    """The message lists the profiles there are."""
    with (
        pytest.raises(ValueError, match=r"no such profile: 'curio' .*asyncio, tornado, trio"),
        fakepoll.patched(fakepoll.Kernel(), profiles=["curio"]),
    ):
        pass
