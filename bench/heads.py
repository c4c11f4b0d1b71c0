"""HEAD requests as fast as they are answered: wrk waits for a body that never comes."""

from __future__ import annotations

import selectors
import socket
import time
from urllib.parse import urlsplit

from bench.connection import Unexpected
from bench.sides.side import Request

END = b"\r\n\r\n"
GOOD = b"HTTP/1.1 200"


def heads_per_second(request: Request, connections: int, duration: float) -> float:
    """Good answers a second, over so many seconds. Raises Unexpected."""
    parts = urlsplit(request.url)
    headers = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    text = f"{request.method} {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{headers}\r\n"
    address = (str(parts.hostname), int(parts.port or 80))
    selector = selectors.EpollSelector()
    sockets = [socket.create_connection(address) for _ in range(connections)]
    for connection in sockets:
        selector.register(connection, selectors.EVENT_READ)
    try:
        return _ask(selector, sockets, text.encode(), duration)
    finally:
        for connection in sockets:
            connection.close()


def _ask(
    selector: selectors.BaseSelector, sockets: list[socket.socket], request: bytes, duration: float
) -> float:
    started, answers = time.perf_counter(), 0
    for each in sockets:
        each.sendall(request)
    while (taken := time.perf_counter() - started) < duration:
        for key, _ in selector.select(duration):
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            answer = connection.recv(65536)
            if not (answer.startswith(GOOD) and answer.endswith(END)):
                raise Unexpected(f"HEAD: {answer[:200]!r}")
            answers += 1
            connection.sendall(request)
    return answers / taken
