"""Who answers a container's questions for names (resolv.conf(5))."""

from __future__ import annotations

import errno
import ipaddress
import os
import stat
from collections.abc import Iterable
from typing import Any

from .privilege import privileged

KEYWORD = "nameserver"
#: bytes of a file that is read: the container may have made it as large as it likes
LARGEST = 1 << 16


def nameservers(network_info: Iterable[Any]) -> list[str]:
    """The addresses that the subnets of an instance's ports name, each once."""
    found = (
        server["address"]
        for vif in network_info
        for subnet in vif["network"]["subnets"]
        for server in subnet["dns"]
        if _is_address(server["address"])
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

    In place: the container has this very file mounted. One that is too large is theirs alone.
    """
    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(handle, "r+", encoding="utf-8", errors="surrogateescape") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "no regular file")
        if found.st_size > LARGEST:
            file.truncate(0)
        text = file.read(LARGEST)
        wanted = resolving(text, servers)
        if sorted(wanted.splitlines()) != sorted(text.splitlines()):
            file.seek(0)
            file.write(wanted)
            file.truncate()


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
