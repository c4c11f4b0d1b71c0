"""Paths and verbs, above all those that nobody should send."""

from __future__ import annotations

import pytest

from tests.api.client import Client
from tests.api.content import digest

DIGEST = digest(b"")
UPLOAD = "00000000-0000-4000-8000-000000000000"

ANSWERS = [
    ("GET", "/v2/", 200),
    ("GET", "/v2", 200),
    ("HEAD", "/v2/", 200),
    ("GET", "/", 200),
    ("GET", "/healthz", 200),
    ("GET", "/nothing", 404),
    ("GET", "//", 404),
    ("GET", "//v2/", 404),
    ("GET", "/v2//", 404),
    ("GET", "/v2/../", 404),
    ("GET", "/../v2/", 404),
    ("GET", "/v2/x", 404),
    ("GET", "/v2/x/blobs/", 404),
    ("GET", "/v2/x/manifests/", 404),
    ("GET", "/v2/x/tags/", 404),
    ("GET", "/v2/tags/list", 404),
    ("GET", "/v2/%00", 404),
    ("GET", "/%76%32/", 404),
    ("GET", "/v2/x/tags/list/", 404),
    ("GET", "/favicon.ico", 404),
    ("GET", "/static/x", 404),
]

NAMES = [
    "",
    "/",
    "..",
    "../x",
    "x/../y",
    "a//b",
    "/a",
    "a/",
    "A",
    "a b".replace(" ", "%20"),
    "a%2fb",
    "a%2Fb",
    "%2e%2e",
    "a%00",
    "a%0a",
    "%ff",
    "a%252fb",
    "-a",
    "a..b",
    "a___b",
    ".",
    "a;b",
    "a:b",
    "a@b",
    "~",
    "a" * 127,
    "a" * 5000,
    "a/" * 100 + "a",
]

RESOURCES = [
    ("GET", f"blobs/{DIGEST}"),
    ("HEAD", f"blobs/{DIGEST}"),
    ("DELETE", f"blobs/{DIGEST}"),
    ("POST", "blobs/uploads/"),
    ("POST", "blobs/uploads"),
    ("GET", f"blobs/uploads/{UPLOAD}"),
    ("PATCH", f"blobs/uploads/{UPLOAD}"),
    ("PUT", f"blobs/uploads/{UPLOAD}?digest={DIGEST}"),
    ("DELETE", f"blobs/uploads/{UPLOAD}"),
    ("GET", "manifests/latest"),
    ("PUT", "manifests/latest"),
    ("DELETE", f"manifests/{DIGEST}"),
    ("GET", "tags/list"),
    ("GET", f"referrers/{DIGEST}"),
]

REFUSED = [
    ("/v2/", "GET, HEAD"),
    ("/v2/_catalog", "GET, HEAD"),
    ("/v2/x/blobs/uploads/", "POST"),
    (f"/v2/x/blobs/uploads/{UPLOAD}", "DELETE, GET, HEAD, PATCH, PUT"),
    (f"/v2/x/blobs/{DIGEST}", "DELETE, GET, HEAD"),
    ("/v2/x/manifests/latest", "DELETE, GET, HEAD, PUT"),
    ("/v2/x/tags/list", "GET, HEAD"),
    (f"/v2/x/referrers/{DIGEST}", "GET, HEAD"),
    ("/healthz", "GET, HEAD"),
]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_what_a_path_answers(client: Client, method: str, path: str, status: int) -> None:
    answer = client(method, path)
    assert answer.status == status
    assert answer["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert answer["Content-Type"] == "application/json"
    assert "location" not in answer.headers
    if status == 404:
        assert answer.code == "UNSUPPORTED"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_none(client: Client, name: str) -> None:
    for method, resource in RESOURCES:
        answer = client(method, f"/v2/{name}/{resource}")
        assert answer.status == 400, (method, resource)
        assert answer["Content-Type"] == "application/json"
        assert method == "HEAD" or answer.code == "NAME_INVALID"


@pytest.mark.parametrize(("path", "allowed"), REFUSED)
def test_a_verb_that_is_not_there(client: Client, path: str, allowed: str) -> None:
    for method in ("OPTIONS", "TRACE", "POST" if "POST" not in allowed else "GET", "BREW"):
        answer = client(method, path)
        assert (answer.status, answer["Allow"]) == (405, allowed)
        assert answer.code == "UNSUPPORTED"


@pytest.mark.parametrize(
    "name", ["blobs", "manifests/latest", "x/blobs/uploads", "tags/list", "v2", "referrers"]
)
def test_a_name_may_look_like_the_api(client: Client, name: str) -> None:
    answer = client("POST", f"/v2/{name}/blobs/uploads/")
    assert answer.status == 202
    assert answer["Location"].startswith(f"/v2/{name}/blobs/uploads/")
    assert client("GET", answer["Location"]).status == 204
    assert client("GET", f"/v2/{name}/manifests/absent").code == "MANIFEST_UNKNOWN"


@pytest.mark.parametrize("target", ["http://elsewhere.example", "HTTPS://elsewhere.example:1"])
def test_a_request_as_to_a_proxy(client: Client, target: str) -> None:
    assert client("GET", f"{target}/v2/").status == 200
    assert client("GET", f"{target}/v2/../x/tags/list").code == "NAME_INVALID"
    assert client("GET", target).status == 200
