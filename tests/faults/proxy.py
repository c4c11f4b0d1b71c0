"""A proxy before Glance or Keystone: it counts what passes, and fails when it is told to."""

from __future__ import annotations

import re
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BufferedIOBase
from urllib.parse import urlsplit

from tests.faults.fault import Fault, Kind
from tests.faults.message import Head, read_body, read_head

#: Closing with this option set sends a reset.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
ANSWER = "HTTP/1.1 {} Fault\r\nContent-Length: 5\r\nConnection: close\r\n\r\nfault"


class Cut(Exception):
    """Both connections are to be closed."""


@dataclass
class Exchange:
    """A request and its answer. Times in seconds; `ended` is 0 while it lasts.

    `sent` are the bytes of the request's body that have gone on.
    """

    method: str
    path: str
    status: int = 0
    sent: int = 0
    began: float = field(default_factory=time.monotonic)
    ended: float = 0


class Proxy:
    """Listens on loopback; everything goes on to `upstream` (http://HOST:PORT)."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self.upstream = (str(parts.hostname), int(parts.port or 80))
        self.exchanges: list[Exchange] = []
        #: The tokens that came along.
        self.tokens: set[str] = set()
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def fail(self, fault: Fault) -> Fault:
        """From now on; the latest fault that fits counts."""
        with self._lock:
            self._faults.insert(0, fault)
        return fault

    def heal(self) -> None:
        """No more faults; what was held goes on."""
        with self._lock:
            faults, self._faults = self._faults, []
        for fault in faults:
            fault.released.set()

    def forget(self) -> None:
        """Begin to count anew."""
        with self._lock:
            self.exchanges = []

    def seen(self, method: str, path: str) -> list[Exchange]:
        """The requests so far whose path matches."""
        return [
            one
            for one in list(self.exchanges)
            if one.method == method and re.search(path, one.path)
        ]

    def at_once(self, method: str, path: str) -> int:
        """The most of such requests that were under way at one moment."""
        steps = [
            step
            for one in self.seen(method, path)
            for step in ((one.began, 1), (one.ended or time.monotonic(), -1))
        ]
        count = most = 0
        for _, change in sorted(steps):
            count += change
            most = max(most, count)
        return most

    def under_way(self, method: str, path: str) -> int:
        """Such requests right now."""
        return sum(not one.ended for one in self.seen(method, path))

    def close(self) -> None:
        """Listen no longer."""
        self.heal()
        self._server.shutdown()
        self._server.server_close()

    def begin(self, head: Head) -> tuple[Exchange, Fault | None]:
        """Note a request, and find what is to happen to it."""
        exchange = Exchange(head.first[0], head.first[1])
        with self._lock:
            self.exchanges.append(exchange)
            self.tokens.add(head.headers.get("x-auth-token", ""))
            faults = (one for one in self._faults if one.fits(exchange.method, exchange.path))
            return exchange, next(faults, None)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__(address, _Connection)


class _Connection(socketserver.StreamRequestHandler):
    """One connection of the registry's; each of its requests gets a new one to Glance."""

    server: _Server
    disable_nagle_algorithm = True

    def handle(self) -> None:
        try:
            while (head := read_head(self.rfile)) is not None:
                exchange, fault = self.server.proxy.begin(head)
                try:
                    self._pass(head, exchange, fault)
                finally:
                    exchange.ended = exchange.ended or time.monotonic()
        except (OSError, Cut):
            return

    def _pass(self, head: Head, exchange: Exchange, fault: Fault | None) -> None:
        if fault and fault.kind in (Kind.ANSWER, Kind.HANG):
            self._answer_itself(head, fault)
        try:
            upstream = socket.create_connection(self.server.proxy.upstream)
        except OSError:
            self._reset(self.request)
            raise
        with upstream, upstream.makefile("rb") as stream:
            self._send(upstream, head, exchange, fault)
            self._receive(upstream, stream, exchange, fault)

    def _answer_itself(self, head: Head, fault: Fault) -> None:
        body = read_body(self.rfile, head)
        for _ in _about(body, fault.at):
            pass
        fault.reached.set()
        if fault.kind is Kind.HANG:
            fault.released.wait()
            raise Cut
        self.wfile.write(ANSWER.format(fault.status).encode())
        raise Cut

    def _send(
        self, upstream: socket.socket, head: Head, exchange: Exchange, fault: Fault | None
    ) -> None:
        upstream.sendall(head.raw)
        body = _counted(read_body(self.rfile, head), exchange)
        if fault:
            body = _flipped(body, fault.spoil)
        if fault and fault.kind in (Kind.RESET, Kind.HOLD):
            for data in _about(body, fault.at):
                upstream.sendall(data)
            fault.reached.set()
            if fault.kind is Kind.RESET:
                self._reset(self.request, upstream)
            fault.released.wait()
        try:
            for data in body:
                upstream.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return  # It has answered before it read everything.

    def _receive(
        self,
        upstream: socket.socket,
        stream: BufferedIOBase,
        exchange: Exchange,
        fault: Fault | None,
    ) -> None:
        head = read_head(stream)
        if head is None:
            self._reset(self.request)
        assert head is not None
        exchange.status = head.status
        if exchange.method == "PUT":
            # Glance is done with it, and the registry may begin another before we look again.
            exchange.ended = time.monotonic()
        # An answer to HEAD says how long it would be.
        body = read_body(stream, head, of_answer=True) if exchange.method != "HEAD" else iter(())
        if fault:
            fault.reached.set()
        if fault and fault.kind is Kind.LOSE:
            self._reset(self.request, upstream)
        if fault and fault.kind is Kind.DELAY:
            fault.released.wait()
        if fault:
            body = _flipped(body, fault.flip)
        self.wfile.write(head.raw)
        if fault and fault.kind is Kind.STALL:
            for data in _about(body, fault.at):
                self.wfile.write(data)
            fault.released.wait()
        for data in _until(body, fault.at) if fault and fault.kind is Kind.CUT else body:
            self.wfile.write(data)
        if fault and fault.kind is Kind.CUT:
            self._reset(self.request, upstream)

    @staticmethod
    def _reset(*connections: socket.socket) -> None:
        for connection in connections:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        raise Cut


def _about(body: Iterable[bytes], stop: int) -> Iterator[bytes]:
    """The first `stop` bytes, and the rest of the piece they end in."""
    for data in body if stop > 0 else ():
        yield data
        stop -= len(data)
        if stop <= 0:
            return


def _until(body: Iterable[bytes], stop: int) -> Iterator[bytes]:
    """Exactly the first `stop` bytes; the rest of the piece they end in is dropped."""
    if stop <= 0:
        return
    for data in body:
        yield data[:stop]
        stop -= len(data)
        if stop <= 0:
            return


def _counted(body: Iterable[bytes], exchange: Exchange) -> Iterator[bytes]:
    """The body; each piece counts when the next one is asked for."""
    for data in body:
        yield data
        exchange.sent += len(data)


def _flipped(body: Iterable[bytes], at: int) -> Iterator[bytes]:
    for data in body:
        if 0 <= at < len(data):
            data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        at -= len(data)
        yield data
