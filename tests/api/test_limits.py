"""What a client may not do: send too much, too slowly, or nothing at all."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.api.client import Client, status
from tests.api.conftest import Start
from tests.api.content import Pusher, digest
from tests.certificates import Certificate

KIB, MIB = 1 << 10, 1 << 20
CROWD, THREADS = 200, 8

#: How a client notices that it was given up.
GONE = re.compile("reset|pipe")

#: What a client that stalls has sent before: of TLS, of a head, of a body.
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
HALF = b"GET /v2/ HTTP/1.1\r\nHost: x\r\nX-"
TWO = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + HALF
BODY = b"PATCH /v2/a/blobs/uploads/%s HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1"


def test_a_body_that_says_it_is_too_long_is_refused_at_once(start: Start) -> None:
    _, client = start(limits={"body": 1000})
    location = Pusher(client, "a").upload()
    with client.connect() as connection:
        connection.sendall(
            f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: {1 << 40}\r\n\r\n".encode()
        )
        assert connection.recv(12) == b"HTTP/1.1 413"
    assert client("GET", location)["Range"] == "0-0"


def test_a_body_that_becomes_too_long_is_refused(start: Start) -> None:
    _, client = start(limits={"body": 100 * KIB})
    location = Pusher(client, "a").upload()
    answer = client("PATCH", location, iter([b"x" * KIB] * 101))
    assert (answer.status, answer.code) == (413, "SIZE_INVALID")
    assert str(100 * KIB) in answer.json["errors"][0]["message"]
    assert client("GET", location)["Range"] == "0-0"


def test_a_body_of_just_the_limit_is_accepted(start: Start) -> None:
    _, client = start(limits={"body": 100 * KIB})
    data = b"x" * 100 * KIB
    location = Pusher(client, "a").upload()
    assert client("PATCH", location, iter([data])).status == 202
    assert client("PUT", f"{location}?digest={digest(data)}").status == 201


def test_a_token_of_keystone_fits_into_a_head(start: Start) -> None:
    _, client = start()
    assert client("GET", "/v2/", Authorization=f"Bearer {'x' * 8000}").status == 200


def test_a_head_without_end_is_refused(start: Start) -> None:
    _, client = start()
    with client.connect() as connection:
        connection.sendall(b"GET /v2/ HTTP/1.1\r\n" + b"X: y\r\n" * 20_000)
        assert status(connection) == 431


@pytest.mark.parametrize("sent", [b"", HALF, TWO, BODY], ids=["silent", "head", "second", "body"])
def test_a_crowd_that_stalls_keeps_nobody_else_waiting(start: Start, sent: bytes) -> None:
    """Many more than there are threads: the others are served long before these are given up."""
    _, client = start(threads=THREADS, limits={"head": 100, "idle": 100})
    location = Pusher(client, "a").upload().rpartition("/")[2]
    with ExitStack() as crowd:
        for _ in range(CROWD):
            connection = crowd.enter_context(client.connect())
            connection.sendall(sent.replace(b"%s", location.encode()))
        begun = time.monotonic()
        assert client("GET", "/v2/").status == 200
        assert Pusher(client, "b").blob(b"x" * MIB)
        assert time.monotonic() - begun < 15


@pytest.mark.parametrize("sent", [b"", HELLO], ids=["silent", "hello"])
def test_a_crowd_that_shakes_no_hands_keeps_nobody_else_waiting(
    start: Start, certificate: Certificate, sent: bytes
) -> None:
    _, client = start(certificate=certificate, threads=THREADS, limits={"head": 100, "idle": 100})
    with ExitStack() as crowd:
        for _ in range(CROWD):
            crowd.enter_context(client.connect_plainly()).sendall(sent)
        begun = time.monotonic()
        assert client("GET", "/v2/").status == 200
        assert time.monotonic() - begun < 15


def test_a_handshake_that_stalls_is_given_up(start: Start, certificate: Certificate) -> None:
    _, client = start(certificate=certificate, limits={"head": 1, "idle": 100})
    with client.connect_plainly() as connection:
        connection.sendall(HELLO)
        begun = time.monotonic()
        assert connection.recv(1) == b""
        assert time.monotonic() - begun < 10


@pytest.mark.parametrize("sent", [b"", HALF, TWO])
def test_a_head_that_trickles_is_given_up(start: Start, sent: bytes) -> None:
    _, client = start(limits={"head": 1, "idle": 100})
    with client.connect() as connection:
        connection.sendall(sent)
        begun = time.monotonic()
        with pytest.raises(OSError, match=GONE):
            send_slowly(connection, 20)
        assert 0.5 < time.monotonic() - begun < 10


def send_slowly(connection: socket.socket, seconds: float) -> None:
    """One byte after the other."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        connection.sendall(b"x")
        time.sleep(0.05)


def test_who_has_not_asked_does_not_keep_it_from_ending(start: Start) -> None:
    process, client = start(limits={"head": 100})
    with ExitStack() as crowd:
        for sent in (b"", HALF, TWO):
            crowd.enter_context(client.connect()).sendall(sent)
        assert client("GET", "/v2/").status == 200
        process.terminate()
        process.wait_finished(10)


def test_a_head_that_is_late_is_told_so(start: Start) -> None:
    _, client = start(limits={"head": 1})
    with client.connect() as connection:
        connection.sendall(HALF)
        assert status(connection) == 408


def test_who_says_nothing_between_requests_is_no_stalling_client(start: Start) -> None:
    _, client = start(limits={"head": 1, "idle": 1})
    with client.connect() as connection:
        for pause in (0, 3):
            time.sleep(pause)
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert status(connection) == 200


def trickle(seconds: float) -> Iterator[bytes]:
    """A body of some bytes each second."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield b"x" * 100
        time.sleep(0.05)


def test_a_body_that_trickles_is_given_up(start: Start) -> None:
    _, client = start(limits={"idle": 1, "rate": 100 * KIB})
    location = Pusher(client, "a").upload()
    begun = time.monotonic()
    with pytest.raises(OSError, match=GONE):
        client("PATCH", location, trickle(20))
    assert 1 < time.monotonic() - begun < 10
    assert client("GET", location)["Range"] == "0-0"


@pytest.mark.parametrize("rate", [0, KIB])
def test_a_body_that_comes_slowly_but_fast_enough_arrives(start: Start, rate: int) -> None:
    _, client = start(limits={"idle": 1, "rate": rate})
    assert client("PATCH", Pusher(client, "a").upload(), trickle(3)).status == 202


@pytest.fixture(params=["memory", "files", "tls"])
def start_reading(
    request: pytest.FixtureRequest, start: Start, certificate: Certificate
) -> Callable[[int], tuple[Client, str]]:
    """Start a registry that wants so many bytes a second, with a blob of 64 MiB at a path."""

    def begin(rate: int) -> tuple[Client, str]:
        tls = {"certificate": certificate} if request.param == "tls" else {}
        kind = "files" if request.param == "tls" else request.param
        _, client = start(kind, **tls, limits={"idle": 1, "rate": rate})
        pusher = Pusher(client, "a")
        return client, pusher.path(f"blobs/{pusher.blob(bytes(64 * MIB))}")

    return begin


def read_slowly(client: Client, path: str, seconds: float) -> int:
    """Take an answer at about 2 MiB a second; bytes until it ends, or the time is over."""
    taken, end = 0, time.monotonic() + seconds
    with client.connect() as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        while time.monotonic() < end:
            try:
                data = connection.recv(64 * KIB)
            except ConnectionResetError:
                return taken
            if not data:
                return taken
            taken += len(data)
            time.sleep(0.03)
    raise TimeoutError(f"it goes on after {taken} bytes")


def test_an_answer_that_is_taken_too_slowly_ends(
    start_reading: Callable[[int], tuple[Client, str]],
) -> None:
    client, path = start_reading(100 * MIB)
    assert read_slowly(client, path, 20) < 50 * MIB


def test_an_answer_that_is_taken_fast_enough_goes_on(
    start_reading: Callable[[int], tuple[Client, str]],
) -> None:
    client, path = start_reading(64 * KIB)
    with pytest.raises(TimeoutError):
        read_slowly(client, path, 4)


def test_our_own_time_is_not_the_clients(start: Start) -> None:
    """What takes us longer than `idle`, at less than the rate, is not held against him."""
    _, client = start("slow", limits={"idle": 1, "rate": 100 * MIB})
    data = bytes(6 * MIB)
    begun = time.monotonic()
    pusher = Pusher(client, "a")
    location = pusher.upload()
    assert client("PATCH", location, data).status == 202
    assert time.monotonic() - begun > 2
    assert client("PUT", f"{location}?digest={digest(data)}").status == 201
    assert client("GET", pusher.path(f"blobs/{digest(data)}")).body == data
