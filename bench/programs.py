"""The registries that ours is measured beside."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.clients.go_tools import ToolUnavailable, tool


class Missing(Exception):
    """A registry is not installed here; the message says how it would be."""


def v3() -> Path:
    """Distribution 3, built from a pinned version of its module. Raises Missing."""
    try:
        return tool("registry")
    except ToolUnavailable as reason:
        raise Missing(str(reason)) from None


def debian() -> Path:
    """Distribution 2.8, as Debian packs it. Raises Missing."""
    found = shutil.which("docker-registry")
    if found is None:
        raise Missing("not installed: apt-get install docker-registry")
    return Path(found)


#: Name of the side -> where its program is.
PROGRAMS: dict[str, Callable[[], Path]] = {"v3": v3, "2.8": debian}
