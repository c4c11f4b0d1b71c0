"""Glance without a registry: the very calls that a registry on it cannot do without."""

from __future__ import annotations

import json
import os
import uuid

from bench.connection import Connection
from bench.payload import Payload
from bench.sides.registry import OCTETS, digest
from bench.sides.side import Listing, Question, Request, Side
from bench.stopwatch import seconds
from registry_glance.embedded.cloud import CLOUD_NAME, Cloud
from registry_glance.glance.cloud import from_clouds_yaml

JSON = {"Content-Type": "application/json"}
#: Rows of one page, which is Glance's own limit.
PAGE = 1000


class GlanceSide(Side):
    """Bare calls of the Image API, with a token of the registry's user."""

    name = "raw Glance"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._session = from_clouds_yaml(CLOUD_NAME, str(cloud.clouds_yaml)).session(60)
        self.address = cloud.glance_url.removeprefix("http://")
        self._rows: dict[str, str] = {}
        self._published = ""

    @property
    def pids(self) -> list[int]:
        return [self._cloud.glance_process.pid]

    def start(self) -> None:
        self._cloud.glance_process.start()
        self._cloud.glance_process.wait_answering(f"{self._cloud.glance_url}/healthcheck")

    def stop(self) -> None:
        self._cloud.glance_process.stop()

    def connect(self) -> Connection:
        return Connection(self.address, self._token())

    def push(self, payload: Payload, frame: int) -> float:
        """The PUT alone, with a length: the row is there already."""
        row = self._rows[payload.digest] = str(uuid.uuid4())
        headers = {**OCTETS, "Content-Length": str(payload.size)}
        with self.connect() as connection:
            _create(connection, row)
            path = _file(row)
            return seconds(lambda: connection.send("PUT", path, payload.plain(), headers, 204))

    def path(self, payload: Payload) -> str:
        return _file(self._rows[payload.digest])

    def forget(self, payload: Payload) -> None:
        with self.connect() as connection:
            row = self._rows.pop(payload.digest)
            connection.call("DELETE", f"/v2/images/{row}", expect=204)

    def push_small(self, connection: Connection, data: bytes) -> None:
        """Create a row, PUT its data, create the blob's entry: what this registry stores."""
        row = str(uuid.uuid4())
        facts = {"oci_digest": digest(data), "oci_size": str(len(data)), "oci_row": row}
        _create(connection, row, **facts)
        connection.call("PUT", _file(row), data, OCTETS, 204)
        _create(connection, str(uuid.uuid4()), **facts)

    def publish(self) -> None:
        self._published = str(uuid.uuid4())
        with self.connect() as connection:
            _create(connection, self._published, name="published:latest", os_hidden=False)
            connection.call("PUT", _file(self._published), os.urandom(600), OCTETS, 204)

    def request(self, question: Question) -> Request:
        paths: dict[Question, str] = {
            "manifest by tag": "/v2/images?name=eq:published:latest",
            "manifest by digest": _file(self._published),
            "blob HEAD": f"/v2/images/{self._published}",
        }
        return Request(f"http://{self.address}{paths[question]}", headers=self._token())

    def fill(self, listing: Listing, count: int) -> None:
        """The rows that the registry on this Glance has are listed."""

    def change(self, listing: Listing) -> None:
        """Nothing is kept that a change would make void."""

    def count(self, listing: Listing) -> int:
        """All visible rows: Glance cannot ask for those of one repository."""
        path: str | None = f"/v2/images?os_hidden=false&container_format=docker&limit={PAGE}"
        total = 0
        with self.connect() as connection:
            while path:
                page = connection.call("GET", path).content
                total += len(page["images"])
                path = page.get("next")
        return total

    def _token(self) -> dict[str, str]:
        return {"X-Auth-Token": str(self._session.get_token())}


def _create(connection: Connection, row: str, **properties: object) -> None:
    content = {
        "id": row,
        "container_format": "docker",
        "disk_format": "raw",
        "visibility": "private",
        "os_hidden": True,
        **properties,
    }
    connection.call("POST", "/v2/images", json.dumps(content).encode(), JSON, 201)


def _file(row: str) -> str:
    return f"/v2/images/{row}/file"
