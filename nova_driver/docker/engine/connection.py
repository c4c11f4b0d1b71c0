"""HTTP over a unix socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, IncompleteRead, RemoteDisconnected

from .errors import Garbled, Unavailable


class UnixConnection(HTTPConnection):
    """One connection to a server that listens on a path."""

    def __init__(self, path: str, timeout: float | None) -> None:
        """`timeout`: seconds without a byte; None waits for ever."""
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect, as the base class would over TCP. Raises OSError."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.sock.settimeout(self.timeout)
            self.sock.connect(self._path)
        except OSError:
            self.sock.close()
            raise


@contextmanager
def translated() -> Iterator[None]:
    """What goes wrong on the way, as Unavailable or Garbled."""
    try:
        yield
    except TimeoutError:
        raise Unavailable("the Engine did not answer in time") from None
    except (RemoteDisconnected, IncompleteRead) as error:
        raise Unavailable("the Engine broke off") from error
    except OSError as error:
        raise Unavailable(f"the Engine is out of reach: {error.strerror or error}") from error
    except (HTTPException, ValueError) as error:
        raise Garbled("something else than the Engine answered") from error
