"""The fixture `kernel`: a fake kernel for one test, shown in the report where the test fails.

    @pytest.mark.fakepoll(profiles=["asyncio"], seed=7)
    def test_server(kernel):
        asyncio.run(main())

The mark takes the arguments of `fakepoll.patched` (`modules`, `profiles`) and those of `fakepoll.Kernel`; with
`seeds` instead of `seed` the test runs once for each, which is how to meet faults:

    @pytest.mark.fakepoll(modules=["mypkg.server"], faults="lossless", seeds=range(50))

What a passing test leaves open on the kernel is a `ResourceWarning`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fakepoll import Kernel

LAST_CALLS = 40
_KERNEL = pytest.StashKey["Kernel"]()
_FAILED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        "markers", "fakepoll(modules=(), profiles=(), seeds=(), **options): how the fixture `kernel` is made"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test item of each seed."""
    mark = metafunc.definition.get_closest_marker("fakepoll")
    if mark is not None and "seeds" in mark.kwargs and "kernel" in metafunc.fixturenames:
        seeds = list(mark.kwargs["seeds"])
        metafunc.parametrize("kernel", seeds, ids=[f"seed {each}" for each in seeds], indirect=True)


@pytest.fixture
def kernel(request: pytest.FixtureRequest) -> Iterator[Kernel]:
    """A fresh fake kernel, patched into what the mark `fakepoll` names."""
    from fakepoll import Kernel, patched  # a run that asks for no kernel does not load one

    mark = request.node.get_closest_marker("fakepoll")
    options = dict(mark.kwargs) if mark else {}
    if options.pop("seeds", None) is not None:
        options["seed"] = request.param
    modules, profiles = options.pop("modules", ()), options.pop("profiles", ())
    fresh = Kernel(**options)
    request.node.stash[_KERNEL] = fresh
    with patched(fresh, modules=modules, profiles=profiles):
        yield fresh
        if request.node.stash.get(_FAILED, False):
            fresh.close()  # what a failing test leaves open is no leak of its program


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the kernel did last, and what it holds, to the report of a failure."""
    report = yield
    fake = item.stash.get(_KERNEL, None)
    if fake is not None and report.when == "call" and report.failed:
        item.stash[_FAILED] = True
        if len(fake.fired):
            report.sections.append(("fakepoll faults", str(fake.fired)))
        report.sections.append(("fakepoll trace", "\n".join(fake.trace.last(LAST_CALLS))))
        report.sections.append(("fakepoll snapshot", fake.snapshot()))
    return report
