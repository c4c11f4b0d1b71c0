"""Manifests: read strictly, kept exactly as they came, and served to any client again."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_glance.errors import ManifestInvalid
from registry_glance.oci import media_types
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest, index

JSON = dict[str, Any]
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"


def descriptor(content: bytes = b"x", media_type: str = LAYER, **more: Any) -> JSON:
    digest = str(Digest.of(content))
    return {"mediaType": media_type, "digest": digest, "size": len(content), **more}


def image(**changes: Any) -> JSON:
    return {
        "schemaVersion": 2,
        "config": descriptor(b"{}", CONFIG),
        "layers": [descriptor(b"one"), descriptor(b"two")],
        **changes,
    }


def list_of(*manifests: object, **changes: Any) -> JSON:
    return {"schemaVersion": 2, "manifests": list(manifests), **changes}


def parse(value: object, content_type: str | None = None) -> Manifest:
    return Manifest.parse(json.dumps(value).encode(), content_type)


def without(value: JSON, key: str) -> JSON:
    return {name: part for name, part in value.items() if name != key}


# What is read


def test_an_image_has_a_configuration_and_layers() -> None:
    manifest = parse(image())
    assert manifest.config == Descriptor(CONFIG, Digest.of(b"{}"), 2)
    assert [layer.digest for layer in manifest.layers] == [Digest.of(b"one"), Digest.of(b"two")]
    assert manifest.manifests == ()
    assert manifest.subject is None
    assert manifest.size() == len(manifest.body) + 2 + 3 + 3
    assert [part.size for part in manifest.references()] == [2, 3, 3]


@pytest.mark.parametrize("media_type", sorted(media_types.INDEXES))
def test_an_index_has_manifests(media_type: str) -> None:
    child = descriptor(b"child", media_types.DOCKER_MANIFEST, platform={"architecture": "arm64"})
    manifest = parse(list_of(child), media_type)
    assert [entry.digest for entry in manifest.manifests] == [Digest.of(b"child")]
    assert (manifest.config, manifest.layers, list(manifest.blobs())) == (None, (), [])
    assert manifest.size() == len(manifest.body) + 5


def test_blobs_that_an_index_lists_are_its_layers() -> None:
    manifest = parse(list_of(descriptor(b"cached"), descriptor(b"m", media_types.OCI_MANIFEST)))
    assert [blob.digest for blob in manifest.blobs()] == [Digest.of(b"cached")]
    assert [entry.digest for entry in manifest.manifests] == [Digest.of(b"m")]


def test_the_bytes_are_kept_and_named_as_they_came() -> None:
    body = (
        b'\n {"layers" :[],"config":' + json.dumps(descriptor()).encode() + b',"schemaVersion":2}'
    )
    for algorithm in ("sha256", "sha512"):
        manifest = Manifest.parse(body, media_types.OCI_MANIFEST, algorithm)
        assert manifest.body == body
        assert manifest.digest == Digest.of(body, algorithm)


def test_layers_fetched_from_elsewhere_are_no_blobs_that_must_be_there() -> None:
    foreign = descriptor(b"foreign", FOREIGN, urls=["https://example.com/layer"])
    manifest = parse(image(layers=[foreign, descriptor(b"ours")]))
    assert [blob.digest for blob in manifest.blobs()] == [Digest.of(b"{}"), Digest.of(b"ours")]


def test_a_layer_may_occur_twice() -> None:
    assert len(parse(image(layers=[descriptor(), descriptor()])).layers) == 2


@pytest.mark.parametrize("layers", [[], None])
def test_an_artifact_may_have_no_layers(layers: object) -> None:
    assert parse(image(layers=layers)).layers == ()
    assert parse(list_of(), None).manifests == ()


def test_fields_that_nobody_knows_are_left_alone() -> None:
    manifest = parse(image(extra={"deep": [1, 1.5, None]}, blobs=None, manifests=None))
    assert json.loads(manifest.body)["extra"] == {"deep": [1, 1.5, None]}


# Types


@pytest.mark.parametrize("media_type", sorted(media_types.MANIFESTS))
@pytest.mark.parametrize("header", ["{}", "{}; charset=utf-8", " {} ;q=1"])
def test_the_content_type_is_the_type(media_type: str, header: str) -> None:
    value = list_of() if media_type in media_types.INDEXES else image()
    assert parse(value, header.format(media_type)).media_type == media_type
    assert parse(value, header.format(media_type.upper())).media_type == media_type
    said = {**value, "mediaType": media_type}
    assert parse(said, header.format(media_type)).media_type == media_type


@pytest.mark.parametrize("header", [None, "", " ", *sorted(media_types.GENERIC), "text/plain; x=y"])
def test_a_header_that_says_nothing_leaves_it_to_the_body(header: str | None) -> None:
    said = image(mediaType=media_types.DOCKER_MANIFEST)
    assert parse(said, header).media_type == media_types.DOCKER_MANIFEST
    assert parse(image(), header).media_type == media_types.OCI_MANIFEST
    assert parse(image(mediaType=None), header).media_type == media_types.OCI_MANIFEST
    assert parse(list_of(), header).media_type == media_types.OCI_INDEX


@pytest.mark.parametrize(
    ("value", "header"),
    [
        (image(mediaType=media_types.OCI_MANIFEST), media_types.DOCKER_MANIFEST),
        (image(mediaType=media_types.OCI_MANIFEST.upper()), media_types.OCI_MANIFEST),
        (image(mediaType=media_types.OCI_MANIFEST.upper()), None),
        (image(mediaType="application/json"), None),
        (image(mediaType=["list"]), None),
        (image(mediaType={}), None),
        (image(mediaType=[]), media_types.OCI_MANIFEST),
        (image(), media_types.OCI_INDEX),
        (image(), "application/vnd.oci.artifact.manifest.v1+json"),
        (image(), "text/html"),
        (image(), media_types.DOCKER_SCHEMA1_SIGNED),
        (list_of(), media_types.OCI_MANIFEST),
    ],
)
def test_types_that_contradict_each_other_are_refused(value: JSON, header: str | None) -> None:
    with pytest.raises(ManifestInvalid):
        parse(value, header)


@pytest.mark.parametrize("header", [None, *sorted(media_types.MANIFESTS)])
@pytest.mark.parametrize("also", ["layers", "config"])
def test_no_manifest_is_an_image_and_an_index(header: str | None, also: str) -> None:
    with pytest.raises(ManifestInvalid):
        parse(list_of(**{also: image()[also]}), header)
    with pytest.raises(ManifestInvalid):
        parse(image(manifests=[]), header)


# What is refused


@pytest.mark.parametrize("version", [None, 0, 1, 3, "2", 2.0, True, [2], 10**400])
def test_only_schema_2_is_known(version: object) -> None:
    with pytest.raises(ManifestInvalid):
        parse(image(schemaVersion=version))


@pytest.mark.parametrize("key", ["schemaVersion", "config", "layers"])
def test_what_an_image_must_have_cannot_be_missing(key: str) -> None:
    with pytest.raises(ManifestInvalid):
        parse(without(image(), key), media_types.OCI_MANIFEST)


def test_an_index_must_have_manifests() -> None:
    with pytest.raises(ManifestInvalid):
        parse({"schemaVersion": 2}, media_types.OCI_INDEX)


def descriptors_with(key: str, *values: object) -> list[JSON]:
    return [{**descriptor(), key: value} for value in values]


BAD_DESCRIPTORS: list[object] = [
    *(None, 1, "text", [], {}, descriptor(mediaType=None), descriptor(mediaType=1)),
    *(without(descriptor(), key) for key in ("mediaType", "digest", "size")),
    *(descriptor(size=size) for size in (-1, 1.0, "1", True, None, 1 << 63, 10**400)),
    *(descriptor(digest=digest) for digest in (None, 1, "", "sha256:0", "md5:" + "0" * 32)),
    *descriptors_with("annotations", [], "", 0, {"a": 1}, {"a": None}, {"a": {}}),
    *descriptors_with("artifactType", 1, [], "a" * 256, "a\nb", "ä/b"),
    *descriptors_with("data", 1, "", "!", "eQ==", "eA", "eA==\n", [], "ä"),
    *(descriptor(media_type=text) for text in ("a" * 256, "a\x00b", "a\r\nb: c", "ä/b")),
]


@pytest.mark.parametrize("bad", BAD_DESCRIPTORS)
def test_bad_descriptors_are_refused_wherever_they_stand(bad: object) -> None:
    for value in (image(config=bad), image(layers=[bad]), list_of(bad)):
        with pytest.raises(ManifestInvalid):
            parse(value)
    if bad is not None:
        with pytest.raises(ManifestInvalid):
            parse(image(subject=bad))


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("layers", [{}, "", 0, False, "text"]),
        ("annotations", [[], "", 0, False, {"a": 1}, {"a": None}]),
        ("artifactType", [1, [], {}, "a" * 256, "a\nb", "ä/b"]),
        ("subject", [1, "", [], {}, False]),
    ],
)
def test_fields_of_a_wrong_kind_are_refused(key: str, values: list[object]) -> None:
    for value in values:
        with pytest.raises(ManifestInvalid):
            parse(image(**{key: value}))


def test_embedded_data_must_be_the_content() -> None:
    content = b'{"architecture": "amd64"}'
    good = descriptor(content, CONFIG, data=b64encode(content).decode())
    assert parse(image(config=good)).config == Descriptor(CONFIG, Digest.of(content), len(content))
    for lie in (b"other", content + b" "):
        with pytest.raises(ManifestInvalid):
            parse(image(config={**good, "data": b64encode(lie).decode()}))


def _text(inner: str) -> bytes:
    """An image's JSON with `inner` as its first fields."""
    return b"{" + inner.encode("utf-8", "surrogatepass") + b"," + json.dumps(image()).encode()[1:]


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b" ", b"{", b"[]", b"null", b"2", b'"text"', b"\x00", b"\xff\xfe", b"\x80"),
        _text('"a":1').decode().encode("utf-16"),
        _text('"a":1').decode().encode("utf-8-sig"),
        *(_text(f'"a":{number}') for number in ("NaN", "Infinity", "-Infinity", "01", "1" * 5000)),
        _text('"config":{}'),
        _text('"schemaVersion":2'),
        _text('"annotations":{"a":"1","a":"2"}'),
        _text('"annotations":{"a":"\\ud800"}'),
        _text('"annotations":{"\\udfff":"a"}'),
        _text('"annotations":{"a":"\ud800"}'),
        _text('"a":["\\ud800"]'),
        _text('"a":' + "[" * 100_000 + "]" * 100_000),
        _text('"config":' + '{"a":' * 100_000 + "1" + "}" * 100_000),
        b"[" * 100_000,
    ],
)
def test_what_clients_would_read_differently_is_refused(body: bytes) -> None:
    with pytest.raises(ManifestInvalid) as refused:
        Manifest.parse(body, media_types.OCI_MANIFEST)
    assert len(json.dumps(refused.value.detail)) < 500


@pytest.mark.parametrize("depth", range(10, 1200, 70))
def test_any_depth_is_read_or_refused(depth: int) -> None:
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        nested = opening * depth + "1" + closing * depth
        for inner in (f'"a":{nested}', f'"a":"\\u00e4","b":{nested}'):
            try:
                assert Manifest.parse(_text(inner), None)
            except ManifestInvalid:
                assert depth > 300
        with pytest.raises(ManifestInvalid):
            parse(image(layers=[json.loads(nested) if depth < 400 else 1]))


def test_escaped_characters_are_no_reason_for_a_refusal() -> None:
    manifest = Manifest.parse(_text('"annotations":{"\\ud83d\\ude00":"\\u0000\\\\ud800"}'), None)
    assert manifest.annotations == {"😀": "\0\\ud800"}


# Referrers


def test_a_referrer_is_described_with_its_type_and_annotations() -> None:
    value = image(subject=descriptor(), artifactType="application/x", annotations={"a": "ä"})
    manifest = parse(value)
    assert manifest.subject == Descriptor(LAYER, Digest.of(b"x"), 1)
    assert manifest.descriptor() == Descriptor(
        media_types.OCI_MANIFEST,
        manifest.digest,
        len(manifest.body),
        "application/x",
        {"a": "ä"},
    )


@pytest.mark.parametrize("artifact_type", [None, ""])
def test_an_image_without_an_artifact_type_has_its_configurations(artifact_type: object) -> None:
    assert parse(image(artifactType=artifact_type)).descriptor().artifact_type == CONFIG


def test_an_index_without_an_artifact_type_has_none() -> None:
    assert "artifactType" not in parse(list_of()).descriptor().json()
    kind = {"artifactType": "application/x"}
    assert parse(list_of(**kind)).descriptor().json()["artifactType"] == "application/x"


def test_an_index_of_descriptors_is_an_index() -> None:
    referrers = [parse(image(annotations={"😀": "\0"})).descriptor(), parse(list_of()).descriptor()]
    manifest = parse(index(referrers), media_types.OCI_INDEX)
    assert list(manifest.manifests) == referrers
    assert json.loads(json.dumps(index([]))) == index([])
    assert parse(index([])).manifests == ()


def test_a_descriptor_is_read_as_it_is_written() -> None:
    value = descriptor(annotations={"a": "b"}, artifactType="application/x")
    assert Descriptor.parse(value).json() == value


# Anything at all

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)
headers = st.sampled_from([None, "application/json", *sorted(media_types.MANIFESTS)])
fields = st.sampled_from(
    [*image(), "manifests", "subject", "annotations", "artifactType", "mediaType", "data", "digest"]
)


def _survives(body: bytes, header: str | None) -> None:
    try:
        manifest = Manifest.parse(body, header)
    except ManifestInvalid as error:
        json.dumps(error.detail)
        return
    again = json.dumps(index([manifest.descriptor()]), ensure_ascii=False).encode()
    assert parse(json.loads(again)).manifests == (manifest.descriptor(),)


@given(st.binary(), headers)
def test_any_bytes_are_a_manifest_or_invalid(body: bytes, header: str | None) -> None:
    _survives(body, header)


@given(anything, headers)
def test_any_json_is_a_manifest_or_invalid(value: object, header: str | None) -> None:
    _survives(json.dumps(value).encode("utf-8", "surrogatepass"), header)


@given(st.dictionaries(fields, anything, max_size=3), st.booleans(), headers)
def test_any_field_is_a_manifests_or_invalid(
    changes: JSON, escaped: bool, header: str | None
) -> None:
    for value in (image(**changes), list_of(**changes), list_of({**descriptor(), **changes})):
        text = json.dumps(value, ensure_ascii=escaped)
        _survives(text.encode("utf-8", "surrogatepass"), header)
