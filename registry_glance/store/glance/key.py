"""The key of all computed row IDs: made once, kept in Glance, the same for all replicas."""

from __future__ import annotations

import secrets
import uuid

from registry_glance.errors import Unavailable
from registry_glance.glance.client import Conflict, Glance
from registry_glance.store.glance import rows

#: Names the rows that hold a registry's key; these alone have IDs that anybody can compute.
KEY_NAMESPACE = uuid.UUID("1f6e2a9c-6f0b-4c5e-9a53-5b1d0f6f8e7a")
#: Rows looked at for the key: some may have been taken by a stranger, or deleted.
KEY_ROWS = 8


def shared_key(glance: Glance, project: str) -> bytes:
    """The key that all replicas use: made once, kept in a private row of the project."""
    candidates = key_rows(project)
    for _ in candidates:
        found = {row["id"]: rows.key(row, project) for row in glance.find(candidates)}
        known = [found[row_id] for row_id in candidates if found.get(row_id)]
        if known:
            return bytes.fromhex(str(known[0]))
        _create_key(glance, project, candidates)
    raise Unavailable("cannot keep the key of row IDs in Glance; set ids.key in config.yml")


def key_rows(project: str) -> list[str]:
    """The IDs of the rows that the project's key may lie in."""
    return [str(uuid.uuid5(KEY_NAMESPACE, f"{project}/{n}")) for n in range(KEY_ROWS)]


def _create_key(glance: Glance, project: str, candidates: list[str]) -> None:
    """Of several replicas that start at once, one succeeds; the others then find its row.

    A stranger's row in its place is passed over: we may be shown that of all projects.
    """
    for row_id in candidates:
        try:
            glance.create(rows.new_key(row_id, secrets.token_hex(32)))
            return
        except Conflict:
            if any(rows.key(row, project) for row in glance.find([row_id])):
                return
