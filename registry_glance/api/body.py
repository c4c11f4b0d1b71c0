"""A request's body as a stream of known end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Protocol

from registry_glance.errors import SizeInvalid, TooLarge

#: What is read and thrown away, so that a client that sends before it listens hears an early
#: answer: bytes and seconds. Beyond that the server closes the connection.
DRAIN_SIZE = 32 << 20
DRAIN_SECONDS = 5.0
FRAME = 1 << 16


class Stream(Protocol):
    """`wsgi.input`."""

    def read(self, size: int, /) -> bytes: ...


class RequestBody:
    """The bytes that a client sends: `contract.Body`.

    `length` is the Content-Length; None for a body of unknown length (chunked).
    """

    def __init__(self, stream: Stream, length: int | None) -> None:
        self.length = length
        self.received = 0
        self._limit: int | None = None
        self._stream = stream
        self._ended = length == 0

    @classmethod
    def of(cls, environ: Mapping[str, Any]) -> RequestBody:
        """The body of a WSGI request; an empty one if there is neither length nor chunks.

        Raises SizeInvalid for a Content-Length that is none.
        """
        text = environ.get("CONTENT_LENGTH") or ""
        if environ.get("wsgi.input_terminated") and environ.get("HTTP_TRANSFER_ENCODING"):
            return cls(environ["wsgi.input"], None)
        if text and not (text.isascii() and text.isdecimal() and len(text) < 20):
            raise SizeInvalid("invalid Content-Length")
        return cls(environ["wsgi.input"], int(text or 0))

    @property
    def is_empty(self) -> bool:
        """Whether nothing comes. A chunked body may turn out to hold nothing, too."""
        return self.length == 0

    def bound(self, limit: int) -> None:
        """Accept no more than `limit` bytes.

        Raises TooLarge if more are announced; of what is not announced, `read` does.
        """
        self._limit = limit
        if self.length is not None:
            self._check(self.length)

    def read(self, size: int) -> bytes:
        """At most `size` bytes, b"" at the end.

        Raises SizeInvalid if the client breaks off, stalls, or sends broken chunks, and TooLarge
        for more than it may send.
        """
        data = self._read(size)
        self._check(self.received)
        return data

    def drain(self, limit: int = DRAIN_SIZE, seconds: float = DRAIN_SECONDS) -> None:
        """Throw away what still comes, if it is not too much. Raises nothing."""
        if self.length is not None and self.length - self.received > limit:
            return
        deadline = time.monotonic() + seconds
        try:
            while limit > 0 and time.monotonic() < deadline and (data := self._read(FRAME)):
                limit -= len(data)
        except SizeInvalid:
            self._ended = True

    def _check(self, size: int) -> None:
        if self._limit is not None and size > self._limit:
            raise TooLarge(f"a request's body must not be longer than {self._limit} bytes")

    def _read(self, size: int) -> bytes:
        wanted = size if self.length is None else min(size, self.length - self.received)
        if self._ended or wanted <= 0:
            return b""
        data = self._receive(wanted)
        self.received += len(data)
        if not data:
            self._end()
        return data

    def _receive(self, wanted: int) -> bytes:
        try:
            return self._stream.read(wanted)
        except Exception as error:
            # The server raises its own kinds of errors for broken chunks, and OSError when the
            # client is gone or sends nothing for too long.
            self._ended = True
            raise SizeInvalid("the body breaks off") from error

    def _end(self) -> None:
        self._ended = True
        if self.length is not None and self.received < self.length:
            raise SizeInvalid(detail={"expected": self.length, "received": self.received})
