"""What is true of every answer, whatever the store does: shown with stores that fail."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.test import Client

from registry_glance.api.access import Access, Admission, Need
from registry_glance.app import create_app
from registry_glance.config import Config
from registry_glance.errors import (
    ANSWERS,
    Corrupt,
    ManifestBlobUnknown,
    RangeNotSatisfiable,
    RegistryError,
    Unavailable,
    UploadOutOfOrder,
)
from registry_glance.oci.digest import Digest
from registry_glance.oci.names import Repository
from registry_glance.oci.ranges import Range
from registry_glance.store.contract import Content
from registry_glance.store.memory import MemoryStore

DIGEST = Digest.of(b"")
BLOB = f"/v2/some/where/blobs/{DIGEST}"
SECRET = "gAAAAABsecret"


class Failing(MemoryStore):
    """A store whose blobs cannot be told of."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def blob_size(self, repository: Repository, digest: Digest) -> int:
        raise self._error

    def open_blob(self, repository: Repository, digest: Digest) -> Content:
        raise self._error


class Broken(Content):
    """A blob that fails after `whole` pieces of a byte."""

    size = 3

    def __init__(self, whole: int, error: Exception) -> None:
        self._whole = whole
        self._error = error

    def read(self, wanted: Range) -> Iterator[bytes]:
        for _ in range(self._whole):
            yield b"x"
        raise self._error


class Breaking(MemoryStore):
    """A store that hands out one broken blob."""

    def __init__(self, content: Content) -> None:
        super().__init__()
        self._content = content

    def open_blob(self, repository: Repository, digest: Digest) -> Content:
        return self._content


def asking(app: Flask) -> Client:
    return app.test_client()


def registry_with(error: Exception) -> Client:
    return asking(create_app(Config(), Failing(error)))


def samples() -> list[RegistryError]:
    """One error of each kind."""
    special: dict[type[RegistryError], RegistryError] = {
        UploadOutOfOrder: UploadOutOfOrder(5),
        RangeNotSatisfiable: RangeNotSatisfiable(5),
    }
    return [special.get(kind) or kind("why") for kind in ANSWERS]


@pytest.mark.parametrize("error", samples(), ids=lambda error: type(error).__name__)
def test_every_error_has_its_answer(error: RegistryError) -> None:
    row = ANSWERS[type(error)]
    answer = registry_with(error).get(BLOB)
    assert answer.status_code == row.status
    assert answer.content_type == "application/json"
    assert answer.json is not None
    assert [one["code"] for one in answer.json["errors"]] == [row.code]
    assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert registry_with(error).head(BLOB).status_code == row.status


def test_each_absent_digest_has_an_entry() -> None:
    answer = registry_with(ManifestBlobUnknown(detail=[str(DIGEST), "other"])).get(BLOB)
    assert answer.json is not None
    assert [one["detail"]["digest"] for one in answer.json["errors"]] == [str(DIGEST), "other"]


def test_a_failing_glance_is_worth_another_try() -> None:
    answer = registry_with(Unavailable(retry_after=7)).get(BLOB)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")


def test_a_fault_of_ours_stays_ours(caplog: pytest.LogCaptureFixture) -> None:
    answer = registry_with(KeyError(SECRET)).get(BLOB)
    assert answer.json == {"errors": [{"code": "UNKNOWN", "message": "internal error"}]}
    assert answer.status_code == 500
    request_id = answer.headers["X-Request-Id"]
    assert [one for one in caplog.records if request_id in one.getMessage() and one.exc_info]


def test_what_cannot_be_read_at_all_is_said_in_time() -> None:
    store = Breaking(Broken(0, Unavailable()))
    assert asking(create_app(Config(), store)).get(BLOB).status_code == 503


def test_what_breaks_later_does_not_look_whole(caplog: pytest.LogCaptureFixture) -> None:
    answer = asking(create_app(Config(), Breaking(Broken(2, Corrupt())))).get(BLOB, buffered=False)
    assert (answer.status_code, answer.content_length) == (200, 3)
    with pytest.raises(ConnectionResetError):
        answer.get_data()
    assert [record.getMessage() for record in caplog.records] == ["an answer is cut off: Corrupt"]


def test_one_line_for_each_request(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "registry_glance.requests")
    headers = {"Authorization": f"Bearer {SECRET}"}
    app = create_app(Config(), MemoryStore(), lambda need: Admission(MemoryStore(), "p1"))
    answer = asking(app).get(f"{BLOB}?token={SECRET}", headers=headers, buffered=True)
    line = caplog.records[-1].getMessage().split()
    assert line[:5] == [answer.headers["X-Request-Id"], "GET", BLOB, "404", str(len(answer.data))]
    assert line[6] == "p1"
    assert SECRET not in caplog.text


def test_a_line_stays_a_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "registry_glance.requests")
    environ = {"RAW_URI": "/\r\nforged \x1b[31m" + "x" * 5000}
    client = asking(create_app(Config(), MemoryStore()))
    client.get("/", environ_overrides=environ, buffered=True)
    message = caplog.records[-1].getMessage()
    assert message.isprintable()
    assert len(message) < 600


NEEDS = [
    ("GET", "/v2/", Access.LOGIN, None),
    ("GET", "/v2/_catalog", Access.CATALOG, None),
    ("HEAD", BLOB, Access.PULL, "some/where"),
    ("DELETE", BLOB, Access.DELETE, "some/where"),
    ("POST", "/v2/some/where/blobs/uploads/", Access.PUSH, "some/where"),
    ("PUT", "/v2/some/where/manifests/latest", Access.PUSH, "some/where"),
    ("DELETE", "/v2/some/where/manifests/latest", Access.DELETE, "some/where"),
    ("GET", "/v2/some/where/tags/list", Access.PULL, "some/where"),
]


@pytest.mark.parametrize(("method", "path", "access", "repository"), NEEDS)
def test_the_gate_is_asked_first(
    method: str, path: str, access: Access, repository: str | None
) -> None:
    asked: list[Need] = []

    def refuse(need: Need) -> Admission:
        asked.append(need)
        raise Unavailable()

    app = create_app(Config(), MemoryStore(), refuse)
    headers = {"Authorization": "Bearer x"}
    assert asking(app).open(path, method=method, headers=headers).status_code == 503
    name = Repository(repository) if repository else None
    assert asked == [Need(access, name, "Bearer x", "127.0.0.1", "http://localhost")]


@pytest.mark.parametrize("path", ["/", "/healthz"])
def test_who_asks_whether_we_live_needs_neither_gate_nor_store(path: str) -> None:
    def refuse(need: Need) -> Admission:
        raise Unavailable()

    assert asking(create_app(Config(), MemoryStore(), refuse)).get(path).status_code == 200


def test_what_failed_behind_us_is_not_told() -> None:
    def refuse(need: Need) -> Admission:
        raise Unavailable(f"cannot reach {SECRET}")

    answer = asking(create_app(Config(), MemoryStore(), refuse)).get("/v2/")
    assert answer.json == {
        "errors": [{"code": "UNAVAILABLE", "message": "Glance or Keystone is not available"}]
    }
    assert answer.headers["Retry-After"] == "5"


def test_every_request_has_a_store_of_its_own() -> None:
    stores: list[MemoryStore] = []

    def new() -> MemoryStore:
        stores.append(MemoryStore())
        return stores[-1]

    client = asking(create_app(Config(), new))
    for _ in range(2):
        assert client.get("/v2/_catalog").json == {"repositories": []}
    assert len(stores) == 2


def test_a_server_that_hides_the_raw_path() -> None:
    client = asking(create_app(Config(), MemoryStore()))
    environ = {"RAW_URI": "", "PATH_INFO": "/v2/x/../\xc3\xa9/tags/list"}
    answer = client.get("/", environ_overrides=environ)
    assert json.loads(answer.data)["errors"][0]["code"] == "NAME_INVALID"
