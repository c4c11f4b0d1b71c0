"""Row IDs that are computed, because an ID is the only index Glance has.

The computation is keyed: a stranger can neither guess an ID, whose 409 would tell him that
something exists, nor take it in advance.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass

from registry_glance.errors import Unavailable
from registry_glance.glance.client import Conflict, Glance
from registry_glance.store.glance import rows

#: Names the rows that hold a registry's key; these alone have IDs that anybody can compute.
KEY_NAMESPACE = uuid.UUID("1f6e2a9c-6f0b-4c5e-9a53-5b1d0f6f8e7a")
#: Rows looked at for the key: some may have been taken by a stranger, or deleted.
KEY_ROWS = 8


@dataclass(frozen=True, slots=True)
class Ids:
    """Computes the IDs of one project's rows."""

    key: bytes
    project: str

    def row(self, kind: str, *parts: str) -> str:
        """The ID of the row of this kind for these parts."""
        return str(uuid.UUID(bytes=self._mac(kind, *parts)[:16], version=4))

    def new_upload(self, repository: str) -> str:
        """A new upload's ID: half of it random, the other half proves that we made it."""
        return self._upload(secrets.token_bytes(8), repository)

    def is_upload(self, upload: str, repository: str) -> bool:
        """Whether `upload` was made by `new_upload` for this repository, on any replica."""
        try:
            given = uuid.UUID(upload)
        except ValueError:
            return False
        return hmac.compare_digest(self._upload(given.bytes[:8], repository), upload)

    def _upload(self, random: bytes, repository: str) -> str:
        half = uuid.UUID(bytes=random + bytes(8), version=4).bytes[:8]
        proof = self._mac("upload", repository, half.hex())[:8]
        return str(uuid.UUID(bytes=half + proof, version=4))

    def _mac(self, *parts: str) -> bytes:
        message = "\0".join((self.project, *parts)).encode()
        return hmac.digest(self.key, message, hashlib.sha256)


def shared_key(glance: Glance, project: str) -> bytes:
    """The key that all replicas use: made once, kept in a private row of the project."""
    candidates = [str(uuid.uuid5(KEY_NAMESPACE, f"{project}/{n}")) for n in range(KEY_ROWS)]
    for _ in candidates:
        found = {row["id"]: rows.key(row, project) for row in glance.find(candidates)}
        known = [found[row_id] for row_id in candidates if found.get(row_id)]
        if known:
            return bytes.fromhex(str(known[0]))
        _create_key(glance, candidates)
    raise Unavailable("cannot keep the key of row IDs in Glance; set ids.key in config.yml")


def _create_key(glance: Glance, candidates: list[str]) -> None:
    """Of several replicas that start at once, one succeeds; the others then find its row."""
    for row_id in candidates:
        try:
            glance.create(rows.new_key(row_id, secrets.token_hex(32)))
            return
        except Conflict:
            if glance.find([row_id]):
                return
