"""An HTTP server on a unix socket that answers as it is told: the Engine's faults, on demand."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

GREETING = {"ApiVersion": "1.41", "MinAPIVersion": "1.12"}


@dataclass(frozen=True)
class Asked:
    """A request as it came. `path`: without the version."""

    method: str
    path: str
    version: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


#: What is written for a request, byte by byte; the connection is closed after it.
Answer = Callable[[Asked], bytes]


class FakeEngine(socketserver.ThreadingUnixStreamServer):
    """Answers GET /version by `greeting`, and all else by `answer`; `asked` holds what came."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        self.path = folder / "d.sock"
        self.greeting: object = GREETING
        self.answer: Answer = lambda _: reply(404, {"message": "no such thing"})
        self.asked: list[Asked] = []
        self.released = threading.Event()
        super().__init__(str(self.path), Connection)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def host_url(self) -> str:
        return f"unix://{self.path}"

    def stop(self) -> None:
        """Answer nobody any more, and let go of those who wait."""
        self.released.set()
        self.shutdown()
        self.server_close()
        self.path.unlink(missing_ok=True)


class Connection(socketserver.StreamRequestHandler):
    """One request and its answer."""

    server: FakeEngine

    def handle(self) -> None:
        asked = self._asked()
        if asked.path == "/version":
            self.wfile.write(reply(200, self.server.greeting))
        else:
            self.server.asked.append(asked)
            self.wfile.write(self.server.answer(asked))

    def _asked(self) -> Asked:
        method, url, _ = self.rfile.readline().decode().split()
        headers = {}
        while line := self.rfile.readline().decode().strip():
            name, _, value = line.partition(": ")
            headers[name] = value
        body = self.rfile.read(int(headers.get("Content-Length", 0)))
        parts = urlsplit(url)
        version, path = "", parts.path
        if path.startswith("/v1."):
            version, _, path = path[2:].partition("/")
            path = f"/{path}"
        return Asked(method, path, version, dict(parse_qsl(parts.query)), headers, body)


def reply(status: int, content: object = None) -> bytes:
    """An answer with JSON, or none."""
    body = b"" if content is None else json.dumps(content).encode()
    return b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


def chunked(*chunks: bytes, ends: bool = True) -> bytes:
    """An answer in chunks, which may lack its end."""
    pieces = (b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    end = b"0\r\n\r\n" if ends else b""
    return b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(pieces) + end
