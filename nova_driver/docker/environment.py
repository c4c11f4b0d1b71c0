"""What a server's metadata puts into its environment: only what is marked for it, pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nova import exception

#: The prefix of the names of metadata that a server's processes are to see.
MARK = "env:"
#: POSIX.1-2017, 8.1: what shells and programs take as a name
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def environment(metadata: Mapping[str, str]) -> list[str]:
    """NAME=VALUE for each `env:NAME` in `metadata`; they go before those of the image.

    Raises InvalidInput for what cannot be the name of a variable.
    """
    return sorted(
        f"{_name(key.removeprefix(MARK))}={value}"
        for key, value in metadata.items()
        if key.startswith(MARK)
    )


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise exception.InvalidInput(
            reason=f"the metadata {MARK}{text} names no environment variable"
        )
    return text
