"""Every test that CPython has of select and selectors passes on the fake kernel, but for a list with reasons."""

from __future__ import annotations

import unittest
import warnings
from collections.abc import Iterator
from importlib import import_module

import pytest

import fakepoll
from tests.fakepoll.cpython.exceptions import EXCEPTIONS

MODULES = ("test_epoll", "test_poll", "test_select", "test_selectors")
PLENTY = fakepoll.Limits(nofile=1 << 17)


def cases(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    """Walk the tests of a suite."""
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from cases(test)
        else:
            yield test


def names(test: unittest.TestCase) -> tuple[str, str]:
    """Give the id of a test without its package, and the same for any class."""
    _, module, owner, method = test.id().split(".")
    return f"{module}.{owner}.{method}", f"{module}.*.{method}"


LOADER = unittest.defaultTestLoader
TESTS = [test for name in MODULES for test in cases(LOADER.loadTestsFromModule(import_module(f"test.{name}")))]
RUNNABLE = [
    test
    for test in TESTS
    if not EXCEPTIONS.keys() & set(names(test))
    and not getattr(type(test), "__unittest_skip__", False)  # kqueue and /dev/poll
]


@pytest.mark.parametrize("test", RUNNABLE, ids=lambda test: names(test)[0])
def test_cpython_test_passes_on_the_fake_kernel(test: unittest.TestCase) -> None:
    """CPython cannot tell the stand-ins from the modules they stand in for."""
    kernel = fakepoll.Kernel(limits=PLENTY)
    result = unittest.TestResult()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # some of the tests leave a socket to the collector
        with fakepoll.patched(kernel, modules=[type(test).__module__]):
            test.run(result)
    assert not result.errors + result.failures, (result.errors + result.failures)[0][1]
    if result.skipped:
        pytest.skip(result.skipped[0][1])


def test_every_exception_names_a_test_and_a_reason() -> None:
    """The list does not rot: what CPython renamed or removed has to leave it."""
    known = {name for test in TESTS for name in names(test)}
    assert [name for name in EXCEPTIONS if name not in known] == []
    assert all(EXCEPTIONS.values())
    assert len(RUNNABLE) >= 80
