"""Blobs: GET, HEAD, DELETE."""

from __future__ import annotations

import os

import pytest

from tests.api.client import Client
from tests.api.conftest import STORES_AND_TLS
from tests.api.content import Pusher, digest

pytestmark = pytest.mark.parametrize("reached", STORES_AND_TLS, indirect=True, scope="session")

DATA = os.urandom(100_000)
ABSENT = digest(b"never pushed")

RANGES = [
    ("bytes=0-0", 206, 0, 1),
    ("bytes=5-9", 206, 5, 10),
    ("bytes=99990-", 206, 99_990, 100_000),
    ("bytes=99990-200000", 206, 99_990, 100_000),
    ("bytes=-10", 206, 99_990, 100_000),
    ("bytes=-200000", 206, 0, 100_000),
    ("bytes=0-1,5-9", 200, 0, 100_000),
    ("lines=1-2", 200, 0, 100_000),
    ("nonsense", 200, 0, 100_000),
]


def test_a_blob_comes_back_with_its_digest(pusher: Pusher, client: Client) -> None:
    name = pusher.blob(DATA)
    answer = client("GET", pusher.path(f"blobs/{name}"))
    assert (answer.status, answer.body) == (200, DATA)
    assert answer["Docker-Content-Digest"] == name
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Accept-Ranges"] == "bytes"
    assert "immutable" in answer["Cache-Control"]


@pytest.mark.parametrize("data", [b"", b"x", DATA], ids=["empty", "byte", "large"])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_any_size_by_any_algorithm(
    pusher: Pusher, client: Client, data: bytes, algorithm: str
) -> None:
    name = pusher.blob(data, algorithm)
    assert client("GET", pusher.path(f"blobs/{name}")).body == data


@pytest.mark.parametrize("path", ["blobs/{}", "blobs/{}?ns=docker.io"])
def test_head_says_what_get_says(pusher: Pusher, client: Client, path: str) -> None:
    path = pusher.path(path.format(pusher.blob(DATA)))
    answers = [dict(client(method, path).headers) for method in ("GET", "HEAD")]
    for headers in answers:
        del headers["date"], headers["x-request-id"]
    assert answers[0] == answers[1]
    assert answers[0]["content-length"] == str(len(DATA))


@pytest.mark.parametrize(("wanted", "status", "start", "stop"), RANGES)
def test_a_part_of_a_blob(
    pusher: Pusher, client: Client, wanted: str, status: int, start: int, stop: int
) -> None:
    answer = client("GET", pusher.path(f"blobs/{pusher.blob(DATA)}"), Range=wanted)
    assert (answer.status, answer.body) == (status, DATA[start:stop])
    if status == 206:
        assert answer["Content-Range"] == f"bytes {start}-{stop - 1}/{len(DATA)}"


@pytest.mark.parametrize(
    "wanted", ["bytes=100000-", "bytes=-0", "bytes=10-5", f"bytes={'9' * 5000}-"]
)
def test_a_range_that_holds_nothing(pusher: Pusher, client: Client, wanted: str) -> None:
    answer = client("GET", pusher.path(f"blobs/{pusher.blob(DATA)}"), Range=wanted)
    assert answer.status == 416
    assert answer["Content-Range"] == "bytes */100000"


def test_a_range_of_another_blob_is_the_whole(pusher: Pusher, client: Client) -> None:
    path = pusher.path(f"blobs/{pusher.blob(DATA)}")
    answer = client("GET", path, Range="bytes=0-1", If_Range='"something else"')
    assert (answer.status, answer.body) == (200, DATA)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_the_client_has_is_not_sent_again(pusher: Pusher, client: Client, method: str) -> None:
    name = pusher.blob(DATA)
    answer = client(method, pusher.path(f"blobs/{name}"), If_None_Match=f'W/"x", "{name}"')
    assert (answer.status, answer.body) == (304, b"")
    assert answer["ETag"] == f'"{name}"'


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_an_absent_blob(pusher: Pusher, client: Client, method: str) -> None:
    answer = client(method, pusher.path(f"blobs/{ABSENT}"))
    assert answer.status == 404
    if method != "HEAD":
        assert answer.code == "BLOB_UNKNOWN"


def test_a_deleted_blob_is_gone(pusher: Pusher, client: Client) -> None:
    path = pusher.path(f"blobs/{pusher.blob(os.urandom(32))}")
    assert client("DELETE", path).status == 202
    assert client("GET", path).code == "BLOB_UNKNOWN"
    assert client("DELETE", path).status == 404


def test_a_blob_in_use_stays(pusher: Pusher, client: Client) -> None:
    layer = os.urandom(32)
    pusher.image("latest", layer)
    answer = client("DELETE", pusher.path(f"blobs/{digest(layer)}"))
    assert (answer.status, answer.code) == (405, "DENIED")


def test_a_blob_can_come_back(pusher: Pusher, client: Client) -> None:
    data = os.urandom(32)
    client("DELETE", pusher.path(f"blobs/{pusher.blob(data)}"))
    assert client("GET", pusher.path(f"blobs/{pusher.blob(data)}")).body == data
