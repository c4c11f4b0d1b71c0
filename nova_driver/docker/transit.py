"""Images in Glance that a server takes from one host to another: hidden, and deleted thereafter."""

from __future__ import annotations

import logging
from typing import Any

from nova.image import glance

log = logging.getLogger(__name__)


def made(context: Any, instance: Any) -> str:
    """The ID of a new image, queued and its maker's alone. Raises Nova's errors for Glance."""
    wanted = {
        "name": f"nova-{instance.uuid}",
        "container_format": "docker",
        "disk_format": "raw",
        "visibility": "private",
        "os_hidden": True,
        # The registry takes from there what need not be pushed.
        "properties": {"base_image_ref": instance.image_ref},
    }
    return str(glance.API().create(context, wanted)["id"])


def deleted(context: Any, image: str) -> None:
    """Delete it; what fails is in the log, and fails nothing else."""
    try:
        glance.API().delete(context, image)
    # Glance, Keystone and what is between them have many errors, and this is only tidying up.
    except Exception as error:
        log.warning("the image %s is left over in Glance: %s", image, type(error).__name__)
