"""Answers that come in pieces: progress, events, logs."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPResponse
from typing import Any

from .connection import translated
from .errors import Garbled, Unavailable

#: bytes of one line of JSON, and of one piece of a log
LONGEST = 1 << 20
#: bytes of one read
SOME = 1 << 16
#: stream of the log, three bytes of nothing, length: Engine API, ContainerAttach, "Stream format"
HEADER = struct.Struct(">BxxxL")
#: stdin, stdout, stderr
STREAMS = (0, 1, 2)


class Stream:
    """The body of an answer, while it comes."""

    def __init__(self, response: HTTPResponse, connection: socket.socket) -> None:
        self._response = response
        self._connection = connection

    def objects(self) -> Iterator[dict[str, Any]]:
        """The JSON objects, one a line. Raises Unavailable if they break off, or Garbled."""
        rest = b""
        # Not by readline, which takes a connection that broke for the end.
        while piece := self._read(self._response.read1, SOME):
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > LONGEST:
                raise Garbled("a line without an end")
            yield from (_object(line) for line in lines if line.strip())
        if rest.strip():
            yield _object(rest)

    def frames(self) -> Iterator[bytes]:
        """The pieces of a multiplexed log, of stdout and stderr as they came."""
        while header := self._read(self._response.read, HEADER.size):
            kind, length = HEADER.unpack(self._whole(header, HEADER.size))
            if kind not in STREAMS or length > LONGEST:
                raise Garbled("no multiplexed log")
            yield self._whole(self._read(self._response.read, length), length)

    def pieces(self) -> Iterator[bytes]:
        """The bytes as they come."""
        while piece := self._read(self._response.read1, SOME):
            yield piece

    def abort(self) -> None:
        """End the stream for whoever reads it now, in another thread."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _read(read: Callable[[int], bytes], size: int) -> bytes:
        with translated():
            return read(size)

    @staticmethod
    def _whole(piece: bytes, size: int) -> bytes:
        if len(piece) < size:
            raise Unavailable("the Engine broke off")
        return piece


def _object(line: bytes) -> dict[str, Any]:
    with translated():
        value = json.loads(line)
    if not isinstance(value, dict):
        raise Garbled("a line that is no JSON object")
    return value
