"""Which addresses a client may speak to, and to which it may show credentials."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from registry_glance.client.errors import Unreachable
from registry_glance.client.reference import HUB

PORTS = {"http": 80, "https": 443}
HUB_ADDRESS = "registry-1.docker.io"


@dataclass(frozen=True, slots=True)
class Trust:
    """How one registry is reached: TLS, but for loopback, or where `plain` says otherwise.

    `cacert` is a PEM file of authorities to trust in place of the system's.
    """

    registry: str
    plain: bool = False
    cacert: str | None = None

    @property
    def url(self) -> str:
        """Where the registry's API begins. Nothing is tried: TLS that fails stays a failure."""
        host = HUB_ADDRESS if self.registry == HUB else self.registry
        loopback = is_loopback(urlsplit(f"//{host}").hostname)
        insecure = self.plain or (loopback and self.cacert is None)
        return f"{'http' if insecure else 'https'}://{host}"

    def check(self, url: str) -> None:
        """Raise Unreachable for addresses that are spoken to by nobody's leave.

        A registry says where uploads and blobs are; it must not talk us out of TLS.
        """
        parts = _split(url)
        same = origin(url) == origin(self.url)
        if parts.scheme == "https" or (parts.scheme == "http" and same):
            return
        if parts.scheme == "http" and is_loopback(parts.hostname) and is_loopback(self._host):
            return
        raise Unreachable(f"{self.registry} leads to an address without TLS")

    def is_own(self, url: str) -> bool:
        """Whether an address is the registry itself, and so may see what it has given out."""
        return origin(url) == origin(self.url)

    def may_see_credentials(self, url: str) -> bool:
        """Whether nobody on the way can read them."""
        parts = _split(url)
        return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))

    @property
    def _host(self) -> str | None:
        return urlsplit(self.url).hostname


def is_near(registry: str) -> bool:
    """Whether a registry (HOST:PORT) is on this machine."""
    return is_loopback(_split(f"//{registry}").hostname)


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port (RFC 6454)."""
    parts = _split(url)
    return parts.scheme, parts.hostname or "", parts.port or PORTS.get(parts.scheme)


def is_loopback(host: str | None) -> bool:
    """Whether what is said to `host` stays on this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise Unreachable("the registry leads to something that is no address") from None
    return parts
