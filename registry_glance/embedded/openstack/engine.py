"""Whether there is a Docker Engine."""

import http.client
import socket

from ..errors import CannotStart

_UNIX = "unix://"
_TIMEOUT = 10  # seconds


def require_engine(url: str) -> None:
    """Raise CannotStart unless a Docker Engine answers at `url`, such as unix:///run/docker.sock."""
    if not url.startswith(f"{_UNIX}/"):
        raise CannotStart(f"{url} is no unix socket; --docker-socket wants {_UNIX}/PATH")
    connection = _Connection(url.removeprefix(_UNIX))
    try:
        connection.request("GET", "/_ping")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or error
        raise CannotStart(f"no Docker Engine at {url}: {reason}") from error
    finally:
        connection.close()
    if status != http.client.OK:
        raise CannotStart(f"the Docker Engine at {url} answers {status}")


class _Connection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
