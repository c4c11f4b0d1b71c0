"""Where the registry is, and whether a user's token is safe on its way to it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from typing import Any

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def authority(host: str, port: int) -> str:
    """HOST:PORT, or [HOST]:PORT for an IPv6 address (RFC 3986, 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_exposed(info: Mapping[str, Any], host: str, port: int) -> bool:
    """Whether the Engine would speak to a registry beyond this machine without verified TLS.

    `info`: GET /info (Engine API, SystemInfo, "RegistryConfig").
    """
    config = info.get("RegistryConfig") or {}
    addresses = _addresses(host)
    if addresses and all(address.is_loopback for address in addresses):
        return False
    named = (config.get("IndexConfigs") or {}).get(authority(host, port))
    if named is not None:
        return not named["Secure"]
    insecure = [ipaddress.ip_network(cidr) for cidr in config.get("InsecureRegistryCIDRs") or ()]
    return any(address in network for address in addresses for network in insecure)


def _addresses(host: str) -> list[Address]:
    """All addresses of a host, none if its name is not known."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [ipaddress.ip_address(str(address[0]).partition("%")[0]) for *_, address in found]
