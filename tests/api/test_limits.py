"""What a client may not do: send too much, too slowly, or nothing at all."""

from __future__ import annotations

from tests.api.conftest import Start
from tests.api.content import Pusher, digest

KIB = 1 << 10


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
