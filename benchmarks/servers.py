"""What the servers cost on this machine: requests a second beside asyncio, system calls a request beside spinning.

Two measurements, each a ratio of two servers in one run:

1. `wrk -t2 -c128` against `impl.servers.keep_alive` and a plain asyncio streams server that does the same job:
   the same parser, the same bound on a request, the same time limit for it to arrive. In turns, so that a slow moment
   of the machine hits all; the best round of each counts. Beside them, out of competition, the text's way of writing
   (`--announced`) and an asyncio server without the time limit, which any slow client can tie up for ever.
2. 5,000 connections, of which 500 ask: the system calls of `impl.servers.epoll_http` and `impl.servers.spinning` for a
   request. Once the 500 ask all at once, which suits a server that asks everybody, and once one every two milliseconds.
   Counted by stand-ins in the server's process; the first also by `strace -c`, whose word is beyond doubt, but which
   slows a spinning server down and so lets it spin less.

Run it as `python benchmarks/servers.py [--json FILE] [--seconds 10]`. It needs Debian's wrk and strace.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import json
import os
import platform
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TypedDict

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # a script is found beside itself, not beside the packages

import impl.poll  # noqa: E402
from impl.servers import epoll_http, spinning  # noqa: E402
from impl.servers.http import MAX_HEAD, HttpTalk, hello  # noqa: E402
from impl.servers.service import Limits  # noqa: E402

TARGET = 1.5
SELF = str(Path(__file__).resolve())
SERVERS = {
    "keep_alive": ("-m", "impl.servers.keep_alive", "--address", "127.0.0.1:0"),
    "asyncio": (SELF, "--serve", "limited"),
    "keep_alive --announced": ("-m", "impl.servers.keep_alive", "--announced", "--address", "127.0.0.1:0"),
    "asyncio, no time limit": (SELF, "--serve", "unlimited"),
}
"""Name -> how to run it. The first two are compared."""

COUNTED = {"spinning": spinning.main, "epoll_http": epoll_http.main}
SOCKET_CALLS = ("accept", "recv", "send", "shutdown", "close", "setblocking")
IN_VAIN = "not now"
EPOLL_CALLS = ("poll", "register", "modify", "unregister")
CONNECTIONS, ACTIVE = 5_000, 500
PACE = 0.002
REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
LONG = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What wrk says of one server, the best round; latencies in milliseconds."""

    requests_per_second: float
    latency_mean: float
    latency_p99: float
    cpu_us: float  # processor time of the server for one request
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """System calls that one server made for each request, by name; "not now" counts those that were in vain."""

    burst: dict[str, float]  # 500 at once
    traced: dict[str, float]  # the same by strace
    paced: dict[str, float]  # one every 2 ms


class Figures(TypedDict):
    """What is written as JSON."""

    python: str
    cpus: int
    loads: dict[str, dict[str, float]]
    ratio: float
    calls: dict[str, dict[str, dict[str, float]]]
    calls_ratios: dict[str, float]


async def talk(seconds: float | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection as an asyncio program would, with our parser."""
    http = HttpTalk(hello, keep_alive=True)
    with contextlib.suppress(ConnectionError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        while True:
            if seconds is None:
                head = await reader.readuntil(b"\r\n\r\n")
            else:
                async with asyncio.timeout(seconds):
                    head = await reader.readuntil(b"\r\n\r\n")
            http.feed(head)
            reply = http.next()
            assert reply is not None
            writer.write(reply.data)
            await writer.drain()
            if reply.last:
                break
    writer.close()


async def serve_with_asyncio(seconds: float | None) -> None:
    """Run a server to compare with, until it is killed."""
    server = await asyncio.start_server(partial(talk, seconds), "127.0.0.1", 0, limit=MAX_HEAD, backlog=4096)
    host, port = server.sockets[0].getsockname()
    print(f"asyncio: listening at {host}:{port}", flush=True)
    await server.serve_forever()


def serve_counted(name: str) -> None:
    """Run a server with stand-ins that count; at each SIGUSR1, print the counts as JSON."""
    counts: Counter[str] = Counter()
    signal.signal(signal.SIGUSR1, lambda *_: print(json.dumps(counts), flush=True))
    for call in SOCKET_CALLS:
        setattr(socket.socket, call, counting(getattr(socket.socket, call), call, counts))
    module = SimpleNamespace(**vars(select))
    module.epoll = partial(CountingEpoll, counts)
    vars(impl.poll)["select"] = module
    COUNTED[name](["--address", "127.0.0.1:0", "--timeout", "3600"])


def counting(method: Callable[..., object], call: str, counts: Counter[str]) -> Callable[..., object]:
    """Give a method that counts and then does what it did."""

    @functools.wraps(method)
    def count_and_call(*args: object) -> object:
        counts[call] += 1
        try:
            return method(*args)
        except BlockingIOError:
            counts[IN_VAIN] += 1
            raise

    return count_and_call


class CountingEpoll:
    """An epoll whose calls are counted; its class is sealed."""

    def __init__(self, counts: Counter[str]) -> None:
        epoll = select.epoll()
        for call in EPOLL_CALLS:
            setattr(self, call, counting(getattr(epoll, call), f"epoll.{call}", counts))
        self.close = epoll.close


@contextlib.contextmanager
def running(*command: str) -> Iterator[tuple[subprocess.Popen[str], tuple[str, int]]]:
    """Run a server at a free port for a while; gives the process and its address."""
    with subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            host, _, port = process.stdout.readline().split("listening at ")[1].rpartition(":")
            yield process, (host, int(port))
        finally:
            process.kill()


def load(process: subprocess.Popen[str], address: tuple[str, int], seconds: int) -> Load:
    """Let wrk ask for so many seconds over 128 connections."""
    before = cpu_seconds(process)
    url = "http://{}:{}/".format(*address)
    command = ["wrk", "-t2", "-c128", f"-d{seconds}s", "--latency", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + LONG).stdout
    spent = cpu_seconds(process) - before
    found = re.search(r"(\d+) requests in .*?Requests/sec: +([\d.]+)", said, re.DOTALL)
    assert found is not None, said
    mean, p99 = (in_ms(text) for text in re.findall(r"(?:Latency|99%) +([\d.]+[a-z]+)", said)[:2])
    return Load(
        requests_per_second=float(found[2]),
        latency_mean=mean,
        latency_p99=p99,
        cpu_us=round(spent / int(found[1]) * 1e6, 2),
        errors=sum(map(int, re.findall(r"(?:connect|read|write|timeout|responses:) (\d+)", said))),
    )


def cpu_seconds(process: subprocess.Popen[str]) -> float:
    """Answer how much processor time a process has used (proc(5))."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def in_ms(text: str) -> float:
    """Read a time as wrk writes it."""
    number, unit = re.fullmatch(r"([\d.]+)([a-z]+)", text).groups()  # type: ignore[union-attr]  # wrk writes no other
    return round(float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit], 3)


def compare_loads(seconds: int, rounds: int) -> dict[str, Load]:
    """Load the servers in turns; the best round of each, with the errors of all."""
    found: dict[str, list[Load]] = {name: [] for name in SERVERS}
    for _ in range(rounds):
        for name, command in SERVERS.items():
            with running(*command) as (process, address):
                found[name].append(load(process, address, seconds))
    best = {name: max(loads, key=lambda each: each.requests_per_second) for name, loads in found.items()}
    errors = {name: sum(each.errors for each in loads) for name, loads in found.items()}
    return {name: replace(each, errors=errors[name]) for name, each in best.items()}


def count_calls(name: str, waves: int) -> Calls:
    """Let 500 of 5,000 connections ask, some times, traced and counted."""
    with running("-m", f"impl.servers.{name}", "--address", "127.0.0.1:0", "--timeout", "3600") as (process, address):
        clients = connect(address)
        ask(clients, address)  # answered, so all have been accepted
        trace = ["strace", "-c", "-f", "-U", "calls,errors,name", "-p", str(process.pid)]
        with subprocess.Popen(trace, stderr=subprocess.PIPE, text=True) as strace:
            assert strace.stderr is not None
            attached = strace.stderr.readline()
            assert "attached" in attached, attached
            for _ in range(waves):
                ask(clients, address)
            strace.send_signal(signal.SIGINT)
            table = strace.stderr.read()
        leave(clients)
    rows = re.findall(r"^ *(\d+) +(\d*) *(\w+)$", table, re.MULTILINE)
    traced = {call: int(count) for count, _, call in rows if call != "total"}
    traced[IN_VAIN] = sum(int(errors or 0) for _, errors, call in rows if call != "total")
    requests = waves * ACTIVE
    return Calls(
        burst=per_request(counts_of(name, waves), requests),
        traced=per_request(traced, requests),
        paced=per_request(counts_of(name, 1, PACE), ACTIVE),
    )


def counts_of(name: str, waves: int, pace: float = 0.0) -> Counter[str]:
    """Do the same with stand-ins; answer what they counted."""
    with running(SELF, "--count", name) as (process, address):
        clients = connect(address)
        ask(clients, address)
        before = counts_now(process)
        for _ in range(waves):
            ask(clients, address, pace)
        counts = counts_now(process) - before
        leave(clients)
    return counts


def counts_now(process: subprocess.Popen[str]) -> Counter[str]:
    """Ask a counted server how far it is."""
    assert process.stdout is not None
    process.send_signal(signal.SIGUSR1)
    return Counter(json.loads(process.stdout.readline()))


def per_request(counts: Mapping[str, int], requests: int) -> dict[str, float]:
    """Divide, and put the most frequent first."""
    return {call: round(count / requests, 2) for call, count in sorted(counts.items(), key=lambda row: -row[1])}


def connect(address: tuple[str, int]) -> list[socket.socket]:
    """Open the 5,000 connections."""
    return [socket.create_connection(address, timeout=LONG) for _ in range(CONNECTIONS)]


def leave(clients: list[socket.socket]) -> None:
    """Close them."""
    for client in clients:
        client.close()


def ask(clients: list[socket.socket], address: tuple[str, int], pace: float = 0.0) -> None:
    """Let the first 500 ask, `pace` seconds apart, be answered and leave; as many others come in their place."""
    active = clients[:ACTIVE]
    del clients[:ACTIVE]
    for client in active:
        client.sendall(REQUEST)
        if pace:
            time.sleep(pace)
    for client in active:
        answer = b""
        while piece := client.recv(4096):
            answer += piece
        assert answer.endswith(b"Hello world!"), answer
        client.close()
    clients += [socket.create_connection(address, timeout=LONG) for _ in range(ACTIVE)]


def show(loads: dict[str, Load], calls: dict[str, Calls]) -> Figures:
    """Print both tables; answer the figures."""
    ratio = loads["keep_alive"].requests_per_second / loads["asyncio"].requests_per_second
    print(f"Python {platform.python_version()}, wrk -t2 -c128")
    for name, each in loads.items():
        print(
            f"  {name:24} {each.requests_per_second:9,.0f} requests/s   mean {each.latency_mean:5.2f} ms   "
            f"p99 {each.latency_p99:5.2f} ms   {each.cpu_us:5.1f} us CPU/request   {each.errors} errors"
        )
    print(f"  keep_alive : asyncio {ratio:.2f}, target >= {TARGET}{'' if ratio >= TARGET else '  MISSED'}")
    print(f"{ACTIVE} active of {CONNECTIONS:,} connections, system calls per request")
    ratios = {}
    for field, how in (("burst", "all 500 at once"), ("traced", "the same, strace"), ("paced", "one every 2 ms")):
        totals = {}
        for name, found in calls.items():
            counts = dict(getattr(found, field))
            in_vain = counts.pop(IN_VAIN)
            totals[name] = sum(counts.values())
            print(f"  {how:18} {name:12} {totals[name]:9.1f} calls per request, of which {in_vain:.1f} said not now")
        ratios[field] = round(totals["spinning"] / totals["epoll_http"], 1)
        print(f"  {how:18} spinning makes {ratios[field]} times as many")
    return {
        "python": platform.python_version(),
        "cpus": os.cpu_count() or 0,
        "loads": {name: asdict(each) for name, each in loads.items()},
        "ratio": ratio,
        "calls": {name: asdict(found) for name, found in calls.items()},
        "calls_ratios": ratios,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write; 1 if a target was missed or a request failed, 2 if a tool is missing."""
    parser = argparse.ArgumentParser(description="Measure the servers.")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--seconds", type=int, default=10, help="how long wrk asks in each round")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of wrk for each server")
    parser.add_argument("--waves", type=int, default=5, help="how often 500 connections ask")
    parser.add_argument("--serve", choices=("limited", "unlimited"), help=argparse.SUPPRESS)
    parser.add_argument("--count", choices=tuple(COUNTED), help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    if options.serve:
        asyncio.run(serve_with_asyncio(Limits().timeout if options.serve == "limited" else None))
    if options.count:
        serve_counted(options.count)
        return 0
    missing = [tool for tool in ("wrk", "strace") if shutil.which(tool) is None]
    if missing:
        print(f"servers.py: needs Debian's {' and '.join(missing)}", file=sys.stderr)
        return 2
    loads = compare_loads(options.seconds, options.rounds)
    calls = {name: count_calls(name, options.waves) for name in COUNTED}
    figures = show(loads, calls)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return int(figures["ratio"] < TARGET or any(each.errors for each in loads.values()))


if __name__ == "__main__":
    sys.exit(main())
