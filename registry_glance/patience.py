"""Sockets on which waiting for a client has an end.

For the system they never block. When there is nothing to be read, or no room to be written to,
the caller waits here, and only that time counts against the client: what we spend ourselves, with
Glance or a full disk, does not.
"""

from __future__ import annotations

import errno
import math
import os
import re
import select
import selectors
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ParamSpec, Self, TypeVar

from registry_glance.config import Limits

#: Bytes of a request's head, of one piece of it, and of what goes to TLS at a time (one record).
HEAD, PIECE, RECORD = 1 << 16, 1 << 14, 1 << 14
END = b"\r\n\r\n"
#: How a request begins (RFC 9110, 5.6.2), if not with the first half of an empty line.
BEGINNING = re.compile(rb"[\r!#$%&'*+.^_`|~0-9A-Za-z-]")
#: Who keeps us waiting for so many seconds in all, at fewer bytes a second, is slow.
SLOW_AFTER, SLOW = 0.1, 1 << 16

P = ParamSpec("P")
R = TypeVar("R")


class HeadTooLong(Exception):
    """A request's head that is longer than any we read."""


class NoRequest(Exception):
    """What no request begins with, such as TLS's first message where TLS is not spoken."""


class PatientSocket(socket.socket):
    """A client's connection.

    Two phases take turns. While a head is awaited, `gather` collects it without ever waiting, and
    the parser then sees that head and no more. After `serve`, reading and writing wait: for
    `limits.idle` seconds at most without a byte, and beyond `limits.idle` seconds in all only for
    clients that keep up `limits.rate`. Then ConnectionResetError is raised: to gunicorn a client
    that stalls is one that has gone, nothing to be logged at length.
    """

    _ahead: bytearray
    _limits = Limits()
    _timeout: float | None = None
    _awaits_head = False
    _searched = 0
    _moved = 0
    _waited = 0.0
    _is_slow = False

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        # The ssl module makes its sockets without our __init__.
        self = super().__new__(cls, *args, **kwargs)
        self._ahead = bytearray()
        return self

    def be_patient(self, limits: Limits, on_slow: Callable[[], None]) -> None:
        """To be called once. `on_slow` is, at most once a request, when its client proves slow."""
        self._limits = limits
        self._on_slow = on_slow
        super().settimeout(0.0)

    def settimeout(self, value: float | None) -> None:
        """Wait for so many seconds at most, if that is less than our patience."""
        self._timeout = value

    def setblocking(self, flag: bool) -> None:
        self._timeout = None if flag else 0.0

    def gettimeout(self) -> float | None:
        return self._timeout

    def await_head(self) -> None:
        """A new request is to come."""
        self._awaits_head = True
        self._searched = 0

    def unread(self, data: bytes) -> None:
        """Take back what was read too much."""
        self._ahead[:0] = data

    @property
    def has_begun(self) -> bool:
        """Whether something has come that nobody has read yet."""
        return bool(self._ahead)

    def gather(self) -> int:
        """Take what has come of a head. 0 when it is whole, else the selector's event to wait for.

        Raises HeadTooLong, NoRequest, and OSError if the client is gone or fails at TLS.
        """
        try:
            while not self._is_whole():
                self._ahead += self._receive()
        except (BlockingIOError, ssl.SSLWantReadError):
            return selectors.EVENT_READ
        except ssl.SSLWantWriteError:
            return selectors.EVENT_WRITE
        return 0

    def serve(self) -> None:
        """The head has been read: from now on there is waiting, for the body and the answer."""
        self._awaits_head = self._is_slow = False
        self._moved, self._waited = 0, 0.0

    def finish(self) -> None:
        """Tell the client that no more comes. Raises OSError if he is gone."""
        self.shutdown(socket.SHUT_WR)

    def recv(self, size: int = PIECE, flags: int = 0) -> bytes:
        if self._ahead:
            data = bytes(self._ahead[:size])
            del self._ahead[:size]
            return data
        if self._awaits_head:
            return b""
        data = self._patiently(select.POLLIN, super().recv, size)
        self._moved += len(data)
        return data

    def send(self, data: Any, flags: int = 0) -> int:
        sent = self._patiently(select.POLLOUT, super().send, data)
        self._moved += sent
        return sent

    def sendall(self, data: Any, flags: int = 0) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self.send(rest) :]

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """As in the standard library, `count` bytes; `file.seek` is told how far it came."""
        position, stop = offset, offset + (count or 0)
        target, source = self.fileno(), file.fileno()
        try:
            while position < stop:
                sent = self._patiently(
                    select.POLLOUT, os.sendfile, target, source, position, stop - position
                )
                if not sent:
                    break
                self._moved += sent
                position += sent
        finally:
            file.seek(position)
        return position - offset

    def _is_whole(self) -> bool:
        """Whether the head is there. Empty lines before it are none (RFC 9112, 2.2)."""
        while self._ahead[:2] == b"\r\n":
            del self._ahead[:2]
        if self._ahead and not BEGINNING.match(self._ahead):
            # At once: clients that try TLS first wait for this, and then do without.
            raise NoRequest
        if self._ahead.find(END, self._searched) >= 0:
            return True
        self._searched = max(0, len(self._ahead) - len(END) + 1)
        if len(self._ahead) > HEAD:
            raise HeadTooLong
        return False

    def _receive(self) -> bytes:
        data = super().recv(PIECE)
        if not data:
            raise ConnectionResetError(errno.ECONNRESET, "the client is gone")
        return data

    def _patiently(
        self, event: int, act: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """What `act` returns, as soon as it need not wait."""
        while True:
            try:
                return act(*args, **kwargs)
            except BlockingIOError:
                self._wait(event)
            except ssl.SSLWantReadError:
                self._wait(select.POLLIN)
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT)
            except ssl.SSLError as error:
                raise ConnectionResetError(errno.ECONNRESET, "TLS fails") from error

    def _wait(self, event: int) -> None:
        """Return when the client has done something. Raises OSError if that takes too long."""
        if self._timeout == 0.0:
            raise BlockingIOError(errno.EAGAIN, "nothing yet")
        patience = self._patience()
        unnoticed = min(patience, self._until_slow())
        poll = select.poll()
        poll.register(self, event)
        begun = time.monotonic()
        came = poll.poll(unnoticed * 1000)
        if not came and patience > unnoticed:
            self._is_slow = True
            self._on_slow()
            came = poll.poll((patience - unnoticed) * 1000)
        self._waited += time.monotonic() - begun
        if not came:
            raise ConnectionResetError(errno.ECONNRESET, "the client stalls")

    def _patience(self) -> float:
        """Seconds that this wait may last."""
        idle, rate = self._limits.idle, self._limits.rate
        total = max(idle, self._moved / rate) if rate else math.inf
        wait = idle if self._timeout is None else min(idle, self._timeout)
        return max(0.0, min(wait, total - self._waited))

    def _until_slow(self) -> float:
        """Seconds after which the client proves slow, if he did not before."""
        if self._is_slow:
            return math.inf
        return max(0.0, max(SLOW_AFTER, self._moved / SLOW) - self._waited)


class PatientTlsSocket(PatientSocket, ssl.SSLSocket):
    """The same, encrypted; its handshake is a part of the first head.

    To be made by an SSLContext whose `sslsocket_class` it is.
    """

    @property
    def has_begun(self) -> bool:
        return super().has_begun or self.pending() > 0

    def finish(self) -> None:
        with suppress(OSError, ValueError):
            self.unwrap()
        super().finish()

    def send(self, data: Any, flags: int = 0) -> int:
        return super().send(memoryview(data)[:RECORD])

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """By reading and writing: the kernel does not encrypt what it takes from a file."""
        return ssl.SSLSocket.sendfile(self, file, offset, count)
