"""Blobs: pull, check, delete (OCI Distribution 1.1, end-2 and end-10)."""

from __future__ import annotations

from flask import Response

from registry_glance.api.call import Call
from registry_glance.api.content import answer
from registry_glance.api.document import empty
from registry_glance.api.v2 import conditions
from registry_glance.oci import ranges
from registry_glance.oci.digest import Digest
from registry_glance.oci.media_types import OCTET_STREAM
from registry_glance.oci.names import Repository
from registry_glance.oci.ranges import Range


def head(call: Call, repository: Repository, digest: Digest) -> Response:
    """What `get` would answer, without the bytes. Raises BlobUnknown."""
    size = call.store.blob_size(repository, digest)
    if conditions.is_known(call.headers, digest):
        return _named(empty(304), digest)
    response = _named(Response(content_type=OCTET_STREAM), digest)
    response.content_length = size
    return response


def get(call: Call, repository: Repository, digest: Digest) -> Response:
    """The bytes, or a part of them. Raises BlobUnknown, RangeNotSatisfiable."""
    if conditions.is_known(call.headers, digest):
        return head(call, repository, digest)
    content = call.store.open_blob(repository, digest)
    part = ranges.requested(conditions.wants_range(call.headers, digest), content.size)
    wanted = part or Range(0, content.size)
    response = answer(content.read(wanted), wanted.length) if wanted.length else empty(200)
    response.content_type = OCTET_STREAM
    if part is not None:
        response.status_code = 206
        last = part.stop - 1
        response.headers["Content-Range"] = f"bytes {part.start}-{last}/{content.size}"
    return _named(response, digest)


def delete(call: Call, repository: Repository, digest: Digest) -> Response:
    """Remove a blob from the project. Raises BlobUnknown, BlobInUse."""
    call.store.delete_blob(repository, digest)
    return empty(202)


def _named(response: Response, digest: Digest) -> Response:
    """`response` with what is true of the blob for ever."""
    response.headers["Docker-Content-Digest"] = str(digest)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["ETag"] = conditions.etag(digest)
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return response
