"""The installed command, from a name to an exit code, on the real kernel."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

BROKEN = """\
import select
from impl.adapters import raw_epoll


class Forgetful(raw_epoll.EpollPoller):
    def deregister(self, source):
        \"\"\"Forget to tell the kernel.\"\"\"


class Boastful(raw_epoll.EpollPoller):
    capabilities = raw_epoll.EpollPoller.capabilities | 2048


class Lacking(raw_epoll.EpollPoller):
    reregister = None


def raising():
    raise ValueError("no\\nluck")


class Hanging(raw_epoll.EpollPoller):
    def poll(self, timeout, max_events=None):
        select.select([], [], [])


class Slow(raw_epoll.EpollPoller):
    def poll(self, timeout, max_events=None):
        \"\"\"Tell that it is being judged, a byte each time.\"\"\"
        with open("polled", "ab") as polled:
            polled.write(b".")
        return super().poll(timeout, max_events)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a module of deliberately broken pollers."""
    monkeypatch.chdir(tmp_path)
    Path("broken.py").write_text(BROKEN)
    return tmp_path


def pollcheck(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-m", "conformance", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_honest_poller_is_kept(here: Path) -> None:
    """The raw epoll of this machine keeps every MUST."""
    done = pollcheck("run", "epoll", "--json", "report.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(Path("report.json").read_text())["pollers"][0]["summary"]["must"] >= 60


def test_a_run_leaves_nothing_where_the_user_stands(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No finding, no file; what Hypothesis computes is kept where caches are kept."""
    monkeypatch.delenv("HYPOTHESIS_STORAGE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(here / "cache"))
    before = sorted(here.iterdir())
    assert pollcheck("run", "epoll", "--world", "fake", "--only", "REG-01").returncode == 0
    assert [path.name for path in here.iterdir() if path not in before and path.name != "cache"] == []


def test_broken_poller_is_named_and_replayed(here: Path) -> None:
    """Exit 1, a finding in five blocks, and the command that it ends with fails again."""
    done = pollcheck("run", "broken:Forgetful", "-x")
    assert done.returncode == 1, done.stdout + done.stderr
    command = next(line for line in done.stdout.splitlines() if line.startswith("pollcheck replay "))
    again = pollcheck(*command.split()[1:])
    assert again.returncode == 1, again.stdout + again.stderr
    assert "smallest scenario:" in again.stdout


def test_hanging_poller_is_a_finding(here: Path) -> None:
    """A hang is a failure of the poller and never of the run."""
    done = pollcheck("run", "broken:Hanging", "-x")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "broken by broken:Hanging" in done.stdout


def test_false_claim_is_a_finding(here: Path) -> None:
    """What is claimed and not there is exit 1, named."""
    done = pollcheck("run", "broken:Boastful")
    assert done.returncode == 1
    assert "false claim: claims USER_READINESS" in done.stdout


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("Lacking", "Lacking lacks reregister()"), ("raising", "the factory raised ValueError: no luck")],
)
def test_poller_that_cannot_be_judged_is_a_mistake(here: Path, name: str, complaint: str) -> None:
    """A factory that raises, a method that is missing: one line, exit 2."""
    done = pollcheck("run", f"broken:{name}")
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_interrupt_leaves_a_partial_report_and_no_child(here: Path, jobs: str) -> None:
    """Ctrl-C, as a terminal sends it to the whole group: exit 130 after what is known, and nobody is left behind."""
    polled = Path("polled")
    polled.touch()
    command = [sys.executable, "-m", "conformance", "run", "broken:Slow", "--profile", "nightly", "--jobs", jobs]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while polled.stat().st_size < 200 and running.poll() is None:
        os.sched_yield()
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (130, "")
    assert "interrupted, this is a part of the report" in out
    assert _session(running.pid) == []


def _session(leader: int) -> list[int]:
    """List the processes of a session."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[3]) == leader:
                found.append(int(entry.name))
    return found
