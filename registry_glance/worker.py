"""Gunicorn's threaded worker, with the patience and the manners that it lacks."""

from __future__ import annotations

import errno
import functools
import json
import socket
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any, ParamSpec, TypeVar

from gunicorn.http import errors  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

#: What is no HTTP at all, or more than we read, never gets to the application.
REFUSALS: dict[type[Exception], HTTPStatus] = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
}

P = ParamSpec("P")
R = TypeVar("R")


def worker(idle: float) -> type[ThreadWorker]:
    """Gunicorn's threaded worker, on sockets that give a silent client up after `idle` seconds.

    Gunicorn itself waits for ever, and would so lend its threads to whoever stalls.
    """

    class Worker(ThreadWorker):  # type: ignore[misc]
        def enqueue_req(self, conn: TConn) -> None:
            if not isinstance(conn.sock, PatientSocket):
                conn.sock = PatientSocket(idle, fileno=conn.sock.detach())
            super().enqueue_req(conn)

        def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
            if isinstance(exc, errors.ParseException):
                self.log.info("refused what %s sent: %s", addr and addr[0], exc)
                with suppress(OSError):
                    client.sendall(refusal(exc))
            else:
                super().handle_error(req, client, addr, exc)

    return Worker


def refusal(error: Exception) -> bytes:
    """The answer to bytes that are no request, in the form of all our errors."""
    status = REFUSALS.get(type(error), HTTPStatus.BAD_REQUEST)
    entry = {"code": "UNSUPPORTED", "message": status.phrase}
    body = json.dumps({"errors": [entry]}).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nDocker-Distribution-Api-Version: registry/2.0\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body


def _as_reset(method: Callable[P, R]) -> Callable[P, R]:
    """To gunicorn a client that stalls is one that has gone: nothing to be logged at length."""

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the client stalls") from error

    return call


class PatientSocket(socket.socket):
    """A socket on which "blocking" means: for at most `idle` seconds without a byte."""

    def __init__(self, idle: float, *, fileno: int) -> None:
        super().__init__(fileno=fileno)
        self._idle = idle

    def setblocking(self, flag: bool) -> None:
        self.settimeout(self._idle if flag else 0.0)

    @_as_reset
    def recv(self, *args: Any) -> bytes:
        return super().recv(*args)

    @_as_reset
    def sendall(self, *args: Any) -> None:
        super().sendall(*args)

    @_as_reset
    def sendfile(self, *args: Any, **kwargs: Any) -> int:
        return super().sendfile(*args, **kwargs)
