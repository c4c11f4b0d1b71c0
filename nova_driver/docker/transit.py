"""Images in Glance that a server takes from one host to another: hidden, and deleted thereafter."""

from __future__ import annotations

import logging
from typing import Any

from nova.image import glance

log = logging.getLogger(__name__)


def make(context: Any, instance: Any, image: str) -> None:
    """Make an image of this ID, queued and its maker's alone. Raises Nova's errors for Glance."""
    wanted = {
        "id": image,
        "name": f"nova-{instance.uuid}",
        "container_format": "docker",
        "disk_format": "raw",
        "visibility": "private",
        "os_hidden": True,
        # The registry takes from there what need not be pushed.
        "properties": {"base_image_ref": instance.image_ref},
    }
    glance.API().create(context, wanted)


def delete(context: Any, instance: Any, image: str) -> bool:
    """Delete it; whether it is gone. What fails is in the log, and fails nothing else.

    Only whoever made it can: for others it is not there, and without a token nothing is.
    """
    try:
        glance.API().delete(context, image)
    # Glance, Keystone and what is between them have many errors, and this is only tidying up.
    except Exception as error:
        log.warning(
            "the image %s, in which the server %s travelled, is left over in Glance: %s",
            *(image, instance.uuid, type(error).__name__),
        )
        return False
    return True
