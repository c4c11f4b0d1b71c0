"""A server that does nothing, to learn what our own client is able to.

`python -m bench.dummy PORT`: a request with `X-Bytes` has a body of so many bytes, which are
dropped; GET /BYTES is answered with so many bytes from memory.
"""

from __future__ import annotations

import os
import socketserver
import sys
from http.server import BaseHTTPRequestHandler

from registry_glance.embedded.ports import LOOPBACK

BUFFER = 1 << 20


class Handler(BaseHTTPRequestHandler):
    """Drops what comes and sends what lies in a file without a disk."""

    protocol_version = "HTTP/1.1"
    rbufsize = 0

    def do_PATCH(self) -> None:
        """Drop the body."""
        buffer, left = memoryview(bytearray(BUFFER)), int(self.headers["X-Bytes"])
        while left:
            left -= self.connection.recv_into(buffer[: min(left, BUFFER)])
        self._answer(0)

    def do_GET(self) -> None:
        """Send as many bytes as the path says; / has none."""
        size = int(self.path.strip("/") or 0)
        self._answer(size)
        memory = os.memfd_create("dummy")
        os.truncate(memory, size)
        with os.fdopen(memory, "rb") as file:
            self.connection.sendfile(file)

    def _answer(self, size: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(socketserver.ThreadingTCPServer):
    """A thread for each connection."""

    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    Server((LOOPBACK, int(sys.argv[1])), Handler).serve_forever()
