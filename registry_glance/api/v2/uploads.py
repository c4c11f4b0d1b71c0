"""Uploads of blobs: whole, in chunks, or mounted (OCI Distribution 1.1, "Pushing blobs")."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from flask import Response

from registry_glance.api.call import Call
from registry_glance.api.document import empty
from registry_glance.api.v2 import locations
from registry_glance.errors import DigestInvalid, RegistryError, UploadOutOfOrder
from registry_glance.oci import digest as digests
from registry_glance.oci import ranges
from registry_glance.oci.digest import Digest
from registry_glance.oci.names import Repository


def post(call: Call, repository: Repository) -> Response:
    """Begin an upload, or end it at once: by a mount, or with the bytes in this request."""
    mount = _mount(call)
    if mount is not None and call.store.mount(repository, mount, _source(call)):
        return _created(repository, mount)
    if "digest" in call.query and mount is None:
        return _whole(call, repository, Digest.parse(call.query["digest"]))
    algorithm = digests.algorithm(call.query.get("digest-algorithm", "sha256"))
    upload = call.store.create_upload(repository, algorithm)
    return _accepted(repository, upload, 0)


def get(call: Call, repository: Repository, upload: str) -> Response:
    """How far an upload is (end-13). Raises UploadUnknown."""
    return _progress(204, repository, upload, call.store.upload_offset(repository, upload))


def patch(call: Call, repository: Repository, upload: str) -> Response:
    """Add bytes (end-5): with Content-Range a chunk, without it all that comes.

    Raises UploadUnknown, UploadOutOfOrder, SizeInvalid.
    """
    chunk = ranges.chunk(call.headers.get("Content-Range"))
    with _located(repository, upload):
        if call.body.is_empty and chunk is None:
            offset = call.store.upload_offset(repository, upload)
        else:
            offset = call.store.append(repository, upload, call.body, chunk)
    return _accepted(repository, upload, offset)


def put(call: Call, repository: Repository, upload: str) -> Response:
    """Add the last bytes, if any, and end the upload (end-6).

    Raises DigestInvalid, UploadUnknown, UploadOutOfOrder, SizeInvalid.
    """
    digest = Digest.parse(call.query.get("digest", ""))
    chunk = ranges.chunk(call.headers.get("Content-Range"))
    body = None if call.body.is_empty and chunk is None else call.body
    with _located(repository, upload):
        call.store.commit(repository, upload, digest, body, chunk)
    return _created(repository, digest)


def delete(call: Call, repository: Repository, upload: str) -> Response:
    """Give an upload up (end-14). Raises UploadUnknown."""
    call.store.cancel_upload(repository, upload)
    return empty(204)


def _mount(call: Call) -> Digest | None:
    """What `mount` asks for (end-11)."""
    return Digest.parse(call.query["mount"]) if "mount" in call.query else None


def _source(call: Call) -> Repository | None:
    """The repository that `from` names, if it is there at all. Raises NameInvalid."""
    return Repository.parse(call.query["from"]) if call.query.get("from") else None


def _whole(call: Call, repository: Repository, digest: Digest) -> Response:
    """An upload in one request (end-4b): nothing of it stays if it fails."""
    upload = call.store.create_upload(repository, digest.algorithm)
    body = None if call.body.is_empty else call.body
    try:
        call.store.commit(repository, upload, digest, body)
    except DigestInvalid:
        raise
    except RegistryError:
        with suppress(RegistryError):
            call.store.cancel_upload(repository, upload)
        raise
    return _created(repository, digest)


@contextmanager
def _located(repository: Repository, upload: str) -> Iterator[None]:
    """A client that is out of order is told where to go on."""
    try:
        yield
    except UploadOutOfOrder as error:
        error.headers.update(_progress(416, repository, upload, error.offset).headers)
        raise


def _accepted(repository: Repository, upload: str, offset: int) -> Response:
    return _progress(202, repository, upload, offset)


def _progress(status: int, repository: Repository, upload: str, offset: int) -> Response:
    response = empty(status)
    response.headers["Location"] = locations.upload(repository, upload)
    # Bytes are counted inclusively, so none at all and one byte look the same.
    response.headers["Range"] = f"0-{max(offset - 1, 0)}"
    response.headers["Docker-Upload-UUID"] = upload
    return response


def _created(repository: Repository, digest: Digest) -> Response:
    response = empty(201)
    response.headers["Location"] = locations.blob(repository, digest)
    response.headers["Docker-Content-Digest"] = str(digest)
    return response
