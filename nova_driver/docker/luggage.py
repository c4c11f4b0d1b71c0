"""What a server takes along when it migrates: `disk_info`, as one nova-compute tells another."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from uuid import UUID

from nova import exception

from .names import COMMIT
from .reference import DIGEST


@dataclass(frozen=True, slots=True)
class Kept:
    """A commit on the host that the server stays on, by its name."""

    commit: str


@dataclass(frozen=True, slots=True)
class Sent:
    """An image in Glance by its ID, and its manifest."""

    image: str
    digest: str


Luggage = Kept | Sent


def packed(luggage: Luggage) -> str:
    """The words for it: JSON, of less than 255 characters."""
    return json.dumps(asdict(luggage))


def unpacked(text: str) -> Luggage:
    """What the words say. Raises MigrationError for what no driver like this one has said."""
    try:
        said = json.loads(text)
        if COMMIT.fullmatch(said.get("commit", "")):
            return Kept(said["commit"])
        if DIGEST.fullmatch(said.get("digest", "")):
            return Sent(str(UUID(said["image"])), said["digest"])
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise exception.MigrationError(reason="the other host has sent nothing that is known here")
