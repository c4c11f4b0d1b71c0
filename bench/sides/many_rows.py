"""Thousands of tags in Glance at once: written into its SQLite database, not pushed."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from bench.sides.side import Listing
from registry_glance.store.glance.ids import Ids

Record = Mapping[str, object]


def copy_tag(database: Path, prefix: str, listing: Listing, count: int) -> None:
    """Repeat the row of the tag whose name begins with `prefix`, in other names."""
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        connection.row_factory = sqlite3.Row
        image = connection.execute(
            "SELECT * FROM images WHERE name LIKE ? AND status = 'active'", [f"{prefix}%"]
        ).fetchone()
        properties = connection.execute(
            "SELECT * FROM image_properties WHERE image_id = ?", [image["id"]]
        ).fetchall()
        (key,) = connection.execute(
            "SELECT value FROM image_properties WHERE name = 'oci_key'"
        ).fetchone()
        ids = Ids(bytes.fromhex(key), image["owner"])
        for number in range(count):
            _copy(connection, dict(image), [dict(one) for one in properties], listing, number, ids)


def _copy(
    connection: sqlite3.Connection,
    image: Record,
    properties: list[dict[str, object]],
    listing: Listing,
    number: int,
    ids: Ids,
) -> None:
    row = str(uuid.uuid4())
    repository = str(image["name"]).partition(":")[0]
    if listing == "repositories":
        repository = f"{repository}-{number:05}"
    name = f"{repository}:v{number:05}"
    _insert(connection, "images", {**image, "id": row, "name": name})
    known = {str(one["name"]): one["value"] for one in properties if not one["deleted"]}
    changes = ids.sealed({**known, "id": row, "oci_image": row, "oci_repository": repository})
    for one in properties:
        value = changes.get(str(one["name"]), one["value"])
        _insert(
            connection, "image_properties", {**one, "id": None, "image_id": row, "value": value}
        )


def _insert(connection: sqlite3.Connection, table: str, record: Record) -> None:
    columns = ", ".join(f'"{name}"' for name in record)
    marks = ", ".join("?" for _ in record)
    connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(record.values()))
