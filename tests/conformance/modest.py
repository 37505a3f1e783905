"""The reference poller with fewer claims: `tests.conformance.modest:claims_3` offers LEVEL and EDGE and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from conformance.protocol import Capability
from impl.adapters.reference import ReferencePoller


def spec_of(capabilities: Capability) -> str:
    """Name the factory of a reference poller that claims only `capabilities`."""
    return f"{__name__}:claims_{int(capabilities)}"


def __getattr__(name: str) -> Callable[[], ReferencePoller]:
    word, _, number = name.partition("_")
    if word != "claims" or not number.isdecimal():
        raise AttributeError(name)

    def make() -> ReferencePoller:
        poller = ReferencePoller()
        poller.capabilities = Capability(int(number))
        return poller

    return make
