"""Gunicorn's threaded worker, with the patience and the manners that it lacks.

A thread is lent to nobody who only promises a request: handshakes and heads are collected beside
the threads, and so are last words. A client that then proves slow keeps his thread, but another
one takes its place among the `threads` that may work at a time.
"""

from __future__ import annotations

import json
import ssl
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ
from typing import Any

from gunicorn.http import errors, get_parser  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from registry_glance.config import Config
from registry_glance.patience import HeadTooLong, NoRequest, PatientSocket, PatientTlsSocket
from registry_glance.tls import server_context

#: Seconds in which a client may take our last words, and between two looks at who is overdue.
LINGER, ROUND = 2.0, 0.5
LAST_WORDS = 1 << 16
#: What is no HTTP at all, or more than we read, never gets to the application.
REFUSALS: dict[type[Exception], HTTPStatus] = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
}


def worker(config: Config) -> type[ThreadWorker]:
    """The worker's class for gunicorn, which builds it itself."""
    return type("Worker", (PatientWorker,), {"config": config})


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """Gunicorn's threaded worker, for clients that stall, trickle and never come to an end.

    All but `handle` and what it calls runs in the main thread.
    """

    config: Config

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tls: ssl.SSLContext | None = None
        #: Connections outside the threads -> when they are given up.
        self._heads: dict[TConn, float] = {}
        self._lingering: dict[TConn, float] = {}
        self._next_round = 0.0
        #: Those whose request is there; those that occupy one of the `threads`.
        self._ready: deque[TConn] = deque()
        self._working: set[TConn] = set()

    def init_process(self) -> None:
        # After the fork: so a signal to reload reads a renewed certificate.
        self._tls = server_context(self.config.tls)
        if self._tls is not None:
            self._tls.sslsocket_class = PatientTlsSocket
        super().init_process()

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Threads for all connections; `_start` sees to it how many of them work."""
        return ThreadPoolExecutor(max_workers=self.worker_connections)

    def enqueue_req(self, conn: TConn) -> None:
        """A connection is new, or something has come on it."""
        try:
            if not isinstance(conn.sock, PatientSocket):
                self._open(conn)
            conn.sock.await_head()
        except OSError:
            self._drop(conn)
            return
        self._heads[conn] = time.monotonic() + self.config.limits.head
        self._gather(conn)

    def handle_request(self, req: Any, conn: TConn) -> bool:
        conn.sock.serve()
        return bool(super().handle_request(req, conn))

    def finish_request(self, conn: TConn, fs: Future[bool]) -> None:
        self._working.discard(conn)
        if fs.cancelled() or fs.exception() or not fs.result():
            self._linger(conn)
        else:
            conn.sock.unread(conn.parser.unreader.take_buffered())
            if conn.sock.has_begun:
                self.enqueue_req(conn)
            else:
                super().finish_request(conn, fs)
        self._start()

    def murder_pending(self) -> None:
        """Give up those that are overdue. Called at least once a second."""
        now = time.monotonic()
        if now < self._next_round:
            return
        self._next_round = now + ROUND
        for conn in [conn for conn, deadline in self._heads.items() if deadline <= now]:
            self._give_up(conn)
        for conn in [conn for conn, deadline in self._lingering.items() if deadline <= now]:
            self._drop(conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        if isinstance(exc, errors.ParseException):
            self.log.info("refused what %s sent: %s", addr and addr[0], exc)
            with suppress(OSError):
                client.sendall(refusal(REFUSALS.get(type(exc), HTTPStatus.BAD_REQUEST)))
        else:
            super().handle_error(req, client, addr, exc)

    def _cap_keepalive(self, deadline: float) -> None:
        """The end is near: who has not asked yet is not waited for."""
        super()._cap_keepalive(deadline)
        self._heads = {conn: min(before, deadline) for conn, before in self._heads.items()}

    def _open(self, conn: TConn) -> None:
        """Give a new connection its socket and its parser. Raises OSError if its client is gone."""
        conn.sock = PatientSocket(fileno=conn.sock.detach())
        if self._tls is not None:
            conn.sock = self._tls.wrap_socket(
                conn.sock, server_side=True, do_handshake_on_connect=False
            )
        on_slow = partial(self.method_queue.defer, self._make_room, conn)
        conn.sock.be_patient(self.config.limits, on_slow)
        conn.sock.setblocking(False)
        conn.parser = get_parser(self.cfg, conn.sock, conn.client)
        conn.initialized = True

    def _gather(self, conn: TConn) -> None:
        """Take what there is of a head; go on when there is more, or hand it to a thread."""
        conn.sock.setblocking(False)
        try:
            event = conn.sock.gather()
        except HeadTooLong:
            self._refuse(conn, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        except NoRequest:
            self._refuse(conn, HTTPStatus.BAD_REQUEST)
        except OSError:
            self._drop(conn)
        else:
            if event:
                self.poller.register(conn.sock, event, partial(self._go_on, conn))
            else:
                del self._heads[conn]
                self._ready.append(conn)
                self._start()

    def _go_on(self, conn: TConn, sock: PatientSocket) -> None:
        self.poller.unregister(sock)
        self._gather(conn)

    def _start(self) -> None:
        """Hand requests to threads, while not too many of these work."""
        while self._ready and len(self._working) < self.cfg.threads:
            conn = self._ready.popleft()
            self._working.add(conn)
            super().enqueue_req(conn)

    def _make_room(self, conn: TConn) -> None:
        """A client is slow: his thread only waits, so another one may work."""
        self._working.discard(conn)
        self._start()

    def _give_up(self, conn: TConn) -> None:
        """A head has not come in time."""
        if conn.sock.has_begun:
            self.poller.unregister(conn.sock)
            self._refuse(conn, HTTPStatus.REQUEST_TIMEOUT)
        else:
            self._drop(conn)

    def _refuse(self, conn: TConn, status: HTTPStatus) -> None:
        with suppress(OSError):
            conn.sock.send(refusal(status))
        self._linger(conn)

    def _linger(self, conn: TConn) -> None:
        """Close a connection when its client has heard us out (RFC 9112, 9.6)."""
        self._heads.pop(conn, None)
        try:
            conn.sock.setblocking(False)
            conn.sock.finish()
            self.poller.register(conn.sock, EVENT_READ, partial(self._hear_out, conn))
        except (OSError, ValueError):
            self._drop(conn)
        else:
            self._lingering[conn] = time.monotonic() + LINGER

    def _hear_out(self, conn: TConn, sock: PatientSocket) -> None:
        """Drop what a client still sends, and him when he has ended."""
        try:
            over = not sock.recv(LAST_WORDS)
        except BlockingIOError:
            over = False
        except OSError:
            over = True
        if over:
            self._drop(conn)

    def _drop(self, conn: TConn) -> None:
        """Close a connection, whatever it was waiting for."""
        with suppress(KeyError, ValueError):
            self.poller.unregister(conn.sock)
        self._heads.pop(conn, None)
        self._lingering.pop(conn, None)
        self.nr_conns -= 1
        conn.close()


def refusal(status: HTTPStatus) -> bytes:
    """The answer to bytes that are no request, in the form of all our errors."""
    entry = {"code": "UNSUPPORTED", "message": status.phrase}
    body = json.dumps({"errors": [entry]}).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nDocker-Distribution-Api-Version: registry/2.0\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body
