"""A large layer that exists nowhere but on its way: blocks of one MiB, each with its number."""

from __future__ import annotations

import hashlib
import http.client
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

BLOCK = 1 << 20
#: Seconds that a client waits at most; docker gives up after 30.
TIMEOUT = 60


@dataclass
class Layer:
    """`size` bytes, a multiple of a MiB, which nobody has pushed before."""

    size: int
    seed: bytes = field(default_factory=lambda: os.urandom(BLOCK - 8))

    def __iter__(self) -> Iterator[bytes]:
        for number in range(self.size // BLOCK):
            yield number.to_bytes(8, "big") + self.seed

    def digest(self) -> str:
        """Its digest."""
        found = hashlib.sha256()
        for block in self:
            found.update(block)
        return f"sha256:{found.hexdigest()}"


@dataclass
class Pushed:
    """How long the client waited, in seconds: after its last byte, and for the final PUT."""

    after_last_byte: float
    final_put: float


def push(address: str, layer: Layer, digest: str, pause: float = 0) -> Pushed:
    """POST, one chunked PATCH, PUT, as docker does; `pause` seconds after each block."""
    connection = http.client.HTTPConnection(address, timeout=TIMEOUT)
    location = _ask(connection, "POST", "/v2/streaming/layer/blobs/uploads/", 202)
    last = 0.0

    def blocks() -> Iterator[bytes]:
        nonlocal last
        for block in layer:
            yield block
            time.sleep(pause)
        last = time.monotonic()

    connection.request("PATCH", location, body=blocks(), encode_chunked=True)
    location = _answer(connection, 202)
    waited = time.monotonic() - last
    began = time.monotonic()
    _ask(connection, "PUT", f"{location}?digest={digest}", 201)
    return Pushed(waited, time.monotonic() - began)


def pull(address: str, digest: str) -> str:
    """The digest of what comes back, block by block."""
    connection = http.client.HTTPConnection(address, timeout=TIMEOUT)
    connection.request("GET", f"/v2/streaming/layer/blobs/{digest}")
    answer = connection.getresponse()
    assert answer.status == 200
    found = hashlib.sha256()
    while data := answer.read(BLOCK):
        found.update(data)
    return f"sha256:{found.hexdigest()}"


def _ask(connection: http.client.HTTPConnection, method: str, path: str, status: int) -> str:
    connection.request(method, path, body=b"")
    return _answer(connection, status)


def _answer(connection: http.client.HTTPConnection, status: int) -> str:
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == status, body
    return answer.headers["Location"]
