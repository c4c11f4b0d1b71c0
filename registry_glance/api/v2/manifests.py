"""Manifests: pull, push, delete (OCI Distribution 1.1, end-3, end-7 and end-9)."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from registry_glance.api.body import RequestBody
from registry_glance.api.call import Call
from registry_glance.api.document import empty
from registry_glance.api.v2 import conditions, locations
from registry_glance.errors import (
    DigestInvalid,
    ManifestBlobUnknown,
    ManifestTooLarge,
    TooManyTags,
)
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Manifest
from registry_glance.oci.names import Repository, Tag
from registry_glance.store.contract import Store

#: What a manifest may be larger than the limit: clients that measure without the JSON around
#: their payload mean the payload.
SLACK = 1 << 16
FRAME = 1 << 18


def get(call: Call, repository: Repository, reference: Tag | Digest) -> Response:
    """What was pushed, whatever `Accept` says: converting would change the digest.

    Raises ManifestUnknown.
    """
    found = call.store.manifest(repository, reference)
    if conditions.is_known(call.headers, found.digest):
        response = empty(304)
    else:
        response = Response(found.body, content_type=found.media_type)
    response.headers["Docker-Content-Digest"] = str(found.digest)
    response.headers["ETag"] = conditions.etag(found.digest)
    return response


def put(call: Call, repository: Repository, reference: Tag | Digest) -> Response:
    """Keep a manifest, under its digest and as `reference` and `?tag=` say.

    Raises ManifestTooLarge, ManifestInvalid, ManifestBlobUnknown, DigestInvalid, TooManyTags.
    """
    extra = _extra_tags(call)
    body = _read(call.body, call.config.manifests.max_size + SLACK)
    manifest = _parse(body, call.headers.get("Content-Type"), reference)
    _check_references(call, repository, manifest)
    tags = [reference, *extra] if isinstance(reference, Tag) else extra
    call.store.put_manifest(repository, manifest, list(dict.fromkeys(tags)))
    return _created(repository, manifest, extra)


def delete(call: Call, repository: Repository, reference: Tag | Digest) -> Response:
    """Remove a tag, or a manifest and all its tags. Raises ManifestUnknown, Denied."""
    if isinstance(reference, Tag):
        call.store.delete_tag(repository, reference)
    else:
        call.store.delete_manifest(repository, reference)
    return empty(202)


def _extra_tags(call: Call) -> list[Tag]:
    """The query's tags, each once. Raises TooManyTags, NameInvalid."""
    names = list(dict.fromkeys(call.query.getlist("tag")))
    if len(names) > call.config.manifests.max_tags:
        raise TooManyTags(detail={"maximum": call.config.manifests.max_tags})
    return [Tag.parse(name) for name in names]


def _read(body: RequestBody, limit: int) -> bytes:
    """The whole body. Raises ManifestTooLarge after at most one byte more than `limit`."""
    if body.length is not None and body.length > limit:
        raise ManifestTooLarge(detail={"maximum": limit})
    data = bytearray()
    while piece := body.read(min(FRAME, limit + 1 - len(data))):
        data += piece
    if len(data) > limit:
        raise ManifestTooLarge(detail={"maximum": limit})
    return bytes(data)


def _parse(body: bytes, content_type: str | None, reference: Tag | Digest) -> Manifest:
    """The manifest, by the digest that was asked for. Raises ManifestInvalid, DigestInvalid."""
    if isinstance(reference, Tag):
        return Manifest.parse(body, content_type)
    manifest = Manifest.parse(body, content_type, reference.algorithm)
    if manifest.digest != reference:
        raise DigestInvalid(detail={"provided": str(reference), "received": str(manifest.digest)})
    return manifest


def _check_references(call: Call, repository: Repository, manifest: Manifest) -> None:
    """Raise ManifestBlobUnknown for what is absent, unless that is allowed; a subject may be."""
    absent = _absent(call.store, repository, manifest)
    if absent:
        call.store.adopt(repository, manifest)
        absent = _absent(call.store, repository, manifest)
    if absent and not call.config.manifests.sparse:
        raise ManifestBlobUnknown(detail=[str(digest) for digest in absent])


def _absent(store: Store, repository: Repository, manifest: Manifest) -> list[Digest]:
    blobs = dict.fromkeys(one.digest for one in manifest.blobs())
    children = dict.fromkeys(one.digest for one in manifest.manifests)
    return [*store.absent_blobs(blobs), *store.absent_manifests(repository, children)]


def _created(repository: Repository, manifest: Manifest, extra: Sequence[Tag]) -> Response:
    response = empty(201)
    response.headers["Location"] = locations.manifest(repository, manifest.digest)
    response.headers["Docker-Content-Digest"] = str(manifest.digest)
    if manifest.subject is not None:
        response.headers["OCI-Subject"] = str(manifest.subject.digest)
    for tag in extra:
        response.headers.add("OCI-Tag", tag.name)
    return response
