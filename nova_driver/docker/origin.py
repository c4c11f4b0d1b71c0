"""The image that a server is to be made of, as Nova or Glance tells of it."""

from __future__ import annotations

from typing import Any

from nova.image import glance

from .reference import Image

#: Nova's prefix of what it keeps of an image in system_metadata
KEPT = "image_"


def image_of(context: Any, instance: Any, image_meta: Any) -> Image:
    """What is known of the image that an instance is to be made of.

    Nova's image_meta has the properties only that Nova knows itself, and system_metadata those of
    the image of the first boot: a server that was shelved is made of another. So Glance is asked
    for what is not there. Raises Nova's errors for Glance.
    """
    facts = {
        name: getattr(image_meta, name) if image_meta.obj_attr_is_set(name) else None
        for name in ("id", "name", "container_format")
    }
    properties = {
        key.removeprefix(KEPT): value
        for key, value in instance.system_metadata.items()
        if key.startswith(KEPT)
    }
    image = Image(facts["id"] or "", facts["name"], facts["container_format"], properties)
    return image if image.is_told_of else asked(context, image.id)


def asked(context: Any, image: str) -> Image:
    """What Glance says of an image. Raises Nova's errors for it."""
    facts = glance.API().get(context, image)
    return Image(facts["id"], facts["name"], facts["container_format"], facts["properties"])
