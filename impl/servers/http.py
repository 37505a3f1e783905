"""HTTP/1.1 by hand: bytes to requests, answers to bytes. No I/O, no clock.

`Requests` is fed with whatever arrives, in pieces of any size, and has three outcomes like every parser of a protocol
that comes in pieces: a request, an error (`BadRequest`, the answer to give before closing), or None for "more, please".
`HttpTalk` puts an answer to each. These servers serve a page of text, so requests with content are refused rather than
read (RFC 9110, 9.3.1).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from impl.servers.exchange import Reply

__all__ = ["MAX_HEAD", "Answer", "BadRequest", "HttpTalk", "Request", "Requests", "hello", "response"]

MAX_HEAD = 8192
"""Bytes that request line and header fields may have together; RFC 9112, 3 recommends at least 8,000 for the line."""
MAX_FIELDS = 100

_METHOD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP/(\d)\.(\d)")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*")
_SERVED = (b"GET", b"HEAD")
_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    414: "URI Too Long",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    505: "HTTP Version Not Supported",
}


class BadRequest(Exception):
    """What arrived is no request that we serve. `status` is the answer; after it the connection is to be closed."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request: the method, the target as it was written, and whether another may follow on the connection."""

    method: str
    target: str
    keep_alive: bool


class Requests:
    """The requests that come over one connection, cut out of its bytes."""

    __slots__ = ("_buffer", "_looked")

    def __init__(self) -> None:
        self._buffer = b""
        self._looked = 0  # so far there is no end of a head in the buffer: bytes are not looked at twice

    def feed(self, data: bytes) -> None:
        """Add what has arrived."""
        self._buffer += data

    def has_begun(self) -> bool:
        """Answer whether there are bytes of a request that is not complete."""
        return bool(self._buffer)

    def next(self) -> Request | None:
        """Cut the next request out; None if it is not complete.

        Raises:
            BadRequest: it never will be a request that we serve.
        """
        buffer = self._buffer
        while buffer.startswith(b"\r\n"):  # some clients send one too many after the last request (RFC 9112, 2.2)
            self._buffer = buffer = buffer[2:]
            self._looked = 0
        end = buffer.find(b"\r\n\r\n", self._looked, MAX_HEAD)
        if end < 0:
            _refuse_early(buffer)
            self._looked = max(len(buffer) - 3, 0)
            return None
        self._buffer = buffer[end + 4 :]
        self._looked = 0
        return _parse(buffer[:end])


class Answer(NamedTuple):
    """What a request is answered with, and after how many seconds."""

    status: int
    body: bytes
    after: float = 0.0


_HELLO = Answer(200, b"Hello world!")


def hello(_request: Request) -> Answer:
    """Answer every request alike, as the texts' servers do."""
    return _HELLO


class HttpTalk:
    """HTTP as one connection speaks it (`exchange.Talk`): each request gets an answer, a bad one the last.

    Args:
        answering: what to answer a request that is well-formed.
        keep_alive: whether a client may send another request after an answer; without it the first is the last.
    """

    __slots__ = ("_answering", "_keep_alive", "_requests")

    def __init__(self, answering: Callable[[Request], Answer], *, keep_alive: bool) -> None:
        self._answering = answering
        self._keep_alive = keep_alive
        self._requests = Requests()

    def feed(self, data: bytes) -> None:
        """Take in what has arrived."""
        self._requests.feed(data)

    def has_begun(self) -> bool:
        """Answer whether a request has begun and not ended."""
        return self._requests.has_begun()

    def next(self) -> Reply | None:
        """Answer the next complete request."""
        try:
            request = self._requests.next()
        except BadRequest as bad:
            return _refusal(bad)
        if request is None:
            return None
        answer = self._answering(request)
        return _reply(answer, self._keep_alive and request.keep_alive, request.method == "HEAD")

    def time_out(self) -> Reply:
        """Answer a request that does not come to an end."""
        return _refusal(BadRequest(408, "the request did not come to an end"))

    def finish(self) -> None:
        """Announce with the next answer that it is the last."""
        self._keep_alive = False


@functools.lru_cache(maxsize=64)
def _reply(answer: Answer, keep_alive: bool, head_only: bool) -> Reply:
    """Write an answer as a reply; many are alike, so the last ones are kept."""
    data = response(answer.status, answer.body, keep_alive=keep_alive, head_only=head_only)
    return Reply(data, last=not keep_alive, after=answer.after)


def _refusal(bad: BadRequest) -> Reply:
    data = response(bad.status, f"{bad.why}\n".encode(), keep_alive=False)
    return Reply(data, last=True, is_refusal=True)


def response(status: int, body: bytes, *, keep_alive: bool, head_only: bool = False) -> bytes:
    """Write an answer as bytes; `head_only` for HEAD, whose answer names the length of what it leaves out."""
    connection = "keep-alive" if keep_alive else "close"
    allow = "Allow: GET, HEAD\r\n" if status == 405 else ""
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: {connection}\r\n{allow}\r\n"
    )
    return head.encode("ascii") if head_only else head.encode("ascii") + body


def _refuse_early(buffer: bytes) -> None:
    """Refuse what can be refused before the head is complete: too long, or no HTTP from the first line on."""
    end = buffer.find(b"\n", 0, MAX_HEAD)
    if len(buffer) >= MAX_HEAD:
        if end < 0:
            raise BadRequest(414, f"the request line has more than {MAX_HEAD} bytes")
        raise BadRequest(431, f"the head has more than {MAX_HEAD} bytes")
    if end >= 0:
        _parse_line(buffer[:end].removesuffix(b"\r"))
        if buffer[end - 1 : end] != b"\r":
            raise BadRequest(400, "lines end in CR LF")
    elif buffer and buffer != b"\r" and not _METHOD.match(buffer):
        raise BadRequest(400, "this is not HTTP")


@functools.lru_cache(maxsize=1024)
def _parse(head: bytes) -> Request:
    """Read a whole head, without the empty line that ends it. Clients repeat theirs, so the last ones are kept."""
    line, *fields = head.split(b"\r\n")
    method, target, minor = _parse_line(line)
    if len(fields) > MAX_FIELDS:
        raise BadRequest(431, f"more than {MAX_FIELDS} header fields")
    keep_alive = minor >= 1
    hosts = 0
    for field in fields:
        matched = _FIELD.fullmatch(field)
        if matched is None:
            raise BadRequest(400, "a header field is malformed")
        name = matched[1].lower()
        if name == b"host":
            hosts += 1
        elif name == b"connection":
            keep_alive = _keeps_alive(matched[2], keep_alive)
        elif name in (b"content-length", b"transfer-encoding"):
            _refuse_content(name, matched[2])
    if hosts != 1 and (minor >= 1 or hosts):
        raise BadRequest(400, "there must be one Host field")
    return Request(method=method, target=target, keep_alive=keep_alive)


def _parse_line(line: bytes) -> tuple[str, str, int]:
    """Read a request line: method, target, minor version."""
    matched = _LINE.fullmatch(line)
    if matched is None:
        raise BadRequest(400, "the request line is malformed")
    method, target, major, minor = matched.groups()
    if major != b"1":
        raise BadRequest(505, "only HTTP/1 is spoken here")
    if method not in _SERVED:
        raise BadRequest(405, "only GET and HEAD are served")
    return method.decode("ascii"), target.decode("ascii"), int(minor)


def _keeps_alive(options: bytes, default: bool) -> bool:
    """Read a Connection field."""
    asked = [option.strip().lower() for option in options.split(b",")]
    if b"close" in asked:
        return False
    return default or b"keep-alive" in asked


def _refuse_content(name: bytes, value: bytes) -> None:
    """Refuse a request with content: to skip it one would have to trust its length."""
    if name == b"transfer-encoding":
        raise BadRequest(501, "transfer codings are not served")
    if not value.isdigit():
        raise BadRequest(400, "the Content-Length is not a number")
    if int(value[:20]):
        raise BadRequest(413, "requests with content are not served")
