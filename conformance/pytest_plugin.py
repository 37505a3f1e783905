"""`pytest --pyargs conformance --poller NAME`: one test item per guarantee, poller and world.

pytest loads this module in every run of everyone who has pollcheck installed. So it imports nothing but pytest, and
does nothing unless a poller is named; all else is in `conformance/suite/session.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

__all__ = ["pytest_addoption", "pytest_configure", "pytest_ignore_collect"]

_PACKAGE = Path(__file__).parent
_SUITE = _PACKAGE / "suite"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of a judging run, all named `--poll...`."""
    group = parser.getgroup("pollcheck", "judging pollers (pytest --pyargs conformance --poller NAME)")
    group.addoption("--poller", metavar="NAME", action="append", default=[], help="judge this; repeatable")
    group.addoption("--poll-world", choices=("real", "fake", "both"), default="real", help="which kernel [real]")
    profiles = ("quick", "ci", "nightly")
    group.addoption("--poll-profile", choices=profiles, default="quick", help="how thoroughly [quick]")
    group.addoption("--poll-seed", metavar="N", type=int, help="repeat an earlier run [random, printed]")
    group.addoption("--poll-expect", metavar="FILE", type=Path, help="what may fail: TOML, [[expect]] entries")
    group.addoption("--poll-json", metavar="FILE", type=Path, help="write the report here")


def pytest_configure(config: pytest.Config) -> None:
    """Start judging if a poller is named; say how to name one if only the suite is."""
    if config.getoption("poller"):
        from conformance.suite.session import Judging

        config.pluginmanager.register(Judging(config), "pollcheck-judging")
    elif any(_is_suite(config, argument) for argument in config.args):
        raise pytest.UsageError(
            "which poller? add --poller NAME, one that `pollcheck pollers` lists, or --poller module:attribute"
        )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Keep the suite out of runs that merely happen to pass by."""
    return True if collection_path == _SUITE and not config.getoption("poller") else None


def _is_suite(config: pytest.Config, argument: str) -> bool:
    name = argument.partition("::")[0]
    if config.getoption("pyargs") and name.partition(".")[0] == _PACKAGE.name:
        return True
    path = config.invocation_params.dir / name
    return path == _PACKAGE or _PACKAGE in path.parents
