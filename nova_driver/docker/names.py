"""What images are called on a host by this driver, and so whose they are: pure.

Names that do not stand here are somebody else's, and stay.
"""

from __future__ import annotations

import re
from uuid import uuid4

#: The repository of the names that mark what was pulled, and when it was in use last.
PULLED = "nova-pulled"
#: That of servers' commits; a tag begins with the server's UUID.
COMMITS = "nova-server"
#: The tag in a repository of one image, and in a name without one.
LATEST = "latest"

COMMIT = re.compile(rf"{COMMITS}:[0-9a-f-]{{36}}-[0-9a-f]{{8}}")
MARK = re.compile(rf"{PULLED}:[0-9a-f]+-(\d{{1,20}})")


def commit(instance: str) -> str:
    """A name for a commit of an instance, that no other has."""
    return f"{COMMITS}:{instance}-{uuid4().hex[:8]}"


def is_commit(name: str) -> bool:
    """Whether it keeps a server's commit."""
    return name.startswith(f"{COMMITS}:")


def mark(image: str, moment: int) -> str:
    """The name of an image, by its ID, that was in use at `moment`, ns since 1970."""
    return f"{PULLED}:{image.rpartition(':')[2]}-{moment}"


def marked(name: str) -> int | None:
    """The moment of a mark, ns since 1970; None for all other names."""
    found = MARK.fullmatch(name)
    return int(found[1]) if found else None


def is_of(name: str, registry: str) -> bool:
    """Whether it is the name of something in the registry at `registry`, HOST:PORT."""
    return name.startswith(f"{registry}/")
