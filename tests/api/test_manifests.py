"""Manifests: GET, HEAD, PUT, DELETE."""

from __future__ import annotations

import json
import os

import pytest

from registry_glance.oci.media_types import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    DOCKER_SCHEMA1_SIGNED,
    OCI_INDEX,
    OCI_MANIFEST,
)
from tests.api.client import Client
from tests.api.content import CONFIG, Pusher, descriptor, digest, image, index

ABSENT = b"never pushed"
MIB = 1 << 20


def padded(size: int) -> bytes:
    """An image's manifest of `size` bytes."""
    short = image(annotations={"padding": ""})
    return image(annotations={"padding": "x" * (size - len(short))})


@pytest.mark.parametrize("reference", ["latest", None], ids=["tag", "digest"])
def test_a_manifest_comes_back_as_it_was(
    pusher: Pusher, client: Client, reference: str | None
) -> None:
    body = image(b"layer").replace(b": ", b" :  ")
    pusher.blob(CONFIG)
    pusher.blob(b"layer")
    name = pusher.manifest(body, reference)
    for by in {reference or name, name}:
        answer = client("GET", pusher.path(f"manifests/{by}"))
        assert (answer.status, answer.body) == (200, body)
        assert answer["Content-Type"] == OCI_MANIFEST
        assert answer["Docker-Content-Digest"] == name
        assert answer["ETag"] == f'"{name}"'


def test_a_push_says_where_the_manifest_is(pusher: Pusher, client: Client) -> None:
    pusher.image()
    answer = pusher.put("v1", image())
    assert answer.status == 201
    assert answer["Location"] == pusher.path(f"manifests/{digest(image())}")
    assert client("GET", answer["Location"]).body == image()


def test_head_says_what_get_says(pusher: Pusher, client: Client) -> None:
    pusher.image("latest")
    path = pusher.path("manifests/latest")
    answers = [dict(client(method, path).headers) for method in ("GET", "HEAD")]
    for headers in answers:
        del headers["date"], headers["x-request-id"]
    assert answers[0] == answers[1]
    assert answers[0]["content-length"] == str(len(image()))


def test_what_the_client_has_is_not_sent_again(pusher: Pusher, client: Client) -> None:
    name = pusher.image("latest")
    answer = client("GET", pusher.path("manifests/latest"), If_None_Match=f'"{name}"')
    assert (answer.status, answer.body) == (304, b"")
    assert answer["Docker-Content-Digest"] == name


def test_a_client_that_accepts_less_gets_what_there_is(pusher: Pusher, client: Client) -> None:
    pusher.image()
    pusher.manifest(index(image()), "latest")
    answer = client("GET", pusher.path("manifests/latest"), Accept=OCI_MANIFEST)
    assert (answer.status, answer["Content-Type"]) == (200, OCI_INDEX)


@pytest.mark.parametrize("content_type", [f"{OCI_MANIFEST}; charset=utf-8", None])
def test_a_type_has_no_parameters(pusher: Pusher, client: Client, content_type: str | None) -> None:
    pusher.image()
    headers = {"Content_Type": content_type} if content_type else {}
    assert client("PUT", pusher.path("manifests/x"), image(), **headers).status == 201
    assert client("GET", pusher.path("manifests/x"))["Content-Type"] == OCI_MANIFEST


@pytest.mark.parametrize("content_type", [DOCKER_MANIFEST, OCI_MANIFEST])
def test_both_kinds_of_images(pusher: Pusher, client: Client, content_type: str) -> None:
    pusher.image()
    body = image(mediaType=content_type)
    pusher.manifest(body, "latest")
    answer = client("GET", pusher.path("manifests/latest"))
    assert (answer["Content-Type"], answer.body) == (content_type, body)


@pytest.mark.parametrize("content_type", [DOCKER_LIST, OCI_INDEX])
def test_both_kinds_of_indexes(pusher: Pusher, client: Client, content_type: str) -> None:
    pusher.image()
    body = index(image(), mediaType=content_type)
    pusher.manifest(body, "latest")
    assert client("GET", pusher.path("manifests/latest"))["Content-Type"] == content_type


def test_a_digest_decides_the_algorithm(pusher: Pusher, client: Client) -> None:
    pusher.image()
    name = digest(image(), "sha512")
    answer = pusher.put(f"{name}?tag=long", image())
    assert (answer.status, answer["Docker-Content-Digest"]) == (201, name)
    for reference in (name, "long"):
        assert client("GET", pusher.path(f"manifests/{reference}"))["ETag"] == f'"{name}"'


@pytest.mark.parametrize("encoded", ["%3A", "%3a"])
def test_some_clients_encode_the_colon(pusher: Pusher, client: Client, encoded: str) -> None:
    name = pusher.image().replace(":", encoded)
    assert client("GET", pusher.path(f"manifests/{name}")).status == 200


def test_many_tags_in_one_push(pusher: Pusher, client: Client) -> None:
    pusher.image()
    tags = [f"v1.{number}" for number in range(30)]
    query = "&".join(f"tag={tag}" for tag in [*tags, tags[0]])
    answer = pusher.put(f"{digest(image())}?{query}", image())
    assert (answer.status, answer["OCI-Tag"].replace(" ", "").split(",")) == (201, tags)
    assert client("GET", pusher.path("manifests/v1.29")).body == image()


def test_a_tag_and_more_tags(pusher: Pusher, client: Client) -> None:
    pusher.image()
    assert pusher.put("a?tag=b", image()).status == 201
    for tag in "ab":
        assert client("GET", pusher.path(f"manifests/{tag}")).status == 200


def test_too_many_tags_in_one_push(pusher: Pusher) -> None:
    pusher.image()
    query = "&".join(f"tag=v{number}" for number in range(101))
    assert pusher.put(f"{digest(image())}?{query}", image()).status == 414


def test_a_subject_need_not_be_there(pusher: Pusher) -> None:
    pusher.blob(CONFIG)
    answer = pusher.put("latest", image(subject=descriptor(ABSENT, OCI_MANIFEST)))
    assert (answer.status, answer["OCI-Subject"]) == (201, digest(ABSENT))


def test_absent_blobs_are_all_named(pusher: Pusher) -> None:
    pusher.blob(CONFIG)
    layers = [os.urandom(8), os.urandom(8)]
    answer = pusher.put("latest", image(*layers, *layers))
    assert answer.status == 404
    named = [(one["code"], one["detail"]["digest"]) for one in answer.json["errors"]]
    assert named == [("MANIFEST_BLOB_UNKNOWN", digest(layer)) for layer in layers]


def test_absent_manifests_are_named(pusher: Pusher) -> None:
    pusher.image()
    answer = pusher.put("latest", index(image(), ABSENT))
    assert (answer.status, answer.code) == (404, "MANIFEST_BLOB_UNKNOWN")
    assert answer.json["errors"][0]["detail"]["digest"] == digest(ABSENT)


def test_a_layer_from_elsewhere_need_not_be_there(pusher: Pusher) -> None:
    pusher.blob(CONFIG)
    kind = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    layer = {**descriptor(ABSENT, kind), "urls": ["https://example.org/layer"]}
    assert pusher.put("latest", image(layers=[layer])).status == 201


def test_an_index_may_hold_blobs(pusher: Pusher) -> None:
    layer = os.urandom(8)
    entry = descriptor(layer, "application/vnd.oci.image.layer.v1.tar+gzip")
    assert pusher.put("cache", index(manifests=[entry])).code == "MANIFEST_BLOB_UNKNOWN"
    pusher.blob(layer)
    assert pusher.put("cache", index(manifests=[entry])).status == 201


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", OCI_MANIFEST),
        (b"{", OCI_MANIFEST),
        (b"[]", OCI_MANIFEST),
        (b"\xff\xfe", OCI_MANIFEST),
        (b"[" * 100_000, OCI_MANIFEST),
        (b"{}", OCI_MANIFEST),
        (image(), "text/html"),
        (image(), DOCKER_MANIFEST),
        (image(mediaType=["a"]), OCI_MANIFEST),
        (image(mediaType={"a": 1}), ""),
        (image(config=None), OCI_MANIFEST),
        (image(layers="x"), OCI_MANIFEST),
        (image(layers=[{"digest": "sha256:zz"}]), OCI_MANIFEST),
        (image(manifests=[]), OCI_MANIFEST),
        (image(annotations={"a": 1}), OCI_MANIFEST),
        (image(subject="x"), OCI_MANIFEST),
        (image(layers=[{**descriptor(b"x"), "size": -1}]), OCI_MANIFEST),
        (json.dumps({"schemaVersion": 1, "fsLayers": []}).encode(), DOCKER_SCHEMA1_SIGNED),
    ],
)
@pytest.mark.parametrize("reference", ["tag", "digest"])
def test_what_is_no_manifest(
    pusher: Pusher, client: Client, body: bytes, content_type: str, reference: str
) -> None:
    path = pusher.path(f"manifests/{digest(body) if reference == 'digest' else 'latest'}")
    answer = client("PUT", path, body, Content_Type=content_type)
    assert (answer.status, answer.code) == (400, "MANIFEST_INVALID")


def test_schema_1_is_refused_by_name(pusher: Pusher, client: Client) -> None:
    body = json.dumps({"schemaVersion": 1}).encode()
    answer = client("PUT", pusher.path("manifests/x"), body, Content_Type=DOCKER_SCHEMA1_SIGNED)
    assert "schema 1" in answer.json["errors"][0]["message"]


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_another_digest_than_the_bytes_have(pusher: Pusher, algorithm: str) -> None:
    pusher.image()
    answer = pusher.put(digest(ABSENT, algorithm), image())
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")


@pytest.mark.parametrize("size", [4 * MIB, 4 * MIB + 1000])
def test_a_manifest_of_4_mib(pusher: Pusher, client: Client, size: int) -> None:
    pusher.blob(CONFIG)
    body = padded(size)
    assert len(body) == size
    name = pusher.manifest(body)
    assert client("GET", pusher.path(f"manifests/{name}")).body == body


@pytest.mark.parametrize("chunked", [False, True])
def test_a_manifest_that_is_too_large(pusher: Pusher, client: Client, chunked: bool) -> None:
    body = padded(5 * MIB)
    answer = client(
        "PUT",
        pusher.path("manifests/latest"),
        iter([body]) if chunked else body,
        Content_Type=OCI_MANIFEST,
    )
    assert (answer.status, answer.code) == (413, "MANIFEST_INVALID")


def test_a_manifest_in_chunks(pusher: Pusher, client: Client) -> None:
    pusher.image()
    body = iter([image()[:9], image()[9:]])
    answer = client("PUT", pusher.path("manifests/x"), body, Content_Type=OCI_MANIFEST)
    assert (answer.status, answer["Docker-Content-Digest"]) == (201, digest(image()))


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
@pytest.mark.parametrize("reference", ["latest", digest(ABSENT), digest(ABSENT, "sha512")])
def test_an_absent_manifest(pusher: Pusher, client: Client, method: str, reference: str) -> None:
    answer = client(method, pusher.path(f"manifests/{reference}"))
    assert answer.status == 404
    if method != "HEAD":
        assert answer.code == "MANIFEST_UNKNOWN"


@pytest.mark.parametrize(
    ("reference", "status"),
    [("sha256:bad", 400), ("md5:00", 400), (".hidden", 404), ("x" * 129, 404), ("%20", 404)],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_reference_that_is_none(
    pusher: Pusher, client: Client, method: str, reference: str, status: int
) -> None:
    answer = client(method, pusher.path(f"manifests/{reference}"))
    assert answer.status == status


def test_a_deleted_tag_leaves_its_manifest(pusher: Pusher, client: Client) -> None:
    name = pusher.image("latest")
    assert client("DELETE", pusher.path("manifests/latest")).status == 202
    assert client("GET", pusher.path("manifests/latest")).status == 404
    assert client("GET", pusher.path(f"manifests/{name}")).status == 200


def test_a_deleted_manifest_takes_its_tags(pusher: Pusher, client: Client) -> None:
    name = pusher.image("latest")
    assert client("DELETE", pusher.path(f"manifests/{name}")).status == 202
    for reference in (name, "latest"):
        assert client("GET", pusher.path(f"manifests/{reference}")).code == "MANIFEST_UNKNOWN"


def test_a_moved_tag(pusher: Pusher, client: Client) -> None:
    old = pusher.image("latest", b"old")
    new = pusher.image("latest", b"new")
    answer = client("GET", pusher.path("manifests/latest"))
    assert answer["Docker-Content-Digest"] == new
    assert client("GET", pusher.path(f"manifests/{old}")).status == 200
