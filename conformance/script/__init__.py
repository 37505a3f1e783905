"""A finding as a stand-alone program that was run before its path is printed.

    history ─► moment (which fact, between which polls) ─► steps (actions as Python) ─► proof (the one assertion)
                                                                └─► prelude (the helpers that it calls) ─► trial (run it)

A script imports nothing of the suite but `conformance.protocol`, so it can be pasted into a bug report and read there. It has a deadline of
its own, exits 1 on the bug, and 0 with `--control`, which puts an honest poller in the subject's place.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import metadata

from conformance.facts import Left
from conformance.guarantees import Guarantee
from conformance.history import DIED, History
from conformance.luck import Luck
from conformance.script.files import indent
from conformance.script.moment import Moment, find
from conformance.script.prelude import helpers_for
from conformance.script.steps import body, luck_in
from conformance.script.trial import run
from conformance.verdict import Finding

__all__ = ["DEADLINES", "Cast", "proven", "write"]

DEADLINES = {False: 10, True: 3}
"""Whether the bug is a hang -> seconds after which a script gives up, with exit 1."""
_ATTEMPTS = 3
"""So often a script is run, for a bug need not show each time."""
_STANDARD = ("atexit", "contextlib", "os", "select", "signal", "socket", "struct", "threading", "time")
_STAND_INS = ("os", "signal", "socket", "time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who plays: the factories of subject and control, `module:attribute`."""

    subject: str
    control: str

    @property
    def is_the_same(self) -> bool:
        """The subject is the control: then there is nobody else to run a script on."""
        return self.subject == self.control


def proven(finding: Finding, history: History, row: Guarantee, cast: Cast, may_go_on: Callable[[], bool]) -> Finding:
    """The finding with its script, once that was seen to do what it says; or with the reason why there is none."""
    source = write(finding, history, row, cast)
    seconds = DEADLINES[history.is_fatal]
    subject = None
    for _ in range(_ATTEMPTS):
        if not may_go_on():
            return replace(finding, unscripted="no time was left to run it")
        subject = run(source, seconds=seconds)
        if (subject.code == 1 and subject.has_shown) or subject.is_late:
            break
    assert subject is not None
    if subject.code != 1 or not subject.has_shown:
        return replace(finding, unscripted=f"it exits {subject.code} on the subject: {subject.line}")
    if not cast.is_the_same:
        control = run(source, "--control", seconds=seconds)
        if control.code:
            return replace(finding, unscripted=f"it exits {control.code} on the control: {control.line}")
    return replace(finding, script=source)


def write(finding: Finding, history: History, row: Guarantee, cast: Cast) -> str:
    """Write the program that does what `history` says was done, and asserts what `row` demands.

    Raises:
        ValueError: the history keeps the guarantee.
    """
    moment = find(history, row)
    if moment is None:
        raise ValueError(f"{row.id} is not broken by this history")
    lines, luck = body(history, moment), luck_in(history)
    is_fake = finding.world == "fake"
    setup = [*(_LEAKS if isinstance(moment.fact, Left) and moment.fact.about == "fds" else []), *_constructed(luck), ""]
    told = [*setup, *lines, *_farewell(moment, history)]
    text = "\n".join([_PATCHED, *indent(told)] if is_fake else told)
    helpers = helpers_for(text, finding.world if luck is None else "faulty")
    used = "\n".join([*helpers, text])
    death = _FORK if _ends_the_process(history) else ""
    parts = [
        _header(finding, row),
        _imports(used + death, finding, cast),
        death,
        f"faulthandler.dump_traceback_later({DEADLINES[history.is_fatal]}, exit=True)  # the deadline: exit 1",
        _kernel(luck) if is_fake else "",
        *(f"\n\n{helper.rstrip()}" for helper in helpers),
        f"\n\n{text}",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _ends_the_process(history: History) -> bool:
    return any(entry.ended == DIED for entry in history.entries)


def _farewell(moment: Moment, history: History) -> list[str]:
    """The last lines; a poller that was judged by its close is closed already."""
    close = [] if isinstance(moment.fact, Left) and moment.fact.about != "open" else ["poller.close()"]
    if isinstance(moment.fact, Left) and history.entries[moment.broke].step > len(history.scenario):
        close = []
    return [*close, 'print("kept")']


_FORK = """\

end = os.memfd_create("end")
if child := os.fork():  # the poller may end the process that it lives in, with any exit code
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.exit(0 if code == 0 and os.fstat(end).st_size else f"broken: the process ended with {code}")
atexit.register(os.write, end, b".")  # done only by a process that comes to its own end
"""

_KERNEL = """{luck}
kernel = fakepoll.Kernel({faults}trace=False)
os, signal, socket, time = kernel.os, kernel.signal, kernel.socket, kernel.time
modules = [make_module, *getattr(make, "fake_modules", ())]
profiles = getattr(make, "fake_profiles", ())"""


def _kernel(luck: Luck | None) -> str:
    """The fake kernel, with the bad luck that a run gives it."""
    if luck is None:
        return _KERNEL.format(luck="", faults="")
    if luck.faults:
        schedule = "\n".join(('schedule = """', *luck.faults, '"""'))
        return _KERNEL.format(luck=schedule, faults="faults=fakepoll.Schedule.parse(schedule), ")
    from conformance.worlds.fake import density_of, judged_kinds

    assert luck.seed is not None, "it has no faults of its own"
    kinds = f"kinds = {judged_kinds()!r}"
    drawn = f"fakepoll.Drawn({luck.seed}, kinds=kinds, density={density_of(luck.seed)})"
    return _KERNEL.format(luck=kinds, faults=f"faults={drawn}, ")


def _constructed(luck: Luck | None) -> list[str]:
    return ["poller = make()"] if luck is None else ["with kernel.muted():", "    poller = make()"]


_PATCHED = "with fakepoll.patched(kernel, modules=modules, profiles=profiles):"

_LEAKS = [
    "warm = make()  # what is opened once and for ever is no leak",
    "reader, writer = os.pipe()",
    "warm.register(Fd(reader), 1, Interest.READABLE, Trigger.LEVEL if warm.capabilities & 1 else Trigger.EDGE)",
    "warm.poll(0.0)",
    "warm.deregister(Fd(reader))",
    "os.close(reader)",
    "os.close(writer)",
    "warm.close()",
    "fds = open_fds()",
]


def _imports(used: str, finding: Finding, cast: Cast) -> str:
    """What the script needs, the control in the subject's place where that is asked."""
    standard = [name for name in _STANDARD if re.search(rf"\b{name}\.", used)]
    if finding.world == "fake":
        standard = [name for name in standard if name not in _STAND_INS or (name == "os" and "os.fork" in used)]
    lines = [f"import {name}" for name in sorted(["faulthandler", "sys", *standard])]
    if "dataclass" in used:
        lines.append("from dataclasses import dataclass")
    names = [name for name in ("Interest", "Readiness", "Trigger", "event_flaw") if re.search(rf"\b{name}\b", used)]
    lines += ["", *(["import fakepoll"] if finding.world == "fake" else [])]
    if names:
        lines.append(f"from conformance.protocol import {', '.join(names)}")
    choice = ['if "--control" in sys.argv:', *indent(_made(cast.control)), "else:", *indent(_made(cast.subject))]
    if finding.world != "fake":
        choice = [line for line in choice if "make_module" not in line]
    return "\n".join([*lines, "", 'sys.path.insert(0, "")  # the working directory', *choice, ""])


def _made(spec: str) -> list[str]:
    module, _, attribute = spec.partition(":")
    first, *inner = attribute.split(".")
    lines = [f"from {module} import {first}{'' if inner or first == 'make' else ' as make'}"]
    if inner:
        lines.append(f"make = {attribute}")
    return [*lines, f"make_module = {module!r}"]


def _header(finding: Finding, row: Guarantee) -> str:
    told = [
        f"{row.id} {row.strength}: {row.says}",
        "",
        f"broken by {finding.poller} on the {finding.world} world",
        f"got {finding.got}, but should be {finding.should_be}",
        f"why: {row.why}",
        f"source: {row.source}",
        f"reproduced {finding.seen} of {finding.reruns}, the control {finding.control} of {finding.reruns}",
        f"with {_versions(finding.poller)}",
        "",
        "Exits 1 on the bug; with --control, which runs an honest poller, 0. Written by pollcheck from this scenario:",
        "",
        *indent(finding.scenario.splitlines()),
    ]
    text = "\n".join(told).replace("\\", "\\\\").replace('"""', "'''")
    return f'"""{text}\n"""\n'


def _versions(poller: str) -> str:
    names = {"pollcheck": "pollcheck", poller: re.split(r"[-.:]", poller)[0]}
    found = [f"Python {platform.python_version()}", f"{platform.system()} {platform.release()}"]
    for name, distribution in names.items():
        try:
            found.append(f"{name} {metadata.version(distribution)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join(found)
