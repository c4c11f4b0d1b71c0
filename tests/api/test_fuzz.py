"""Requests that make no sense: whatever a client sends, the fault is never ours."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from registry_glance.app import create_app
from registry_glance.config import Config
from registry_glance.errors import ANSWERS
from registry_glance.oci.media_types import MANIFESTS
from registry_glance.store.memory import MemoryStore
from tests.api.content import CONFIG, digest, image

UPLOAD = "00000000-0000-4000-8000-000000000000"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12)
HEADER = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=40)

#: Words that a path may be made of: sense and nonsense.
WORDS = st.one_of(
    st.sampled_from(["v2", "blobs", "uploads", "manifests", "tags", "list", "referrers"]),
    st.sampled_from(["_catalog", "a", "latest", UPLOAD, digest(CONFIG), "sha256:", ":"]),
    st.sampled_from(["", ".", "..", "%2e", "%2f", "%", "%zz", "\xff"]),
    VISIBLE,
)
NAMES = ["n", "last", "digest", "mount", "from", "digest-algorithm", "artifactType", "tag"]
PAIRS = st.tuples(
    st.sampled_from(NAMES), st.one_of(VISIBLE, st.just(digest(CONFIG)), st.text(max_size=5))
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        name: st.one_of(HEADER, st.just(value))
        for name, value in {
            "Range": "bytes=0-0",
            "Content-Range": "0-4",
            "Content-Type": next(iter(MANIFESTS)),
            "If-None-Match": "*",
            "If-Range": '"x"',
            "Accept": "*/*",
            "Host": "[::1",
            "Authorization": "Bearer x",
            "Content-Length": "5",
            "Transfer-Encoding": "chunked",
            "Cookie": "=;",
        }.items()
    },
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = ["mediaType", "schemaVersion", "config", "layers", "manifests", "subject"]
MANGLED = st.dictionaries(st.sampled_from([*FIELDS, "artifactType", "annotations"]), JSON)
STATUSES = {answer.status for answer in ANSWERS.values()} - {500, 503, 507}


def client() -> Client:
    """A registry with an image `a:latest`."""
    found = create_app(Config(), MemoryStore()).test_client()
    found.post(f"/v2/a/blobs/uploads/?digest={digest(CONFIG)}", data=CONFIG)
    assert found.put("/v2/a/manifests/latest", data=image()).status_code == 201
    return found


def is_fair(found: Client, method: str, target: str, headers: dict[str, str], body: bytes) -> bool:
    """Ask; whether the answer is one that a client may be given."""
    environ = {"RAW_URI": target, "REQUEST_URI": target, "wsgi.input_terminated": True}
    query = target.partition("?")[2]
    answer = found.open(
        "/",
        method=method,
        query_string=query,
        headers=headers,
        data=body,
        environ_overrides=environ,
    )
    known = answer.status_code < 400 or answer.status_code in STATUSES
    if answer.status_code >= 400 and method != "HEAD":
        assert json.loads(answer.data)["errors"][0]["code"]
    return known and "html" not in answer.headers.get("Content-Type", "")


@settings(
    max_examples=400, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(st.sampled_from(METHODS), st.lists(WORDS, max_size=7), st.lists(PAIRS, max_size=3), HEADERS)
def test_any_path_query_and_headers(
    method: str, words: list[str], pairs: list[tuple[str, str]], headers: dict[str, str]
) -> None:
    query = "&".join(f"{name}={value}" for name, value in pairs)
    assert is_fair(client(), method, f"/{'/'.join(words)}?{query}", headers, b"hello")


RESOURCES = ["manifests/latest", f"manifests/{digest(image())}", f"blobs/{digest(CONFIG)}"]
RESOURCES += ["blobs/uploads/", f"blobs/uploads/{UPLOAD}", "tags/list"]
RESOURCES += [f"referrers/{digest(image())}"]


@settings(
    max_examples=400, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(st.sampled_from(METHODS), st.sampled_from(RESOURCES), st.lists(PAIRS, max_size=3), HEADERS)
def test_any_query_and_headers_of_what_there_is(
    method: str, resource: str, pairs: list[tuple[str, str]], headers: dict[str, str]
) -> None:
    query = "&".join(f"{name}={value}" for name, value in pairs)
    assert is_fair(client(), method, f"/v2/a/{resource}?{query}", headers, b"hello")


@settings(
    max_examples=300, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(
    st.one_of(
        MANGLED.map(lambda fields: image(**fields)),
        JSON.map(lambda value: json.dumps(value).encode()),
        st.binary(),
    )
)
def test_any_manifest(body: bytes) -> None:
    for content_type in [*sorted(MANIFESTS), ""]:
        headers = {"Content-Type": content_type}
        assert is_fair(client(), "PUT", "/v2/a/manifests/new", headers, body)
