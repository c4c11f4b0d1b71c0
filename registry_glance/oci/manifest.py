"""Manifests, indexes and what they refer to (OCI Image 1.1, Docker image manifest v2 schema 2)."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from reprlib import repr as shortened
from typing import Any, NoReturn

from registry_glance.errors import DigestInvalid, ManifestInvalid
from registry_glance.oci import media_types
from registry_glance.oci.digest import Digest

JSON = dict[str, Any]
MAXIMUM_SIZE = 1 << 63
#: RFC 6838, section 4.2: two names of 127 characters and the slash.
MEDIA_TYPE_LIMIT = 255


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A reference to content: OCI Image 1.1, descriptor.md. `size` in bytes."""

    media_type: str
    digest: Digest
    size: int
    artifact_type: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def parse(cls, value: object) -> Descriptor:
        """Raise ManifestInvalid unless `value` has a media type, a digest and a size.

        Embedded `data` must be that content; `urls` and `platform` are the client's affair.
        """
        fields: JSON = value if isinstance(value, dict) else {}
        match fields:
            case {"mediaType": str(), "digest": str(digest), "size": int(size)} if (
                0 <= size < MAXIMUM_SIZE and not isinstance(size, bool)
            ):
                found = cls(
                    media_type=_media_type(fields, "mediaType"),
                    digest=_digest(digest),
                    size=size,
                    artifact_type=_media_type(fields, "artifactType") or None,
                    annotations=_annotations(fields),
                )
                _check_data(fields.get("data"), found)
                return found
        raise ManifestInvalid("invalid descriptor", detail={"descriptor": shortened(value)})

    def json(self) -> JSON:
        """The descriptor as it stands in an index."""
        value: JSON = {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": self.size,
        }
        if self.artifact_type:
            value["artifactType"] = self.artifact_type
        if self.annotations:
            value["annotations"] = dict(self.annotations)
        return value


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest's bytes, exactly as pushed, and what they say.

    `manifests` are an index's children; an image has `config` and `layers` instead. An index may
    list blobs, too (BuildKit's caches do): these are its `layers`.
    """

    media_type: str
    body: bytes
    digest: Digest
    config: Descriptor | None
    layers: tuple[Descriptor, ...]
    manifests: tuple[Descriptor, ...]
    subject: Descriptor | None
    artifact_type: str | None
    annotations: Mapping[str, str] = field(hash=False)

    @classmethod
    def parse(cls, body: bytes, content_type: str | None, algorithm: str = "sha256") -> Manifest:
        """Read a manifest pushed with this Content-Type; raise ManifestInvalid with the reason.

        OCI Distribution 1.1, "Pushing Manifests": a `mediaType` inside must be the Content-Type.
        """
        value = _object(body)
        media_type = _agreed_type(value, content_type)
        is_index = media_type in media_types.INDEXES
        entries = _descriptors(value, "manifests" if is_index else "layers")
        return cls(
            media_type=media_type,
            body=body,
            digest=Digest.of(body, algorithm),
            config=None if is_index else Descriptor.parse(value.get("config")),
            layers=tuple(entry for entry in entries if not (is_index and _is_manifest(entry))),
            manifests=tuple(entry for entry in entries if is_index and _is_manifest(entry)),
            subject=_subject(value),
            artifact_type=_media_type(value, "artifactType") or None,
            annotations=_annotations(value),
        )

    def references(self) -> Iterator[Descriptor]:
        """All that this manifest is made of; its subject is none of it."""
        if self.config is not None:
            yield self.config
        yield from self.layers
        yield from self.manifests

    def blobs(self) -> Iterator[Descriptor]:
        """The blobs which a registry must have: the configuration and distributable layers."""
        if self.config is not None:
            yield self.config
        yield from (
            layer for layer in self.layers if media_types.is_distributable(layer.media_type)
        )

    def size(self) -> int:
        """Bytes of the manifest and all it refers to directly."""
        return len(self.body) + sum(part.size for part in self.references())

    def descriptor(self) -> Descriptor:
        """The manifest as a referrer (OCI Distribution 1.1, "Listing Referrers")."""
        kind = self.artifact_type or (self.config.media_type if self.config else None)
        return Descriptor(self.media_type, self.digest, len(self.body), kind, self.annotations)


def index(descriptors: list[Descriptor]) -> JSON:
    """An image index of `descriptors`: what the referrers API answers."""
    return {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_INDEX,
        "manifests": [descriptor.json() for descriptor in descriptors],
    }


def _object(body: bytes) -> JSON:
    try:
        value = _strict_json(body.decode())
    except (ValueError, RecursionError) as error:
        reason = {"reason": str(error)[:200]}
        raise ManifestInvalid("the manifest is not JSON", detail=reason) from error
    if not isinstance(value, dict):
        raise ManifestInvalid("the manifest is not a JSON object")
    version = value.get("schemaVersion")
    if version == 1:
        raise ManifestInvalid("schema 1 manifests are not supported")
    if version != 2 or not isinstance(version, int):
        raise ManifestInvalid("schemaVersion must be 2")
    return value


def _strict_json(text: str) -> object:
    """JSON that every reader understands alike, or ValueError: no key twice, no NaN, Unicode."""
    value = json.loads(text, object_pairs_hook=_unique, parse_constant=_not_a_number)
    if "\\u" in text:
        # Half a surrogate pair can be written as an escape, but never served as UTF-8 again.
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _unique(pairs: list[tuple[str, Any]]) -> JSON:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key occurs twice in an object")
    return value


def _not_a_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _agreed_type(value: JSON, content_type: str | None) -> str:
    """The one type that header and body agree on; parameters of the header are ignored.

    A header that says nothing leaves it to the body's `mediaType`, and then to its fields.
    """
    said = _text(value, "mediaType")
    header = (content_type or "").partition(";")[0].strip().lower()
    media_type = said or _guess(value) if header in media_types.GENERIC else header
    if media_type not in media_types.MANIFESTS:
        raise ManifestInvalid("unsupported media type", detail={"mediaType": media_type[:200]})
    if said and said != media_type:
        raise ManifestInvalid(
            "mediaType differs from Content-Type", detail={"mediaType": said[:200]}
        )
    _check_fields(value, media_type)
    return media_type


def _check_fields(value: JSON, media_type: str) -> None:
    """An image to one client must not be an index to another (CVE-2021-41190)."""
    foreign = ("config", "layers") if media_type in media_types.INDEXES else ("manifests",)
    if any(value.get(key) is not None for key in foreign):
        raise ManifestInvalid("a manifest has either config and layers, or manifests")


def _guess(value: JSON) -> str:
    has_manifests = value.get("manifests") is not None
    return media_types.OCI_INDEX if has_manifests else media_types.OCI_MANIFEST


def _is_manifest(entry: Descriptor) -> bool:
    return entry.media_type in media_types.MANIFESTS | media_types.SCHEMA1


def _descriptors(value: JSON, key: str) -> tuple[Descriptor, ...]:
    """The list under `key`; `null` is what Go writes for an empty one."""
    items = value.get(key, "absent")
    if items is not None and not isinstance(items, list):
        raise ManifestInvalid(f"{key} must be a list")
    return tuple(Descriptor.parse(item) for item in items or ())


def _subject(value: JSON) -> Descriptor | None:
    subject = value.get("subject")
    return None if subject is None else Descriptor.parse(subject)


def _text(value: JSON, key: str) -> str:
    """The string under `key`; nothing and `null` are the empty one, as for Go's readers."""
    text = value.get(key)
    if text is not None and not isinstance(text, str):
        raise ManifestInvalid(f"{key} must be a string")
    return text or ""


def _media_type(value: JSON, key: str) -> str:
    """Any media type, of a length that a property of Glance and of Nova can hold."""
    text = _text(value, key)
    if len(text) > MEDIA_TYPE_LIMIT or not (text.isascii() and text.isprintable()):
        raise ManifestInvalid(f"invalid {key}", detail={key: text[:MEDIA_TYPE_LIMIT]})
    return text


def _annotations(value: JSON) -> Mapping[str, str]:
    annotations = value.get("annotations")
    if annotations is None:
        return {}
    if not isinstance(annotations, dict) or not all(
        isinstance(text, str) for text in annotations.values()
    ):
        raise ManifestInvalid("annotations must be an object of strings")
    return annotations


def _digest(text: str) -> Digest:
    try:
        return Digest.parse(text)
    except DigestInvalid as error:
        raise ManifestInvalid("invalid digest in a descriptor", detail=error.detail) from error


def _check_data(text: object, descriptor: Descriptor) -> None:
    """`data`, if there is any, is the content itself (OCI Image 1.1, "Embedded Content")."""
    if text is None:
        return
    try:
        data = b64decode(text, validate=True) if isinstance(text, str) else b""
    except ValueError as error:
        raise ManifestInvalid("data of a descriptor is not base64") from error
    digest = Digest.of(data, descriptor.digest.algorithm)
    if (len(data), digest) != (descriptor.size, descriptor.digest):
        raise ManifestInvalid("data of a descriptor is not its content")
