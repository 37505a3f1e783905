"""HTTP by hand: requests in pieces, refusals with their status, answers as bytes."""

from __future__ import annotations

import pytest

from impl.servers.http import MAX_HEAD, Answer, BadRequest, HttpTalk, Request, Requests, hello, response

PLAIN = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


def parse(data: bytes) -> Request | None:
    """Feed bytes at once and take the first request."""
    requests = Requests()
    requests.feed(data)
    return requests.next()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_requests_come_in_pieces_of_any_size(size: int) -> None:
    """Two requests one after the other, with empty lines before the first (RFC 9112, 2.2)."""
    data = b"\r\n\r\n" + PLAIN + b"HEAD /x?y HTTP/1.0\r\nX-Any: thing \r\n\r\n"
    requests = Requests()
    found = []
    for at in range(0, len(data), size):
        requests.feed(data[at : at + size])
        while (request := requests.next()) is not None:
            found.append(request)
    assert found == [
        Request(method="GET", target="/", keep_alive=True),
        Request(method="HEAD", target="/x?y", keep_alive=False),
    ]
    assert not requests.has_begun()


@pytest.mark.parametrize(
    ("field", "keeps"),
    [
        (b"Connection: close", False),
        (b"connection: Keep-Alive, CLOSE", False),
        (b"Connection: keep-alive", True),
        (b"Connection: upgrade", True),
        (b"Content-Length: 0", True),
    ],
)
def test_who_wants_to_close_may(field: bytes, keeps: bool) -> None:
    """HTTP/1.1 keeps the connection unless told otherwise (RFC 9112, 9.3)."""
    request = parse(b"GET / HTTP/1.1\r\nHost: here\r\n" + field + b"\r\n\r\n")
    assert request is not None
    assert request.keep_alive is keeps


def test_http_1_0_closes_unless_asked() -> None:
    """And needs no Host."""
    request = parse(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert request == Request(method="GET", target="/", keep_alive=True)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00", 400),
        (b"GET\r\n", 400),
        (b"GET  / HTTP/1.1\r\n", 400),
        (b"GET / HTTP/1.1 \r\n", 400),
        (b"GET /\x00 HTTP/1.1\r\n", 400),
        (b"GET / HTTP/1.1\nHost: here\n\n", 400),
        (b"\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded: yes\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\nb: c\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x10\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n", 405),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 413),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 413),
        (b"GET /" + b"a" * MAX_HEAD, 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * MAX_HEAD, 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * MAX_HEAD + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"a: b\r\n" * 101 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        (b"GET / HTTP/2.0\r\n", 505),
        (b"GET / HTTP/0.9\r\n", 505),
    ],
)
def test_what_is_no_request_is_refused(data: bytes, status: int) -> None:
    """As soon as it can be known: no refusal waits for the end of a head that will not come."""
    with pytest.raises(BadRequest) as refused:
        parse(data)
    assert refused.value.status == status
    reply = HttpTalk(hello, keep_alive=True)
    reply.feed(data)
    said = reply.next()
    assert said is not None
    assert said.last
    assert said.is_refusal
    assert said.data.startswith(b"HTTP/1.1 %d " % status)


def test_answers_say_their_length_and_what_becomes_of_the_connection() -> None:
    """HEAD gets the length without the body."""
    whole = response(200, b"Hello world!", keep_alive=True)
    head = response(200, b"Hello world!", keep_alive=True, head_only=True)
    assert whole == head + b"Hello world!"
    assert b"\r\nContent-Length: 12\r\nConnection: keep-alive\r\n\r\n" in whole
    assert b"Connection: close\r\n" in response(404, b"", keep_alive=False)
    assert b"Allow: GET, HEAD\r\n" in response(405, b"", keep_alive=False)


def test_a_talk_ends_when_either_side_wants() -> None:
    """The client by its field, the server by `finish`."""
    talk = HttpTalk(lambda request: Answer(200, request.target.encode(), after=1.5), keep_alive=True)
    talk.feed(PLAIN)
    first = talk.next()
    assert first is not None
    assert (first.last, first.after) == (False, 1.5)
    talk.feed(PLAIN)
    talk.finish()
    second = talk.next()
    assert second is not None
    assert second.last
    assert talk.next() is None


def test_a_request_that_does_not_end_is_told_so() -> None:
    """408, and then the connection is closed."""
    talk = HttpTalk(hello, keep_alive=True)
    talk.feed(PLAIN[:5])
    assert talk.has_begun()
    assert talk.next() is None
    assert talk.time_out().data.startswith(b"HTTP/1.1 408 ")
