"""The plainest of clients: sends what it is told, and shows what came."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

Body = bytes | Iterable[bytes] | None


@dataclass(frozen=True)
class Answer:
    """What a registry answered; headers by their lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """The first error's code."""
        errors = self.json["errors"] if self.status >= 400 and self.body else [{"code": None}]
        return str(errors[0]["code"])

    def __getitem__(self, header: str) -> str:
        return self.headers[header.lower()]


class Client:
    """One request, one connection; by TLS if it is told whom to trust."""

    def __init__(self, address: str, trust: ssl.SSLContext | None = None) -> None:
        self.address = address
        self.trust = trust

    def __call__(self, method: str, path: str, body: Body = None, **headers: str) -> Answer:
        """Send; an iterable goes as chunks. `Content_Type="x"` is the header Content-Type."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(self._connection()) as connection:
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            received = {name.lower(): answer.headers.get_all(name, []) for name in answer.headers}
            headers = {name: ", ".join(values) for name, values in received.items()}
            return Answer(answer.status, headers, answer.read())

    def connect(self) -> socket.socket:
        """A connection for those who know HTTP by heart, good or bad."""
        plain = self.connect_plainly()
        if self.trust is None:
            return plain
        return self.trust.wrap_socket(plain, server_hostname=self.address.rpartition(":")[0])

    def connect_plainly(self) -> socket.socket:
        """A connection without TLS, even where the server expects it."""
        host, _, port = self.address.rpartition(":")
        return socket.create_connection((host, int(port)), timeout=30)

    def _connection(self) -> http.client.HTTPConnection:
        if self.trust is None:
            return http.client.HTTPConnection(self.address, timeout=30)
        return http.client.HTTPSConnection(self.address, timeout=30, context=self.trust)


def status(connection: socket.socket) -> int:
    """The status of the next answer, whose body is read and dropped."""
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(1)
        assert received, data
        data += received
    length = re.search(rb"(?i)content-length: (\d+)", data)
    left = int(length.group(1)) if length else 0
    while left > 0:
        left -= len(connection.recv(left))
    return int(data.split()[1])
