"""What is asked of a registry, by the OCI distribution API."""

from __future__ import annotations

import hashlib
import json
import os
import re
from urllib.parse import urlsplit

from bench.connection import Answer, Connection
from bench.payload import Payload
from bench.sides.side import Listing, Question, Request, Side
from bench.stopwatch import seconds

OCI = "application/vnd.oci.image"
MANIFEST = f"{OCI}.manifest.v1+json"
OCTETS = {"Content-Type": "application/octet-stream"}
CHUNKED = {**OCTETS, "Transfer-Encoding": "chunked"}
#: Repositories: of large and of small blobs, of the published image, of many tags.
LARGE, SMALL, IMAGE, MANY = "large", "small", "image", "many"
LISTS: dict[Listing, str] = {"tags": f"/v2/{MANY}/tags/list", "repositories": "/v2/_catalog?n=1000"}


class RegistrySide(Side):
    """A registry."""

    _manifest: bytes

    def connect(self) -> Connection:
        return Connection(self.address)

    def push(self, payload: Payload, frame: int) -> float:
        digest = payload.digest
        with self.connect() as connection:
            return seconds(lambda: self._push(connection, payload, frame, digest))

    def path(self, payload: Payload) -> str:
        return f"/v2/{LARGE}/blobs/{payload.digest}"

    def push_small(self, connection: Connection, data: bytes) -> None:
        self._push_small(connection, SMALL, data)

    def publish(self) -> None:
        with self.connect() as connection:
            content = {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": self._blob(connection, f"{OCI}.config.v1+json"),
                "layers": [self._blob(connection, f"{OCI}.layer.v1.tar")],
            }
            self._manifest = json.dumps(content).encode()
            self.tag(IMAGE, "latest")

    def tag(self, repository: str, tag: str) -> None:
        """Give the published image one more name; its blobs are mounted if need be."""
        with self.connect() as connection:
            content = json.loads(self._manifest)
            for blob in (content["config"], *content["layers"]):
                query = f"mount={blob['digest']}&from={IMAGE}"
                connection.call("POST", f"/v2/{repository}/blobs/uploads/?{query}", expect=201)
            path = f"/v2/{repository}/manifests/{tag}"
            connection.call("PUT", path, self._manifest, {"Content-Type": MANIFEST}, 201)

    def request(self, question: Question) -> Request:
        content = json.loads(self._manifest)
        layer = content["layers"][0]["digest"]
        base = f"http://{self.address}/v2/{IMAGE}"
        accept = {"Accept": MANIFEST}
        return {
            "manifest by tag": Request(f"{base}/manifests/latest", headers=accept),
            "manifest by digest": Request(
                f"{base}/manifests/{digest(self._manifest)}", headers=accept
            ),
            "blob HEAD": Request(f"{base}/blobs/{layer}", "HEAD"),
        }[question]

    def change(self, listing: Listing) -> None:
        self.tag(MANY if listing == "tags" else f"{MANY}/{os.urandom(4).hex()}", "changed")

    def count(self, listing: Listing) -> int:
        path: str | None = LISTS[listing]
        total = 0
        with self.connect() as connection:
            while path:
                answer = connection.call("GET", path)
                total += len(answer.content[listing])
                path = _next(answer)
        return total

    def _push(self, connection: Connection, payload: Payload, frame: int, digest: str) -> None:
        answer = connection.call("POST", f"/v2/{LARGE}/blobs/uploads/", expect=202)
        answer = connection.send("PATCH", _location(answer), payload.chunked(frame), CHUNKED, 202)
        connection.call("PUT", _location(answer, digest), expect=201)

    def _blob(self, connection: Connection, media_type: str) -> dict[str, object]:
        """The descriptor of a new blob of the published image."""
        data = os.urandom(2048)
        name = self._push_small(connection, IMAGE, data)
        return {"mediaType": media_type, "digest": name, "size": len(data)}

    def _push_small(self, connection: Connection, repository: str, data: bytes) -> str:
        name = digest(data)
        connection.call("HEAD", f"/v2/{repository}/blobs/{name}", expect=404)
        answer = connection.call("POST", f"/v2/{repository}/blobs/uploads/", expect=202)
        frames = [b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)]
        answer = connection.send("PATCH", _location(answer), frames, CHUNKED, 202)
        connection.call("PUT", _location(answer, name), expect=201)
        return name


def digest(data: bytes) -> str:
    """`sha256:...` of some bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _location(answer: Answer, digest: str = "") -> str:
    """Where an upload goes on; with a digest, where it ends."""
    parts = urlsplit(answer.headers["Location"])
    query = "&".join(filter(None, (parts.query, digest and f"digest={digest}")))
    return f"{parts.path}?{query}" if query else parts.path


def _next(answer: Answer) -> str | None:
    found = re.match(r"<([^>]*)>", answer.headers.get("Link") or "")
    if not found:
        return None
    parts = urlsplit(found[1])
    return f"{parts.path}?{parts.query}"
