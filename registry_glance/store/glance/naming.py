"""What images are called in Glance, and which tag of which repository a name means: pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from registry_glance.errors import NameInvalid
from registry_glance.glance.client import Row
from registry_glance.oci.names import IMAGES, Repository, Tag
from registry_glance.store.glance.ids import Ids

#: The tag that a name without one means, as it does to docker.
LATEST = "latest"
#: What a row with data is. A deactivated one keeps its name: to lose it is not to have it read.
HELD = ("active", "deactivated")


class Image(NamedTuple):
    """An image of Glance by the name that it has there, whoever made it and however.

    `name` is `repository:tag`; `made` is Glance's `created_at`, to the second.
    """

    owner: str
    row: str
    name: str
    visibility: str
    made: str

    @property
    def repository(self) -> str:
        """The name without the tag."""
        return self.name.rpartition(":")[0]

    @property
    def order(self) -> tuple[str, str]:
        """Of several with one name the first counts: no later one takes it."""
        return self.made, self.row


def image(row: Row) -> Image | None:
    """The image that the row is; None if its name means no tag, or it has no data to be shown."""
    name, owner = meaning(row.get("name")), row.get("owner")
    shown = row.get("status") in HELD and not row.get("os_hidden")
    if name is None or not owner or not shown or row.get("container_format") != "docker":
        return None
    made, visibility = str(row.get("created_at")), str(row.get("visibility"))
    return Image(str(owner), row["id"], name, visibility, made)


def unpushed(row: Row, ids: Ids) -> Image | None:
    """The image that a row of the project is, unless it is a tag of the repository it names.

    Such a tag may have been renamed there; its manifest has a row of its own in the repository.
    """
    found = image(row)
    if found and row.get("oci_kind") == "tag" and row.get("oci_repository") == found.repository:
        return None if ids.is_genuine(row) else found
    return found


def meaning(name: object) -> str | None:
    """The `repository:tag` that a name in Glance means; None if it is no such name.

    Nothing below `glance/` is: there an image is called by its ID.
    """
    repository, colon, tag = str(name or "").partition(":")
    try:
        found = f"{Repository.parse(repository)}:{Tag.parse(tag if colon else LATEST)}"
    except NameInvalid:
        return None
    return None if found.startswith(IMAGES) else found


def spellings(name: str) -> tuple[str, ...]:
    """The names in Glance that mean `name`, which is `repository:tag`."""
    repository, _, tag = name.rpartition(":")
    return (name, repository) if tag == LATEST else (name,)


def first(images: Iterable[Image]) -> Image | None:
    """The one that has the name, of several that are called so; None of none."""
    return min(images, key=lambda one: one.order, default=None)
