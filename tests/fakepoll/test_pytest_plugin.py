"""The fixture `kernel`, as a stranger's test suite sees it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import fakepoll

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
PLUGIN = "fakepoll.pytest_plugin"


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stranger's process find us, installed or not."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_fixture_is_a_patched_kernel(pytester: pytest.Pytester) -> None:
    """The mark says how the kernel is made and what is patched."""
    pytester.makepyfile(
        """
        import asyncio
        import pytest

        @pytest.mark.fakepoll(profiles=["asyncio"], seed=7)
        def test_two_hours(kernel):
            assert kernel.seed == 7
            asyncio.run(asyncio.sleep(7200))
            assert kernel.fds.first == 1 << 20

        def test_plain(kernel):
            one, two = kernel.socket.socketpair()
            one.send(b"x")
            assert two.recv(9) == b"x"
            one.close()
            two.close()
        """
    )
    run(pytester).assert_outcomes(passed=2)


def test_failure_shows_trace_and_snapshot(pytester: pytest.Pytester) -> None:
    """What the kernel did last, and what it holds, is in the report of a failure."""
    pytester.makepyfile(
        """
        def test_failing(kernel):
            reader, writer = kernel.os.pipe()
            try:
                assert kernel.os.write(writer, b"hello") == 7
            finally:
                kernel.os.close(reader)
        """
    )
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*fakepoll trace*", '*write(4, "hello", 5) = 5', "*fakepoll snapshot*", "*pipe*"])


def test_faults_by_seed(pytester: pytest.Pytester) -> None:
    """With `seeds` each seed is an item; what fell is in the report of a failure."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.fakepoll(faults="lossless", seeds=range(30))
        def test_seed(kernel):
            with kernel.fault_scope():
                try:
                    one, other = kernel.socket.socketpair()
                except OSError:
                    return
            one.send(b"hello")
            other.setblocking(False)
            data = other.recv(9)
            one.close()
            other.close()
            assert data == b"hello"
        """
    )
    result = run(pytester)
    outcomes = result.parseoutcomes()
    assert outcomes["passed"] + outcomes["failed"] == 30
    result.stdout.fnmatch_lines(["*_ test_seed[[]seed *", "*fakepoll faults*", "* = *"])


def test_leak_is_a_warning(pytester: pytest.Pytester) -> None:
    """A test that passes but leaves something open is warned; where warnings are errors, it errs."""
    pytester.makepyfile("def test_leaking(kernel):\n    kernel.os.pipe()\n")
    result = run(pytester)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*ResourceWarning: left open on the fake kernel: 3, 4*"])


def run(pytester: pytest.Pytester) -> pytest.RunResult:
    """Run the stranger's tests in a process of its own, warnings as errors."""
    installed = any(point.value == PLUGIN for point in entry_points(group="pytest11"))
    load = () if installed else ("-p", PLUGIN)
    return pytester.runpytest_subprocess(*load, "-W", "error", "-p", "no:cacheprovider")


def test_a_run_that_asks_for_no_kernel_loads_none() -> None:
    """The plugin is imported in every run of pytest, wherever pollcheck is installed."""
    code = "import sys, fakepoll.pytest_plugin; print(*sorted(name for name in sys.modules if 'fakepoll' in name))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["fakepoll", "fakepoll.pytest_plugin"]


@pytest.mark.parametrize("name", fakepoll.__all__)
def test_a_public_name_is_there_when_it_is_asked_for(name: str) -> None:
    """And says where it lives."""
    assert getattr(fakepoll, name).__name__ == name
    assert name in dir(fakepoll)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute"):
        _ = fakepoll.epoll_create
