"""A client that is no bottleneck: one kept connection, large buffers, nothing looked at."""

from __future__ import annotations

import hashlib
import http.client
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from registry_glance.embedded.ports import LOOPBACK

#: Bytes received at once, and seconds that one answer may take.
BUFFER = 1 << 20
PATIENCE = 300


class Unexpected(Exception):
    """An answer that is not what was asked for: nothing measured so would mean anything."""


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def content(self) -> Any:
        """The body, which is JSON."""
        return json.loads(self.body)


class Connection:
    """One connection to HOST:PORT; `headers` go with each request. Not for two threads."""

    def __init__(self, address: str, headers: Mapping[str, str] | None = None) -> None:
        host, _, port = address.partition(":")
        assert host == LOOPBACK
        self._http = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
        self._headers = dict(headers or {})

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        expect: int = 200,
    ) -> Answer:
        """A request with a small body. Raises Unexpected."""
        length = {"Content-Length": str(len(body))} if body or method != "GET" else {}
        return self.send(method, path, [body], {**length, **(headers or {})}, expect)

    def send(
        self,
        method: str,
        path: str,
        body: Iterable[bytes],
        headers: Mapping[str, str],
        expect: int,
    ) -> Answer:
        """A request whose body is already what is to travel. Raises Unexpected."""
        self._begin(method, path, headers)
        for data in body:
            self._http.send(data)
        answer = self._http.getresponse()
        got = Answer(answer.status, answer.headers, answer.read())
        if got.status != expect:
            raise Unexpected(f"{method} {path}: {got.status}, not {expect}: {got.body[:200]!r}")
        return got

    def receive(self, path: str, size: int, digest: str | None = None) -> None:
        """GET and drop `size` bytes; hash them where a digest is given. Raises Unexpected."""
        self._begin("GET", path, {})
        answer = self._http.getresponse()
        buffer, received, running = memoryview(bytearray(BUFFER)), 0, hashlib.sha256()
        while count := answer.readinto(buffer):
            received += count
            if digest:
                running.update(buffer[:count])
        if answer.status != 200 or received != size:
            raise Unexpected(f"GET {path}: {answer.status} with {received} of {size} bytes")
        if digest and f"sha256:{running.hexdigest()}" != digest:
            raise Unexpected(f"GET {path}: other bytes than were pushed")

    def _begin(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        self._http.putrequest(method, path, skip_accept_encoding=True)
        for name, value in {**self._headers, **headers}.items():
            self._http.putheader(name, value)
        self._http.endheaders()
