"""TCP ports on this machine: which are free, and which a state folder has used before."""

import errno
import json
import socket
from pathlib import Path

from .errors import CannotStart

LOOPBACK = "127.0.0.1"


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Say whether a server could listen on `host`:`port` now.

    Raises CannotStart when the host is not an address of this machine, or the port is a
    privileged one.
    """
    family, kind, protocol, _, address = _resolve(host, port)
    with socket.socket(family, kind, protocol) as probe:
        # As servers do: a connection lingering in TIME_WAIT does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise CannotStart(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return True


def pick_free(host: str = LOOPBACK) -> int:
    """Return a port the kernel says is free."""
    family, kind, protocol, _, address = _resolve(host, 0)
    with socket.socket(family, kind, protocol) as probe:
        probe.bind(address)
        return int(probe.getsockname()[1])


def require_free(port: int, name: str, host: str = LOOPBACK) -> int:
    """Return `port`, or a free one for 0; raise CannotStart when somebody else has it."""
    if port == 0:
        return pick_free(host)
    if not is_free(port, host):
        raise CannotStart(f"port {port} for {name} is in use on {host}; choose another one")
    return port


class RememberedPorts:
    """Ports kept in a JSON file, so that addresses stay the same from run to run."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def assign(self, name: str, wanted: int | None, default: int) -> int:
        """Choose and remember a loopback port for `name`.

        An explicit `wanted` port must be free (0: any); otherwise the remembered port or
        the default is taken if it is free, else any free one. Raises CannotStart.
        """
        known = self._read()
        if wanted is None:
            likely = known.get(name, default)
            port = likely if is_free(likely) else pick_free()
        else:
            port = require_free(wanted, name)
        if known.get(name) != port:
            self._path.write_text(json.dumps({**known, name: port}))
        return port

    def _read(self) -> dict[str, int]:
        if not self._path.exists():
            return {}
        ports: dict[str, int] = json.loads(self._path.read_text())
        return ports


type_of_address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]


def _resolve(host: str, port: int) -> type_of_address:
    try:
        first = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise CannotStart(f"{host} is not an address of this machine") from error
    return first  # type: ignore[return-value]
