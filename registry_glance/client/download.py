"""A blob's bytes from a registry, read on after a broken connection."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import requests

from registry_glance.client.errors import Unreachable, Untrue
from registry_glance.client.registry import READ_SIZE, Registry
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor
from registry_glance.oci.names import Repository


def read(
    registry: Registry, repository: Repository, blob: Descriptor, start: int = 0
) -> Iterator[bytes]:
    """The bytes from `start`, exactly as many as the blob has; not compared with its digest.

    Raises Absent, Refusal, Unreachable; Untrue for a blob of another size.
    """
    patience = registry.connection.patience
    failures = 0
    while start < blob.size:
        began = start
        try:
            for data in _from(registry.blob(repository, blob.digest, start), start):
                if start + len(data) > blob.size:
                    raise Untrue(f"{blob.digest} has more than the {blob.size} bytes it should")
                start += len(data)
                yield data
        except (requests.RequestException, OSError) as error:
            failure = registry.connection.unreachable(error)
        else:
            failure = Unreachable(f"{registry.name} ends {blob.digest} too early")
        if start < blob.size:
            failures = 1 if start > began else failures + 1
            if failures >= patience.tries:
                raise failure
            patience.pause(failures)


def verified(chunks: Iterable[bytes], digest: Digest, so_far: bytes = b"") -> Iterator[bytes]:
    """The chunks, and Untrue after the last one unless all have the digest."""
    running = hashlib.new(digest.algorithm, so_far)
    for data in chunks:
        running.update(data)
        yield data
    if running.hexdigest() != digest.hex:
        raise Untrue(f"{digest} was promised, but other bytes came")


def _from(answer: requests.Response, start: int) -> Iterator[bytes]:
    """An answer's bytes; a registry that knows no ranges sends all, and `start` are passed over."""
    whole = answer.status_code == 200
    _check(answer, start)
    skip = start if whole else 0
    try:
        for data in answer.iter_content(READ_SIZE):
            kept = data[min(skip, len(data)) :]
            skip -= len(data) - len(kept)
            if kept:
                yield kept
    finally:
        answer.close()


def _check(answer: requests.Response, start: int) -> None:
    """Raise Untrue for a part that begins elsewhere."""
    said = answer.headers.get("Content-Range") or ""
    if answer.status_code == 206 and not said.startswith(f"bytes {start}-"):
        answer.close()
        raise Untrue("the registry has sent another part of a blob than was asked for")
