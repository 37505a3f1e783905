"""The stranger's door: `examples/thirdparty/`, built, installed and judged as a stranger would do it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "thirdparty"


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command without this process's own Python settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=280, check=False)


def commands() -> list[list[str]]:
    """Answer the commands of the example's tox.ini, word by word."""
    text = (EXAMPLE / "tox.ini").read_text()
    lines = text.split("commands =\n")[1].splitlines()
    return [line.split() for line in lines]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment with both wheels.

    What they depend on is lent by the environment of this test, behind the venv's own packages: no index is asked.
    """
    home = tmp_path_factory.mktemp("stranger")
    pip = (sys.executable, "-m", "pip")
    offline = ("--quiet", "--no-index", "--no-deps")
    built = run(*pip, "wheel", *offline, "--no-build-isolation", "--wheel-dir", home, ROOT, EXAMPLE, cwd=home)
    assert built.returncode == 0, built.stdout + built.stderr
    venv.create(home / "venv", with_pip=False)
    python = home / "venv" / "bin" / "python"
    purelib = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).stdout.strip())
    installed = run(*pip, "--python", python, "install", *offline, *sorted(home.glob("*.whl")), cwd=home)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    (purelib / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    shutil.copy(EXAMPLE / "expectations.toml", home)
    return home


def test_the_strangers_poller_is_found(environment: Path) -> None:
    """Installed, it is listed beside the built-in ones."""
    listed = run(environment / "venv" / "bin" / "pollcheck", "pollers", cwd=environment)
    assert listed.returncode == 0, listed.stdout + listed.stderr
    assert re.search(r"^\W*tornado\b", listed.stdout, re.MULTILINE)


@pytest.mark.slow
def test_the_commands_of_its_tox_pass_and_leave_reports(environment: Path) -> None:
    """Both doors judge it: the command line leaves a JSON report, pytest a JUnit file with tornado's tests."""
    for program, *arguments in commands():
        seed = ("--seed" if program == "pollcheck" else "--poll-seed", "11")  # a run that can be repeated
        done = run(environment / "venv" / "bin" / "python", "-m", MODULES[program], *arguments, *seed, cwd=environment)
        assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((environment / "report.json").read_text())["format"] == 1
    names = [case.get("name", "") for case in ET.parse(environment / "junit.xml").iter("testcase")]
    assert any("tornado" in name for name in names)


@pytest.mark.slow
def test_a_broken_adapter_fails(environment: Path, tmp_path: Path) -> None:
    """An adapter that loses what a handler tells is found out, with exit code 1."""
    source = (EXAMPLE / "pollcheck_tornado.py").read_text()
    broken = source.replace("self._on_event(event)", "pass")
    assert broken != source
    (tmp_path / "broken.py").write_text(broken)
    done = run(environment / "venv" / "bin" / "python", "-m", "conformance", "run", "broken:make", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr


MODULES = {"pollcheck": "conformance", "pytest": "pytest"}
"""The lent programs have no script in the venv."""


def test_the_page_shows_the_commands_of_the_example() -> None:
    """`docs/writing-an-adapter.md` ends with what the example's tox runs, and stays short."""
    page = (ROOT / "docs" / "writing-an-adapter.md").read_text()
    for words in commands():
        assert " ".join(words) in page
    assert len(page.splitlines()) < 80


def test_the_page_quotes_the_example() -> None:
    """Its lines of Python and TOML are lines of the example, shortened by annotations and comments only."""
    page = (ROOT / "docs" / "writing-an-adapter.md").read_text()
    example = (EXAMPLE / "pollcheck_tornado.py").read_text() + (EXAMPLE / "pyproject.toml").read_text()
    quoted = "\n".join(re.findall(r"```(?:python|toml)\n(.*?)```", page, re.DOTALL))
    for line in quoted.splitlines():
        code = line.split("#")[0].strip()
        if code and not code.startswith(("def ", "events = ")):
            assert code in example, code
