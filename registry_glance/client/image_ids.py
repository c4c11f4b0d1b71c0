"""Which images of Glance a registry of ours keeps something in; see store/glance/rows.py.

Asked with the user's own credentials: he sees what Glance shows him. Each question goes through
all rows that he may see, about a second at 100,000 of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from registry_glance.client.reference import Reference
from registry_glance.client.workers import each
from registry_glance.glance.client import Glance, Row
from registry_glance.glance.cloud import Cloud
from registry_glance.oci.digest import Digest
from registry_glance.oci.names import Tag

THREADS = 4
#: Seconds for one answer.
TIMEOUT = 60


@dataclass(frozen=True)
class ImageIds:
    """`image` is the one that a user names; the others hold one digest's bytes, in order."""

    image: str | None
    digests: dict[Digest, tuple[str, ...]]


def image_ids(cloud: Cloud, reference: Reference, digests: Iterable[Digest]) -> ImageIds:
    """Where an image is in Glance, as far as the user may know. Raises RegistryError."""
    glance = Glance(cloud, timeout=TIMEOUT, retries=1)
    found = _named(glance, reference)
    owner = str(found.get("owner")) if found else glance.project()

    def ask(digest: Digest, check: Callable[[], None]) -> tuple[Digest, tuple[str, ...]]:
        check()
        return digest, _holding(glance, owner, digest)

    pairs = each(ask, dict.fromkeys(digests), THREADS)
    return ImageIds(str(found["id"]) if found else None, {one: ids for one, ids in pairs if ids})


def _named(glance: Glance, reference: Reference) -> Row | None:
    """The row of an image by its ID, or of a tag: the last that was pushed, else the first."""
    if reference.repository.image:
        return glance.get(reference.repository.image)
    if not isinstance(reference.target, Tag):
        return None
    rows = list(glance.named(f"{reference.repository}:{reference.target}"))
    active = [row for row in rows if row.get("status") == "active"]
    project = glance.project()
    own = [row for row in active if row.get("owner") == project] or active
    # What Nova has copied to a snapshot does not make it a tag.
    pushed = [row for row in own if row.get("oci_image") == row["id"]]
    if pushed:
        return max(pushed, key=lambda row: _number(row, "oci_serial"))
    return min(own, key=lambda row: str(row.get("created_at")), default=None)


def _holding(glance: Glance, owner: str, digest: Digest) -> tuple[str, ...]:
    """The rows with a digest's bytes: of a blob its pieces, of a manifest the first of its rows."""
    rows = [
        row
        for row in glance.with_properties(hidden=True, oci_digest=str(digest))
        if row.get("owner") == owner
    ]
    for row in rows:
        if row.get("oci_kind") == "blob" and "oci_row" in row:
            return (str(row["oci_row"]),)
        if row.get("oci_kind") == "blob" and "oci_upload" in row:
            return _pieces(glance, owner, str(row["oci_upload"]))
    manifests = [str(row["id"]) for row in rows if row.get("oci_kind") == "manifest"]
    return tuple(manifests[:1])


def _pieces(glance: Glance, owner: str, upload: str) -> tuple[str, ...]:
    rows = [
        (_number(row, "oci_offset"), str(row["id"]))
        for row in glance.with_properties(hidden=True, oci_upload=upload)
        if row.get("oci_kind") == "upload" and row.get("owner") == owner
    ]
    return tuple(row for _, row in sorted(rows))


def _number(row: Row, name: str) -> int:
    text = str(row.get(name, ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
