"""A proxy whose server has a wrong clock."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from email.message import Message
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NO_CONTENT = 204


class Skewed(ThreadingHTTPServer):
    """Passes everything on to `upstream`; its answers are dated `skew` seconds later than now.

    Without a skew they have no date at all.
    """

    daemon_threads = True

    def __init__(self, upstream: str, skew: float | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.skew = skew
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Listen no longer."""
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Skewed
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        names = ("Content-Type", "X-Auth-Token")
        sent = {name: self.headers[name] for name in names if name in self.headers}
        url = f"{self.server.upstream}{self.path}"
        request = urllib.request.Request(url, body or None, sent, method=self.command)
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self._answer(answer.status, answer.headers, answer.read())

    do_DELETE = do_PATCH = do_POST = do_PUT = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _answer(self, status: int, headers: Message, content: bytes) -> None:
        self.send_response_only(status)
        if self.server.skew is not None:
            self.send_header("Date", formatdate(time.time() + self.server.skew, usegmt=True))
        for name in ("Content-Type", "X-Subject-Token"):
            if name in headers:
                self.send_header(name, headers[name])
        if status != NO_CONTENT:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
