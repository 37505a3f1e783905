"""Fixtures of the fake kernel's own tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakepoll.machines import Machine


@pytest.fixture(params=["fake", "real"])
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """One of the two kernels; a test that asks for it runs on both."""
    made = Machine(request.param)
    yield made
    made.close()
