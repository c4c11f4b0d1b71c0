"""Row IDs that are computed, because an ID is the only index Glance has; and rows' seals.

The computation is keyed: a stranger can neither guess an ID, whose 409 would tell him that
something exists, nor take it in advance. Nor can he, or the owner, make or change a row by
Glance's own API so that it is taken for the registry's.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

SEAL = "oci_seal"


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

    def of(self, project: str) -> Ids:
        """The same for another project."""
        return Ids(self.key, project)

    def sealed(self, row: Mapping[str, object]) -> dict[str, object]:
        """A row with the property that proves who has set its `oci_*` properties."""
        return {**row, SEAL: self._seal(row)}

    def is_genuine(self, row: Mapping[str, object]) -> bool:
        """Whether the row is the project's, and its ID and `oci_*` properties are as sealed."""
        seal = row.get(SEAL)
        return (
            isinstance(seal, str)
            and row.get("owner") == self.project
            and hmac.compare_digest(seal.encode(), self._seal(row).encode())
        )

    def _seal(self, row: Mapping[str, object]) -> str:
        names = sorted(name for name in row if name.startswith("oci_") and name != SEAL)
        text = json.dumps([row["id"], *((name, row[name]) for name in names)])
        return self._mac("seal", text).hex()[:32]

    def _upload(self, random: bytes, repository: str) -> str:
        half = uuid.UUID(bytes=random + bytes(8), version=4).bytes[:8]
        proof = self._mac("upload", repository, half.hex())[:8]
        return str(uuid.UUID(bytes=half + proof, version=4))

    def _mac(self, *parts: str) -> bytes:
        message = "\0".join((self.project, *parts)).encode()
        return hmac.digest(self.key, message, hashlib.sha256)
