"""Blobs' bytes as answers: files by the kernel's sendfile, streams piece by piece."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from flask import Response
from werkzeug.wsgi import wrap_file

from registry_glance.errors import RegistryError
from registry_glance.store.contract import FileSlice

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

logger = logging.getLogger("registry_glance.answers")

FRAME = 1 << 18


class Sent(Response):
    """An answer that knows how many bytes of its body have been taken for sending."""

    @property
    def sent(self) -> int:
        """Bytes so far; final once the answer is closed."""
        raise NotImplementedError


class Window:
    """A part of an open file, as a file: what `wsgi.file_wrapper` is given."""

    def __init__(self, part: FileSlice, answer: FileAnswer) -> None:
        self._file = part.file
        self._answer = answer
        self._start = part.file.tell()
        self._stop = self._start + part.length
        self._position = self._start
        # A buffered file may stand elsewhere for the kernel than for Python.
        os.lseek(part.file.fileno(), self._start, os.SEEK_SET)

    @property
    def sent(self) -> int:
        return self._position - self._start

    def fileno(self) -> int:
        return self._file.fileno()

    def seek(self, position: int) -> None:
        """Called by socket.sendfile with the position after the last byte that was sent."""
        self._position = position

    def read(self, size: int = FRAME) -> bytes:
        """Called where there is no sendfile: TLS in this process, another server, tests."""
        data = os.pread(self.fileno(), min(size, self._stop - self._position), self._position)
        self._position += len(data)
        return data

    def close(self) -> None:
        """Called by the server, which knows of this file and not of the answer."""
        self._file.close()
        self._answer.close()


class FileAnswer(Sent):
    """An answer whose body is a part of a file."""

    def __init__(self, part: FileSlice) -> None:
        super().__init__(direct_passthrough=True)
        self._window = Window(part, self)
        self.content_length = part.length

    @property
    def sent(self) -> int:
        return self._window.sent

    def get_app_iter(self, environ: WSGIEnvironment) -> Iterable[bytes]:
        # The wrapper goes to the server as it is, or it would not see that it can use sendfile.
        return wrap_file(environ, self._window, FRAME)  # type: ignore[arg-type]


class Counted:
    """Pieces, counted. Closing it closes their source even before the first was taken."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.sent = 0
        self._pieces = pieces
        # What can't be read at all is found out while there is still time to say so.
        self._first: bytes | None = next(pieces, b"")

    def __iter__(self) -> Counted:
        return self

    def __next__(self) -> bytes:
        piece = self._first
        self._first = None
        if not piece:
            piece = self._next()
        self.sent += len(piece)
        return piece

    def _next(self) -> bytes:
        """The next piece. What fails now can only be told by cutting the connection.

        To gunicorn that looks as if the client had gone, which is nothing to be logged at length.
        """
        try:
            return next(self._pieces)
        except RegistryError as error:
            logger.error("an answer is cut off: %s", error.message or type(error).__name__)
            raise ConnectionResetError(errno.ECONNRESET, "an answer is cut off") from error

    def close(self) -> None:
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()


class StreamAnswer(Sent):
    """An answer whose body comes piece by piece; `length` bytes in all."""

    def __init__(self, pieces: Iterator[bytes], length: int) -> None:
        counted = Counted(pieces)
        super().__init__(counted, direct_passthrough=True)
        self._counted = counted
        self.content_length = length

    @property
    def sent(self) -> int:
        return self._counted.sent

    def get_app_iter(self, environ: WSGIEnvironment) -> Iterable[bytes]:
        return Closing(self._counted, self)


class Closing:
    """The pieces for the server, which closes the answer at the end."""

    def __init__(self, pieces: Iterator[bytes], answer: Response) -> None:
        self._pieces = pieces
        self.close = answer.close

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces


def answer(part: FileSlice | Iterator[bytes], length: int) -> Sent:
    """An answer with these bytes. Raises what the source raises before its first byte."""
    if isinstance(part, FileSlice):
        return FileAnswer(part)
    return StreamAnswer(iter(part), length)
