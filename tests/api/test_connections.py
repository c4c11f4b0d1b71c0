"""What goes on below a request: bodies that break off, early answers, connections used again."""

from __future__ import annotations

import json
import socket
import time

import pytest

from tests.api.client import Client, status
from tests.api.conftest import STORES_AND_TLS
from tests.api.content import Pusher, digest

pytestmark = pytest.mark.parametrize("reached", STORES_AND_TLS, indirect=True, scope="session")

MIB = 1 << 20
GONE = "/v2/x/blobs/uploads/00000000-0000-4000-8000-000000000000"


def head(method: str, path: str, *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *headers, "", ""]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        (["Content-Length: 100"], b"x" * 50),
        (["Content-Length: 100"], b""),
        (["Transfer-Encoding: chunked"], b"32\r\n" + b"x" * 50 + b"\r\n"),
        (["Transfer-Encoding: chunked"], b"32\r\n" + b"x" * 40),
        (["Transfer-Encoding: chunked"], b"zz\r\n"),
        (["Transfer-Encoding: chunked"], b"5\r\nhello;"),
    ],
)
def test_a_body_that_breaks_off_counts_for_nothing(
    pusher: Pusher, client: Client, method: str, headers: list[str], sent: bytes
) -> None:
    location = pusher.upload()
    path = f"{location}?digest={digest(b'x' * 50)}" if method == "PUT" else location
    with client.connect() as connection:
        connection.sendall(head(method, path, *headers) + sent)
        if client.trust is None:
            connection.shutdown(socket.SHUT_WR)
            assert status(connection) == 400
            assert connection.recv(1) == b""
    # With TLS there is no half of a connection that could be closed.
    assert client("GET", location)["Range"] == "0-0"
    assert client("HEAD", pusher.path(f"blobs/{digest(b'x' * 50)}")).status == 404


def test_a_client_that_stalls_is_given_up(pusher: Pusher, client: Client) -> None:
    location = pusher.upload()
    with client.connect() as connection:
        connection.sendall(head("PATCH", location, "Content-Length: 100") + b"x" * 50)
        begun = time.monotonic()
        assert status(connection) == 400
        assert 1 < time.monotonic() - begun < 10
    assert client("GET", location)["Range"] == "0-0"


def test_a_head_that_stalls_is_given_up(client: Client) -> None:
    with client.connect() as connection:
        connection.sendall(b"GET /v2/ HTTP/1.1\r\nHos")
        assert status(connection) == 408
        assert connection.recv(1) == b""


def test_slow_chunks_arrive(pusher: Pusher, client: Client) -> None:
    with client.connect() as connection:
        connection.sendall(head("PATCH", pusher.upload(), "Transfer-Encoding: chunked"))
        for piece in (b"1", b"\r\na", b"\r\n3\r\n", b"bc", b"d\r\n0\r", b"\n\r\n"):
            time.sleep(0.1)
            connection.sendall(piece)
        assert status(connection) == 202


@pytest.mark.parametrize("size", [0, 1, 70_000, 20 * MIB])
@pytest.mark.parametrize("chunked", [False, True])
def test_an_early_answer_reaches_who_sends_first(client: Client, size: int, chunked: bool) -> None:
    body = b"x" * size
    answer = client("PATCH", GONE, iter([body]) if chunked else body)
    assert (answer.status, answer.code) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_a_chunk_out_of_order_leaves_the_connection_whole(pusher: Pusher, client: Client) -> None:
    location = pusher.upload()
    headers = [f"Content-Length: {MIB}", f"Content-Range: {MIB}-{2 * MIB - 1}"]
    with client.connect() as connection:
        connection.sendall(head("PATCH", location, *headers) + b"x" * MIB)
        assert status(connection) == 416
        connection.sendall(head("GET", location))
        assert status(connection) == 204


def test_a_huge_body_is_not_waited_for(client: Client) -> None:
    with client.connect() as connection:
        connection.sendall(head("PATCH", GONE, f"Content-Length: {1 << 40}"))
        assert status(connection) == 404


@pytest.mark.parametrize("length", ["Content-Length: 5", "Transfer-Encoding: chunked"])
def test_a_body_that_nobody_asked_for_is_no_request(client: Client, length: str) -> None:
    body = b"hello" if length.startswith("Content") else b"5\r\nhello\r\n0\r\n\r\n"
    with client.connect() as connection:
        for _ in range(3):
            connection.sendall(head("GET", "/v2/", length) + body)
            assert status(connection) == 200


def test_requests_in_a_row_before_the_first_answer(pusher: Pusher, client: Client) -> None:
    location = pusher.upload()
    requests = head("PATCH", location, "Content-Length: 3") + b"abc" + head("GET", location)
    with client.connect() as connection:
        connection.sendall(requests + head("GET", "/v2/"))
        assert [status(connection) for _ in range(3)] == [202, 204, 200]


@pytest.mark.parametrize("method", ["PATCH", "PUT", "POST"])
def test_no_length_and_no_chunks_is_no_body(pusher: Pusher, client: Client, method: str) -> None:
    location = pusher.path("blobs/uploads/") if method == "POST" else pusher.upload()
    with client.connect() as connection:
        connection.sendall(head(method, f"{location}?digest={digest(b'')}"))
        assert status(connection) == (202 if method == "PATCH" else 201)


def test_who_waits_to_be_told_to_go_on(pusher: Pusher, client: Client) -> None:
    headers = ["Content-Length: 3", "Expect: 100-continue"]
    with client.connect() as connection:
        connection.sendall(head("PATCH", pusher.upload(), *headers))
        assert status(connection) == 100
        connection.sendall(b"abc")
        assert status(connection) == 202


def test_who_leaves_while_a_blob_comes_harms_nobody(pusher: Pusher, client: Client) -> None:
    path = pusher.path(f"blobs/{pusher.blob(b'x' * 20 * MIB)}")
    for _ in range(12):
        with client.connect() as connection:
            connection.sendall(head("GET", path))
            connection.recv(1000)
    assert len(client("GET", path).body) == 20 * MIB


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"\x16\x03\x01 no HTTP\r\n\r\n", 400),
        (b"\x16\x03\x01 and no end of a line", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET /v2/ HTTP/1.1\r\nHost: x\r\nbroken header\r\n\r\n", 400),
        (head("GET", "/v2/" + "a" * 9000), 414),
        (head("GET", "/v2/", "X: " + "a" * 9000), 431),
        (head("GET", "/v2/", *(f"X-{n}: y" for n in range(200))), 431),
        (head("GET", "/v2/", "Transfer-Encoding: gzip"), 400),
    ],
)
def test_what_is_no_request_is_refused_in_our_words(
    client: Client, sent: bytes, expected: int
) -> None:
    with client.connect() as connection:
        connection.sendall(sent)
        answer = b""
        while received := connection.recv(4096):
            answer += received
    first, _, body = answer.partition(b"\r\n\r\n")
    assert int(first.split()[1]) == expected
    assert json.loads(body)["errors"][0]["code"] == "UNSUPPORTED"
