"""Uploads: whole, in chunks, mounted, given up."""

from __future__ import annotations

import os
from random import Random

import pytest

from tests.api.client import Client
from tests.api.content import Pusher, digest

#: The same in every process, as names of tests are made of it.
DATA = Random(42).randbytes(90_000)
NAME = digest(DATA)
NEVER = "5f0c3f0e-2f4b-4d55-9a55-0e0d5b1c7e11"
PARTS = [DATA[:30_000], DATA[30_000:60_000], DATA[60_000:]]


def test_an_upload_begins_empty(pusher: Pusher, client: Client) -> None:
    answer = client("POST", pusher.path("blobs/uploads/"))
    assert (answer.status, answer["Range"]) == (202, "0-0")
    assert answer["Location"] == pusher.path(f"blobs/uploads/{answer['Docker-Upload-UUID']}")
    status = client("GET", answer["Location"])
    assert (status.status, status["Range"], status["Location"]) == (204, "0-0", answer["Location"])


def test_whole_by_post_and_put(pusher: Pusher, client: Client) -> None:
    answer = client("PUT", f"{pusher.upload()}?digest={NAME}", DATA)
    assert answer.status == 201
    assert answer["Location"] == pusher.path(f"blobs/{NAME}")
    assert answer["Docker-Content-Digest"] == NAME
    assert client("GET", answer["Location"]).body == DATA


@pytest.mark.parametrize("data", [DATA, b""], ids=["full", "empty"])
def test_whole_in_one_post(pusher: Pusher, client: Client, data: bytes) -> None:
    answer = client("POST", pusher.path(f"blobs/uploads/?digest={digest(data)}"), data)
    assert (answer.status, answer["Docker-Content-Digest"]) == (201, digest(data))
    assert client("GET", answer["Location"]).body == data


def test_streamed_as_docker_does(pusher: Pusher, client: Client) -> None:
    answer = client("PATCH", pusher.upload(), iter([DATA[:1], DATA[1:7], DATA[7:]]))
    assert (answer.status, answer["Range"]) == (202, f"0-{len(DATA) - 1}")
    answer = client("PUT", f"{answer['Location']}?digest={NAME}", b"")
    assert (answer.status, answer["Docker-Content-Digest"]) == (201, NAME)
    assert client("GET", answer["Location"]).body == DATA


@pytest.mark.parametrize("put_last", [False, True])
@pytest.mark.parametrize("form", ["{}-{}", "bytes {}-{}/*"])
def test_in_chunks(pusher: Pusher, client: Client, put_last: bool, form: str) -> None:
    location, offset = pusher.upload(), 0
    for part in PARTS[:-1] if put_last else PARTS:
        last = offset + len(part) - 1
        answer = client("PATCH", location, part, Content_Range=form.format(offset, last))
        assert (answer.status, answer["Range"]) == (202, f"0-{last}")
        location, offset = answer["Location"], last + 1
        assert client("GET", location)["Range"] == f"0-{last}"
    rest = {"Content_Range": form.format(offset, len(DATA) - 1)} if put_last else {}
    body = PARTS[-1] if put_last else None
    answer = client("PUT", f"{location}?digest={NAME}", body, **rest)
    assert answer.status == 201
    assert client("GET", answer["Location"]).body == DATA


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("start", [0, 29_999, 30_001, 10**15])
def test_a_chunk_out_of_order(pusher: Pusher, client: Client, method: str, start: int) -> None:
    location = client("PATCH", pusher.upload(), PARTS[0])["Location"]
    path = f"{location}?digest={NAME}" if method == "PUT" else location
    wanted = f"{start}-{start + len(PARTS[1]) - 1}"
    answer = client(method, path, PARTS[1], Content_Range=wanted)
    assert (answer.status, answer.code) == (416, "BLOB_UPLOAD_INVALID")
    assert (answer["Location"], answer["Range"]) == (location, "0-29999")
    assert client("GET", location)["Range"] == "0-29999"


@pytest.mark.parametrize(
    "wanted", ["0-1", "0-99999", "30000-0", "-5", "x", "", "0-9-9", "\u0660-\u0661"]
)
def test_a_chunk_that_is_none(pusher: Pusher, client: Client, wanted: str) -> None:
    location = pusher.upload()
    header = wanted.encode().decode("latin-1")
    answer = client("PATCH", location, PARTS[0], Content_Range=header)
    assert answer.status == 400
    assert answer.code in ("SIZE_INVALID", "BLOB_UPLOAD_INVALID")
    assert client("GET", location)["Range"] == "0-0"


@pytest.mark.parametrize("body", [b"", None, iter([])], ids=["empty", "absent", "no-chunks"])
def test_nothing_may_be_added(pusher: Pusher, client: Client, body: bytes | None) -> None:
    location = client("PATCH", pusher.upload(), PARTS[0])["Location"]
    answer = client("PATCH", location, body)
    assert (answer.status, answer["Range"]) == (202, "0-29999")


@pytest.mark.parametrize(
    "query", ["", "?digest=", "?digest=x", "?digest=md5:00", f"?digest={NAME}0", "?digest=sha256:"]
)
def test_a_digest_that_is_none(pusher: Pusher, client: Client, query: str) -> None:
    location = pusher.upload()
    answer = client("PUT", f"{location}{query}", DATA)
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")
    assert client("PUT", f"{location}?digest={NAME}", DATA).status == 201


@pytest.mark.parametrize("size", [90_000, 0])
def test_wrong_bytes_are_refused(pusher: Pusher, client: Client, size: int) -> None:
    wrong = digest(b"wrong" + os.urandom(8))
    answer = client("PUT", f"{pusher.upload()}?digest={wrong}", DATA[:size])
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")
    assert client("HEAD", pusher.path(f"blobs/{wrong}")).status == 404
    answer = client("POST", pusher.path(f"blobs/uploads/?digest={wrong}"), DATA[:size])
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")


def test_an_upload_can_be_given_up(pusher: Pusher, client: Client) -> None:
    location = client("PATCH", pusher.upload(), DATA)["Location"]
    assert client("DELETE", location).status == 204
    for method in ("GET", "DELETE", "PATCH"):
        answer = client(method, location)
        assert answer.status == 404
        assert answer.code == "BLOB_UPLOAD_UNKNOWN"
    assert client("PUT", f"{location}?digest={NAME}", DATA).code == "BLOB_UPLOAD_UNKNOWN"


@pytest.mark.parametrize("upload", [NEVER, "x", "%2e%2e", "a.b", "0" * 300])
@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_an_upload_that_never_was(pusher: Pusher, client: Client, method: str, upload: str) -> None:
    path = pusher.path(f"blobs/uploads/{upload}?digest={NAME}")
    answer = client(method, path, DATA if method in ("PATCH", "PUT") else None)
    assert (answer.status, answer.code) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_an_upload_belongs_to_its_repository(pusher: Pusher, client: Client) -> None:
    upload = pusher.upload().rpartition("/")[2]
    answer = client("GET", f"/v2/somebody/else/blobs/uploads/{upload}")
    assert (answer.status, answer.code) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_an_end_may_be_repeated(pusher: Pusher, client: Client) -> None:
    location = client("PATCH", pusher.upload(), DATA)["Location"]
    for _ in range(2):
        assert client("PUT", f"{location}?digest={NAME}").status == 201


@pytest.mark.parametrize("origin", ["&from={}", "", "&from="])
def test_a_mount_needs_no_bytes(pusher: Pusher, client: Client, origin: str) -> None:
    name = pusher.blob(DATA)
    query = f"?mount={name}{origin.format(pusher.repository)}"
    answer = client("POST", f"/v2/another/{pusher.repository}/blobs/uploads/{query}")
    assert (answer.status, answer["Docker-Content-Digest"]) == (201, name)
    assert client("GET", answer["Location"]).body == DATA


def test_a_mount_of_what_is_absent_begins_an_upload(pusher: Pusher, client: Client) -> None:
    data = os.urandom(32)
    query = f"?mount={digest(data)}&from=some/where"
    answer = client("POST", pusher.path(f"blobs/uploads/{query}"))
    assert (answer.status, answer["Range"]) == (202, "0-0")
    assert client("PUT", f"{answer['Location']}?digest={digest(data)}", data).status == 201


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?mount=x", "DIGEST_INVALID"),
        ("?mount=", "DIGEST_INVALID"),
        (f"?mount={NAME}&from=../etc", "NAME_INVALID"),
        ("?digest=nonsense", "DIGEST_INVALID"),
        ("?digest-algorithm=md5", "DIGEST_INVALID"),
        ("?digest-algorithm=", "DIGEST_INVALID"),
    ],
)
def test_an_upload_that_cannot_begin(pusher: Pusher, client: Client, query: str, code: str) -> None:
    answer = client("POST", pusher.path(f"blobs/uploads/{query}"), DATA)
    assert (answer.status, answer.code) == (400, code)


@pytest.mark.parametrize("begun", ["sha256", "sha512"])
@pytest.mark.parametrize("ended", ["sha256", "sha512"])
def test_any_algorithm_may_end_an_upload(
    pusher: Pusher, client: Client, begun: str, ended: str
) -> None:
    answer = client("POST", pusher.path(f"blobs/uploads/?digest-algorithm={begun}"))
    location = client("PATCH", answer["Location"], DATA)["Location"]
    answer = client("PUT", f"{location}?digest={digest(DATA, ended)}")
    assert (answer.status, client("GET", answer["Location"]).body) == (201, DATA)
