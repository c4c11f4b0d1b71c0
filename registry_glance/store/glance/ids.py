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

    def piece(self, upload: str, index: int, attempt: int) -> str:
        """The row of an upload's piece; the first one of all has the upload's own ID."""
        if index == attempt == 0:
            return upload
        return self.row("piece", upload, str(index), str(attempt))

    def _upload(self, random: bytes, repository: str) -> str:
        half = uuid.UUID(bytes=random + bytes(8), version=4).bytes[:8]
        proof = self._mac("upload", repository, half.hex())[:8]
        return str(uuid.UUID(bytes=half + proof, version=4))

    def _mac(self, *parts: str) -> bytes:
        message = "\0".join((self.project, *parts)).encode()
        return hmac.digest(self.key, message, hashlib.sha256)
