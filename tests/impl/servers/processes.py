"""Servers as processes on this machine, and a blocking client for them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
LONG = 60.0
ENVIRONMENT = {**os.environ, "PYTHONWARNINGS": "error"}


class Server:
    """A running server: where it listens, and how it ends."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        line = process.stdout.readline()
        assert "listening at " in line, line + process.communicate(timeout=LONG)[1]
        host, _, port = line.split("listening at ")[1].rpartition(":")
        self.address = (host, int(port))

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, str]:
        """Wait for the end; answer the exit code and what was said after the first line."""
        said, complaints = self.process.communicate(timeout=LONG)
        assert complaints == ""
        return self.process.returncode, said.strip()

    def stop(self) -> str:
        """Press Ctrl-C and wait for the end, which has to be a good one; answer the last line."""
        self.interrupt()
        code, said = self.end()
        assert code == 0, said
        return said

    def cpu_seconds(self) -> float:
        """Answer how much processor time it has used (proc(5))."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def connect(self) -> socket.socket:
        """Open a connection that waits no longer than is decent."""
        return socket.create_connection(self.address, timeout=LONG)


@contextlib.contextmanager
def running(name: str, *arguments: str) -> Iterator[Server]:
    """Run `python -m impl.servers.NAME` at a free port for a while."""
    command = [sys.executable, "-m", f"impl.servers.{name}", "--address", "127.0.0.1:0", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Server(process)
        finally:
            process.kill()


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in the project's root."""
    return subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=LONG, check=False)


def read_to_end(sock: socket.socket) -> bytes:
    """Read until the peer closes; a reset is an error."""
    data = b""
    while piece := sock.recv(65536):
        data += piece
    return data


def read_exactly(sock: socket.socket, size: int) -> bytes:
    """Read so many bytes, or up to the end."""
    data = b""
    while len(data) < size and (piece := sock.recv(size - len(data))):
        data += piece
    return data
