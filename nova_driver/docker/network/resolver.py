"""Who answers a container's questions for names (resolv.conf(5))."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from .privilege import privileged

KEYWORD = "nameserver"


def nameservers(network_info: Iterable[Any]) -> list[str]:
    """The addresses that the subnets of an instance's ports name, each once."""
    found = (
        server["address"]
        for vif in network_info
        for subnet in vif["network"]["subnets"]
        for server in subnet["dns"]
    )
    return list(dict.fromkeys(found))


def resolving(text: str, servers: list[str]) -> str:
    """The file with these name servers and no others; what else it says stays."""
    kept = [line for line in text.splitlines() if line.split()[:1] != [KEYWORD]]
    lines = [*kept, *(f"{KEYWORD} {server}" for server in servers)]
    return "".join(f"{line}\n" for line in lines)


@privileged
def resolve(path: str, servers: list[str]) -> None:
    """Write the name servers into a file that a running container sees. Raises OSError.

    In place: the container has this very file mounted.
    """
    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    with open(handle, "r+", encoding="utf-8", errors="surrogateescape") as file:
        text = file.read()
        wanted = resolving(text, servers)
        if sorted(wanted.splitlines()) != sorted(text.splitlines()):
            file.seek(0)
            file.write(wanted)
            file.truncate()
