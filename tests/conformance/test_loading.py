"""Names become factories, and a mistake on the way becomes one line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance import loading
from conformance.loading import Target, UsageError, available, inspect_poller, load, resolve, worlds_of
from conformance.protocol import BASIC_METHODS, Capability

Write = Callable[[str, str], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a module into the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])

    def write(name: str, text: str) -> None:
        (tmp_path / f"{name}.py").write_text(text)

    return write


class Complete:
    """Has all that the basic contract asks for."""

    capabilities = Capability.LEVEL

    def nothing(self, *_: object) -> None:
        """Do nothing."""

    register = reregister = deregister = poll = close = nothing


def test_entry_point_is_found_by_its_name() -> None:
    """A built-in poller is found as any stranger's: by entry point."""
    assert resolve("epoll") == Target(
        name="epoll", spec="impl.adapters.raw_epoll:make", native=False, fake_modules=(), fake_profiles=()
    )


def test_module_in_the_working_directory_is_found(write: Write) -> None:
    """The working directory is first on the path, and the factory's attributes are read before it is called."""
    write("plugged_in", "def make(): raise SystemError\nmake.native = True\nmake.fake_modules = ['other']")
    target = resolve("plugged_in:make")
    assert (target.name, target.spec, target.native) == ("plugged_in:make", "plugged_in:make", True)
    assert (target.fake_modules, target.fake_profiles) == (("other",), ())


def test_attribute_may_be_a_path(write: Write) -> None:
    """`module:Class.make` names a factory inside of something."""
    write("nested", "class Mine:\n    @staticmethod\n    def make(): return 7")
    assert load("nested:Mine.make")() == 7


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("epol", "no poller is called 'epol' (did you mean epoll or poll?); `pollcheck pollers` lists them"),
        ("no_such_module:make", "no module is called 'no_such_module': not in the working directory"),
        ("no_such.module:make", "no module is called 'no_such': not in the working directory"),
        ("mistaken:mak", "'mistaken' has no attribute 'mak' (did you mean make?)"),
        ("mistaken:number", "'mistaken:number' is 5, but should be a factory"),
        ("mistaken:", "'mistaken:' should be of the form module:attribute"),
        (":make", "':make' should be of the form module:attribute"),
        ("one two:make", "'one two:make' should be of the form module:attribute"),
        ("mistaken:make", "fake_modules of 'mistaken:make' is 'socket', but should be a tuple of module names"),
        ("needs_a_loop:make", "'needs_a_loop' needs 'loop_of_tomorrow': pip install loop_of_tomorrow"),
        ("needs_tornado:make", "'needs_tornado' needs 'tornado.nothing': pip install 'pollcheck[loops]'"),
        ("raising:make", "importing 'raising' raised ZeroDivisionError: division by zero (raising.py:2)"),
        ("leaving:make", "importing 'leaving' raised SystemExit: bye (leaving.py:1)"),
        ("garbled:make", "importing 'garbled' raised SyntaxError:"),
    ],
)
def test_mistake_is_told_in_one_line(write: Write, name: str, complaint: str) -> None:
    """Whatever is wrong with a name, the message says what, how to mend it, and fits on a line."""
    write("mistaken", "number = 5\ndef make(): ...\nmake.fake_modules = 'socket'")
    write("needs_a_loop", "import loop_of_tomorrow")
    write("needs_tornado", "raise ModuleNotFoundError(name='tornado.nothing')")
    write("raising", "\n1 / 0")
    write("leaving", "raise SystemExit('bye')")
    write("garbled", "def make(:")
    with pytest.raises(UsageError) as caught:
        resolve(name)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_missing_is_listed_and_never_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every entry point is either a target or a line that says what to install."""
    known = {"epoll": "impl.adapters.raw_epoll:make", "lost": "module_of_nobody:make"}
    monkeypatch.setattr(loading, "entry_points", lambda: known)
    one, other = available()
    assert one.target == resolve("epoll")
    assert other.target is None
    assert "module_of_nobody" in other.missing


def test_claims_are_read() -> None:
    """What a poller claims and what its adapter emulates are read from it; a claim without its method is false."""

    class Boastful(Complete):
        capabilities = Capability.LEVEL | Capability.WAKE | Capability.DISPATCH
        emulated = Capability.LEVEL
        waker = Complete.nothing

    claimed, emulated, false_claims = inspect_poller(Boastful())
    assert claimed == Capability.LEVEL | Capability.WAKE | Capability.DISPATCH
    assert emulated == Capability.LEVEL
    assert false_claims == ("claims DISPATCH, but has no method poll_each()",)


@pytest.mark.parametrize("method", BASIC_METHODS)
def test_missing_method_is_named(method: str) -> None:
    """Without a method of the basic contract nothing can be judged."""
    lacking = type("Lacking", (Complete,), {method: None})
    with pytest.raises(UsageError, match=rf"^Lacking lacks {method}\(\); a poller has register\(\), "):
        inspect_poller(lacking())


@pytest.mark.parametrize("capabilities", [None, "LEVEL", True, 1.0])
def test_capabilities_are_an_int(capabilities: object) -> None:
    """An IntFlag of the poller's own serves as well as ours, but nothing that is no int."""
    with pytest.raises(UsageError, match=r"capabilities is .*, but should be a Capability"):
        inspect_poller(type("Odd", (Complete,), {"capabilities": capabilities})())


def test_some_trigger_is_claimed() -> None:
    """A poller that claims neither level nor edge could be asked for nothing."""
    with pytest.raises(UsageError, match="neither LEVEL nor EDGE"):
        inspect_poller(type("Mute", (Complete,), {"capabilities": 0})())


def test_unknown_capabilities_are_left_aside() -> None:
    """A poller of a later release may claim what this one does not know."""
    assert inspect_poller(type("Later", (Complete,), {"capabilities": 1 | 1 << 40})())[0] == Capability.LEVEL


def test_native_poller_is_not_judged_on_the_fake_world() -> None:
    """Only where nothing else is asked for is it a mistake."""
    native = Target(name="fast", spec="fast:make", native=True, fake_modules=(), fake_profiles=())
    assert worlds_of("both", [native]) == ("real", "fake")
    with pytest.raises(UsageError, match="fast says native = True"):
        worlds_of("fake", [native])
