"""A finding on disk: saved as it comes, read back by `pollcheck replay`; and beside it the script that shows it (`script/`).

The file holds all that a report says of the finding, and above all its smallest scenario in text, one action a line:
it may be read, edited and sent to somebody else. Nothing in it depends on the machine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.loading import UsageError
from conformance.verdict import Finding

__all__ = [
    "FOLDER",
    "FORMAT",
    "finding_from_tree",
    "finding_to_tree",
    "path_of",
    "plain_name",
    "read",
    "save",
    "save_script",
    "script_path_of",
]

FOLDER = "pollcheck-findings"
"""Where a run leaves its findings, in the working directory."""

FORMAT = 1
_DEFAULTS = {"variant": 1}
"""What files of earlier releases do not have."""

_FIELDS: dict[str, type] = {
    "guarantee": str,
    "poller": str,
    "world": str,
    "step": int,
    "got": str,
    "should_be": str,
    "scenario": list,
    "trace": list,
    "seen": int,
    "control": int,
    "reruns": int,
    "fatal": bool,
    "variant": int,
}
"""Every field of the file and its JSON type; a test holds it equal to the fields of `Finding`, but for those of its script."""


def plain_name(poller: str) -> str:
    """The name of a poller, as part of a file's that needs no quoting in a shell."""
    return re.sub(r"[^\w.+-]", "-", poller)


def path_of(finding: Finding) -> Path:
    """Name the file of a finding, relative to the working directory: `pollcheck-findings/<poller>-<ID>.json`.

    The same guarantee broken on the fake world has a file of its own, which ends in `-fake.json`; a second scenario that breaks it has one
    that ends in `-2.json`.
    """
    world = "" if finding.world == "real" else f"-{finding.world}"
    variant = "" if finding.variant == 1 else f"-{finding.variant}"
    return Path(FOLDER, f"{plain_name(finding.poller)}-{finding.guarantee}{world}{variant}.json")


def script_path_of(finding: Finding) -> Path:
    """Name the file of its script, beside the other: `pollcheck-findings/<poller>-<ID>.py`."""
    return path_of(finding).with_suffix(".py")


def save(finding: Finding) -> Path:
    """Write a finding to its file, and its script beside it, over older ones.

    Raises:
        UsageError: the working directory cannot be written.
    """
    path = path_of(finding)
    text = json.dumps({"format": FORMAT, **finding_to_tree(finding)}, indent=2, sort_keys=True, ensure_ascii=False)
    _write(path, text + "\n")
    save_script(finding)
    return path


def save_script(finding: Finding) -> None:
    """Write the script of a finding. Where it has none, an older one goes: it was made from another scenario.

    Raises:
        UsageError: the working directory cannot be written.
    """
    path = script_path_of(finding)
    if finding.script:
        _write(path, finding.script)
    else:
        path.unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}; run in a directory that can be written") from None


def read(path: Path) -> Finding:
    """Read a finding from its file.

    Raises:
        UsageError: the file is missing, or is no finding of format 1.
    """
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON: {error}; give a file from {FOLDER}/") from None
    if not isinstance(tree, dict) or tree.get("format") != FORMAT:
        raise UsageError(f'{path} is no finding of pollcheck: it should hold "format": {FORMAT}')
    try:
        return finding_from_tree(tree)
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None


def finding_to_tree(finding: Finding) -> dict[str, object]:
    """Turn a finding into what JSON can hold; the scenario becomes a list of lines."""
    tree = {name: getattr(finding, name) for name in _FIELDS}
    return tree | {"scenario": finding.scenario.splitlines(), "trace": list(finding.trace)}


def finding_from_tree(tree: Mapping[str, object]) -> Finding:
    """Turn it back; fields that are not known are left aside.

    Raises:
        ValueError: a field is missing or of another type.
    """
    known: dict[str, Any] = {}
    for name, kind in _FIELDS.items():
        value: Any = tree.get(name, _DEFAULTS.get(name))
        if type(value) is not kind:  # a bool is no int here
            raise ValueError(f"field {name!r} is {value!r}, but should be a {kind.__name__}")
        if isinstance(value, list) and not all(isinstance(line, str) for line in value):
            raise ValueError(f"field {name!r} should be a list of lines")
        known[name] = value
    if known["world"] not in ("real", "fake"):
        raise ValueError(f"field 'world' is {known['world']!r}, but should be 'real' or 'fake'")
    known["scenario"] = "\n".join(known["scenario"])
    known["trace"] = tuple(known["trace"])
    return Finding(**known)
