"""Records of the registry as rows of Glance, and back: pure translation.

Every row has container_format=docker and disk_format=raw. The properties, all strings:

    oci_kind        tag | manifest | image | blob | upload | end | referrer | signpost | claim | key
                    | finding
    oci_repository  the repository's name                      tag, manifest, image, referrer
    oci_digest      of the content, or data; uploads: of all bytes so far
    oci_media_type  as it was pushed                           tag, manifest, image
    oci_size        bytes; tag, image: with all it refers to   tag, image, blob, upload
    oci_subject     the digest it refers to                    manifest, referrer
    oci_artifact_type                                          manifest
    oci_tag         the tag's name                             tag
    oci_serial      order of the pushes of one tag             tag
    oci_image       the row's own ID, or the image's           tag, image; claim, finding
    oci_maker       random, of the push that made it           claim
    oci_row         the row that holds the bytes               blob of one piece
    oci_upload      the upload that brought the bytes          upload, end, blob of several pieces
    oci_pieces      for each piece, which attempt succeeded    blob of several pieces
    oci_offset, oci_state                                      upload
    oci_end         `cancelled`, or the blob it has become     end
    oci_key         the key of row IDs                         key
    oci_seal        proves all the others and the ID; see ids  all but key

A row whose seal does not fit is somebody's forgery, or a copy: Nova copies an image's properties
onto snapshots. None is ever looked at here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from registry_glance.errors import DigestInvalid
from registry_glance.glance.client import Row
from registry_glance.oci import names
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Manifest
from registry_glance.oci.names import Repository
from registry_glance.store.glance.ids import Ids

#: Visibilities that show a row to every project; not everybody may give them (Glance's policies
#: publicize_image and communitize_image).
PUBLISHED = ("public", "community")
#: Glance stores longer properties, but Nova cuts them when it copies.
PROPERTY_LIMIT = 255


def new(row_id: str, kind: str, **properties: str) -> dict[str, object]:
    """A row of the registry's own: private, hidden, nameless."""
    return {
        "id": row_id,
        "container_format": "docker",
        "disk_format": "raw",
        "visibility": "private",
        "os_hidden": True,
        "oci_kind": kind,
        **{f"oci_{name}": value[:PROPERTY_LIMIT] for name, value in properties.items() if value},
    }


def is_active(row: Row) -> bool:
    """Whether the row's data is complete."""
    return bool(row.get("status") == "active")


# Blobs


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob's size in bytes, and the rows that hold its bytes, in order.

    `entry` is the row that says so; "" for a part of what another image holds, from `start` on.
    """

    entry: str
    digest: Digest
    size: int
    rows: tuple[str, ...]
    start: int = 0


def new_blob(
    row_id: str, digest: Digest, size: int, upload: str, attempts: Sequence[int], ids: Ids
) -> dict[str, object]:
    """The entry of a blob, whose pieces are in the rows of these attempts."""
    entry = new(row_id, "blob", digest=str(digest), size=str(size))
    if len(attempts) == 1:
        return entry | {"oci_row": ids.piece(upload, 0, attempts[0])}
    text = "".join(map(str, attempts))
    pieces = {
        f"oci_pieces{number or ''}": text[start : start + PROPERTY_LIMIT]
        for number, start in enumerate(range(0, len(text), PROPERTY_LIMIT))
    }
    return entry | ({"oci_upload": upload} | pieces if pieces else {})


def blob(row: Row, digest: Digest, ids: Ids) -> Blob | None:
    """What the entry says; None if it is not this blob's."""
    size = number(row, "oci_size")
    if row.get("oci_kind") != "blob" or row.get("oci_digest") != str(digest) or size is None:
        return None
    if "oci_row" in row:
        return Blob(row["id"], digest, size, (str(row["oci_row"]),))
    upload, pieces = str(row.get("oci_upload", "")), "".join(_pieces(row))
    rows = (ids.piece(upload, index, int(attempt)) for index, attempt in enumerate(pieces))
    return Blob(row["id"], digest, size, tuple(rows) if pieces.isdecimal() else ())


def _pieces(row: Row) -> Iterator[str]:
    for number in count():
        text = row.get(f"oci_pieces{number or ''}")
        if not isinstance(text, str):
            return
        yield text


# Uploads


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of an upload: after it, `digest` and `state` are those of all bytes so far."""

    row: str
    offset: int
    size: int
    digest: Digest
    state: str | None


def new_piece(
    row_id: str, upload: str, repository: str, offset: int, size: int, digest: Digest, state: str
) -> dict[str, object]:
    """A piece's row. A state too long for one property goes on in a second one."""
    return new(
        row_id,
        "upload",
        upload=upload,
        repository=repository,
        offset=str(offset),
        size=str(size),
        digest=str(digest),
        state=state,
        state_rest=state[PROPERTY_LIMIT:],
    )


def piece(row: Row, upload: str) -> Piece | None:
    """The complete piece that the row holds, or None."""
    offset, size, digest = number(row, "oci_offset"), number(row, "oci_size"), read_digest(row)
    if row.get("oci_upload") != upload or not is_active(row) or row.get("size") != size:
        return None
    if offset is None or size is None or digest is None:
        return None
    state = str(row.get("oci_state", "")) + str(row.get("oci_state_rest", ""))
    return Piece(row["id"], offset, size, digest, state or None)


def new_end(row_id: str, upload: str, how: str) -> dict[str, object]:
    """The mark that an upload has ended: `cancelled`, or the digest it was committed as."""
    return new(row_id, "end", upload=upload, end=how)


def end(row: Row, upload: str) -> str:
    """How the upload has ended; "" if the row is no such mark."""
    return str(row.get("oci_end", "")) if row.get("oci_upload") == upload else ""


# Manifests and referrers


def new_manifest(row_id: str, repository: str, manifest: Manifest) -> dict[str, object]:
    """The row of a manifest; its data is the manifest's bytes."""
    return new(
        row_id,
        "manifest",
        repository=repository,
        digest=str(manifest.digest),
        media_type=manifest.media_type,
        subject=str(manifest.subject.digest) if manifest.subject else "",
        artifact_type=manifest.artifact_type or "",
    )


def new_referrer(
    row_id: str, repository: str, subject: Digest, digest: Digest
) -> dict[str, object]:
    """An entry in the list of a subject's referrers; it has no data."""
    return new(row_id, "referrer", repository=repository, subject=str(subject), digest=str(digest))


# Tags


@dataclass(frozen=True, slots=True)
class Tag:
    """A row that has, or had, a tag's name. `order` decides between rows of one name.

    `pushed_as` is the name that it was pushed with: its owner may have changed it in Glance.
    """

    row: str
    name: str
    pushed_as: str
    digest: Digest
    media_type: str
    order: tuple[int, str]
    visibility: str
    protected: bool


def new_tag(
    row_id: str, name: str, manifest: Manifest, serial: int, visibility: str
) -> dict[str, object]:
    """A tag's row, nameless and hidden until it is committed; `name` is `repository:tag`."""
    repository, _, tag = name.rpartition(":")
    row = new(
        row_id,
        "tag",
        repository=repository,
        tag=tag,
        digest=str(manifest.digest),
        media_type=manifest.media_type,
        size=str(manifest.size()),
        serial=str(serial),
        image=row_id,
    )
    return row | {"visibility": visibility}


def tag(row: Row) -> Tag | None:
    """The tag that the row is; None for other and unfinished rows."""
    digest, serial = read_digest(row), number(row, "oci_serial")
    complete = row.get("oci_kind") == "tag" and is_active(row)
    if not complete or digest is None or serial is None:
        return None
    return Tag(
        row=row["id"],
        name=str(row.get("name") or ""),
        pushed_as=f"{row.get('oci_repository')}:{row.get('oci_tag')}",
        digest=digest,
        media_type=str(row.get("oci_media_type", "")),
        order=(serial, row["id"]),
        visibility=str(row.get("visibility", "shared")),
        protected=bool(row.get("protected")),
    )


# Images by their ID


#: Bytes above which a row is no manifest, whatever `manifests.max_size` is or was.
LARGEST_MANIFEST = 64 << 20
#: Kinds of rows whose data is a manifest.
MANIFESTS = ("tag", "manifest", "image")


@dataclass(frozen=True, slots=True)
class Holder:
    """A row whose data is a manifest; what that refers to is its owner's.

    `lost` is the tag whose name a later push has taken from the row.
    """

    row: str
    owner: str
    kind: str
    repository: Repository
    digest: Digest
    media_type: str
    lost: names.Tag | None


def image_properties(row_id: str, manifest: Manifest) -> dict[str, str]:
    """What the row of an image says of a manifest that was pushed to it by its ID."""
    return {
        "oci_kind": "image",
        "oci_image": row_id,
        "oci_repository": str(Repository.of_image(row_id)),
        "oci_digest": str(manifest.digest),
        "oci_media_type": manifest.media_type,
        "oci_size": str(manifest.size()),
    }


def holder(row: Row) -> Holder | None:
    """What the row says of the manifest that it holds; None if it holds none, or not yet."""
    kind, digest = str(row.get("oci_kind")), read_digest(row)
    if kind not in MANIFESTS or digest is None or not is_active(row):
        return None
    if (row.get("size") or 0) > LARGEST_MANIFEST:
        return None
    return Holder(
        row=row["id"],
        owner=str(row.get("owner")),
        kind=kind,
        repository=Repository(str(row.get("oci_repository"))),
        digest=digest,
        media_type=str(row.get("oci_media_type")),
        lost=names.Tag(str(row.get("oci_tag"))) if kind == "tag" and not row.get("name") else None,
    )


def new_claim(row_id: str, image: str, maker: str) -> dict[str, object]:
    """The right of one push to fill an image; it has no data."""
    return new(row_id, "claim", image=image, maker=maker)


# What was found in images that were not pushed


def new_finding(row_id: str, image: str, digest: Digest) -> dict[str, object]:
    """What was found in an image; the row's data, which has this digest, says it."""
    return new(row_id, "finding", image=image, digest=str(digest))


# Keys


def new_key(row_id: str, key: str) -> dict[str, object]:
    """The row that keeps the key of row IDs."""
    return new(row_id, "key", key=key)


def key(row: Row, project: str) -> str | None:
    """The key that the row keeps, if it is the project's own and nobody else's to see."""
    own = row.get("owner") == project and row.get("visibility") == "private"
    return str(row["oci_key"]) if own and row.get("oci_kind") == "key" else None


# Properties


def number(row: Row, name: str) -> int | None:
    """A property that is a number; None for anything else."""
    text = str(row.get(name, ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def read_digest(row: dict[str, Any]) -> Digest | None:
    """The row's `oci_digest`, or None."""
    try:
        return Digest.parse(str(row.get("oci_digest", "")))
    except DigestInvalid:
        return None
