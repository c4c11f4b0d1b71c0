"""Images that have a name in Glance, whoever has made them."""

from __future__ import annotations

import secrets

import pytest

from registry_glance.glance.client import Row
from tests.access.conftest import As
from tests.access.questions import READS, Image, pushed
from tests.glance_images.conftest import callers, ids, queued, repository

__all__ = ["callers", "ids", "repository"]

SEEN = dict.fromkeys(READS, "200")


@pytest.fixture
def data() -> bytes:
    """A layer that nobody has."""
    return secrets.token_bytes(1000)


def layer() -> bytes:
    """Another one."""
    return secrets.token_bytes(1000)


def named(
    owner: As, repository: str, data: bytes, name: str = "", **properties: object
) -> tuple[str, Image]:
    """The ID of an image called like a repository, or `name`; and what it is as its `latest`."""
    row = queued(owner.tenant, name or repository, **properties)
    by_id = pushed(owner, f"glance/{row}", data)
    return row, Image(repository, by_id.manifest, by_id.layer, data)


def row_of(client: As, row: str) -> Row:
    """What Glance says of a row."""
    return client.tenant.glance().get(row)


def renamed(client: As, row: str, name: str | None) -> None:
    """`image set --name`."""
    client.tenant.glance().update(row, {"name": name})


def meant(client: As, repository: str, tag: str = "latest") -> str | int:
    """The digest of what a tag means, as several workers tell; or the status."""
    found = {told(client, repository, tag) for _ in range(4)}
    return found.pop() if len(found) == 1 else "not yet the same"


def told(client: As, repository: str, tag: str) -> str | int:
    answer = client("HEAD", f"/v2/{repository}/manifests/{tag}")
    return answer["Docker-Content-Digest"] if answer.status == 200 else answer.status


def tags(client: As, repository: str) -> list[str]:
    """The tags that are listed; none if the repository is unknown."""
    answer = client("GET", f"/v2/{repository}/tags/list")
    return list(answer.json["tags"]) if answer.status == 200 else []


def cataloged(client: As, repository: str) -> bool:
    """Whether a repository is in the catalog."""
    return repository in client("GET", "/v2/_catalog?n=100000").json["repositories"]
