"""Names -> factories: entry points and `module:attribute`; every mistake on the way is one line.

A poller is found by an entry point of the group `conformance.pollers` or by `module:attribute`, the built-in ones
exactly as a stranger's. Finding it means importing its module, so whatever that module lacks is known before a run
begins. The child process imports this file: it stays within the standard library.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from conformance.protocol import BASIC_METHODS, CAPABILITY_METHODS, Capability

__all__ = [
    "GROUP",
    "WORLDS",
    "Availability",
    "Target",
    "UsageError",
    "available",
    "did_you_mean",
    "entry_points",
    "inspect_poller",
    "load",
    "resolve",
    "worlds_of",
]

GROUP = "conformance.pollers"
"""The entry-point group; the built-in pollers are in it, as any other distribution's may be."""

WORLDS = {"real": ("real",), "fake": ("fake",), "both": ("real", "fake")}
"""What may be asked for -> the worlds it stands for."""


class UsageError(Exception):
    """A user's mistake, told in one line: what is wrong and how to mend it (exit 2)."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A poller that can be judged: its name, where its factory is, and what that says before it is called."""

    name: str
    spec: str
    """`module:attribute`."""
    native: bool
    """Its readiness comes from compiled code: judged on the real world only."""
    fake_modules: tuple[str, ...]
    """On the fake world the stand-ins are put into these modules, too."""
    fake_profiles: tuple[str, ...]
    """The loop profiles of `fakepoll` that it needs there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """One line of `pollcheck pollers`: the target, or what is missing."""

    name: str
    target: Target | None
    missing: str = ""


def resolve(name: str) -> Target:
    """Find the poller `name`: an entry point of the group `conformance.pollers`, or `module:attribute`.

    Raises:
        UsageError: there is none, or it cannot be imported here.
    """
    known = entry_points()
    spec = known.get(name, name)
    if ":" not in spec:
        hint = did_you_mean(name, known)
        raise UsageError(
            f"no poller is called {name!r}{hint}; `pollcheck pollers` lists them, another is named module:attribute"
        )
    factory = load(spec)
    return Target(
        name=name,
        spec=spec,
        native=bool(getattr(factory, "native", False)),
        fake_modules=_names_of(factory, "fake_modules", spec),
        fake_profiles=_names_of(factory, "fake_profiles", spec),
    )


def load(spec: str) -> Callable[[], object]:
    """Import the factory that `module:attribute` names, looking first in the working directory.

    Raises:
        UsageError: the module or the attribute is missing, or what is found cannot be called.
    """
    module_name, _, attribute = spec.partition(":")
    if not re.fullmatch(r"\w+(\.\w+)*:\w+(\.\w+)*", spec):
        raise UsageError(f"{spec!r} should be of the form module:attribute, as in mypkg.testing:make")
    if sys.path[:1] != [os.getcwd()]:
        sys.path.insert(0, os.getcwd())
    found: object = _import(module_name)
    for part in attribute.split("."):
        if not hasattr(found, part):
            hint = did_you_mean(part, dir(found))
            raise UsageError(f"{module_name!r} has no attribute {attribute!r}{hint}")
        found = getattr(found, part)
    if not callable(found):
        raise UsageError(f"{spec!r} is {found!r}, but should be a factory: make() -> Poller")
    return found


def worlds_of(asked: str, targets: Iterable[Target]) -> tuple[str, ...]:
    """Turn real, fake or both into worlds.

    Raises:
        UsageError: only the fake world is asked for, and a poller cannot live there.
    """
    natives = [target.name for target in targets if target.native]
    if asked == "fake" and natives:
        raise UsageError(f"{natives[0]} says native = True: it can be judged on the real world only")
    return WORLDS[asked]


def available() -> list[Availability]:
    """Say of every entry point whether it can be judged here, and what is missing if not. Never raises."""
    answers = []
    for name in entry_points():
        try:
            answers.append(Availability(name=name, target=resolve(name)))
        except UsageError as error:
            answers.append(Availability(name=name, target=None, missing=str(error)))
    return answers


def inspect_poller(poller: object) -> tuple[Capability, Capability, tuple[str, ...]]:
    """Read what a poller claims, what of that its adapter emulates, and which claims are false, a sentence each.

    Raises:
        UsageError: a method of the basic contract or `capabilities` is missing, so that nothing can be judged.
    """
    kind = type(poller).__name__
    lacking = [name for name in BASIC_METHODS if not callable(getattr(poller, name, None))]
    if lacking:
        raise UsageError(f"{kind} lacks {_sequence(lacking)}; a poller has {_sequence(BASIC_METHODS)}")
    claimed = _capability(poller, "capabilities", None)
    if not claimed & (Capability.LEVEL | Capability.EDGE):
        raise UsageError(f"{kind}.capabilities has neither LEVEL nor EDGE, so nothing could be registered")
    false_claims = tuple(
        f"claims {capability.name}, but has no method {method}()"
        for capability, method in CAPABILITY_METHODS.items()
        if claimed & capability and not callable(getattr(poller, method, None))
    )
    return claimed, _capability(poller, "emulated", Capability(0)), false_claims


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Suggest the nearest of `words` as the end of a sentence; empty if none is near."""
    near = difflib.get_close_matches(word, list(words), n=2)
    return f" (did you mean {' or '.join(near)}?)" if near else ""


def _capability(poller: object, attribute: str, default: Capability | None) -> Capability:
    value = getattr(poller, attribute, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise UsageError(f"{type(poller).__name__}.{attribute} is {value!r}, but should be a Capability (an int)")
    return Capability(value & _EVERY_CAPABILITY)


_EVERY_CAPABILITY = sum(capability.value for capability in Capability)


def entry_points() -> dict[str, str]:
    """Answer every entry point of the group, name -> module:attribute. The first distribution on the path wins."""
    found: dict[str, str] = {}
    for entry_point in importlib.metadata.entry_points(group=GROUP):
        found.setdefault(entry_point.name, f"{entry_point.module}:{entry_point.attr}")
    return found


def _names_of(factory: object, attribute: str, spec: str) -> tuple[str, ...]:
    value = getattr(factory, attribute, ())
    if not isinstance(value, tuple | list) or not all(isinstance(name, str) for name in value):
        raise UsageError(f"{attribute} of {spec!r} is {value!r}, but should be a tuple of module names")
    return tuple(value)


def _import(module_name: str) -> object:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if f"{module_name}.".startswith(f"{missing}."):
            raise UsageError(
                f"no module is called {missing!r}: not in the working directory, and not installed"
            ) from None
        raise UsageError(f"{module_name!r} needs {missing!r}: pip install {_distribution(missing)}") from None
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a stranger's module may raise anything at all
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{os.path.basename(where.filename)}:{where.lineno}"
        raise UsageError(f"importing {module_name!r} raised {type(error).__name__}: {error} ({place})") from None


def _distribution(module_name: str) -> str:
    """Name what to install for a missing module: our extra if the library is in it, else a guess by its name."""
    library = module_name.partition(".")[0]
    for requirement in _requirements():
        extra = re.search(r"extra == ['\"](\w+)['\"]", requirement)
        if extra and re.match(rf"{re.escape(library)}\b", requirement):
            return f"'pollcheck[{extra[1]}]'"
    return library


def _requirements() -> list[str]:
    try:
        return importlib.metadata.requires("pollcheck") or []
    except importlib.metadata.PackageNotFoundError:
        return []


def _sequence(names: Iterable[str]) -> str:
    return ", ".join(f"{name}()" for name in names)
