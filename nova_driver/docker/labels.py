"""How a container tells whose it is. What has no such label is never touched."""

from __future__ import annotations

from typing import Any

PREFIX = "org.openstack.nova"
INSTANCE = f"{PREFIX}.instance"
NAME = f"{PREFIX}.name"
HOST = f"{PREFIX}.host"
PROJECT = f"{PREFIX}.project"
IMAGE = f"{PREFIX}.image"


def labels(instance: Any, host: str) -> dict[str, str]:
    """The labels of an instance's container on this host."""
    return {
        INSTANCE: instance.uuid,
        NAME: instance.name,
        HOST: host,
        PROJECT: instance.project_id or "",
        IMAGE: instance.image_ref or "",
    }


def ours(host: str) -> dict[str, list[str]]:
    """The Engine's filter for the containers that this host's nova-compute made."""
    return {"label": [f"{HOST}={host}"]}


def erased() -> str:
    """Dockerfile's LABEL that takes them out of an image: a label can be emptied, not removed."""
    return " ".join(["LABEL", *(f'{name}=""' for name in (INSTANCE, NAME, HOST, PROJECT, IMAGE))])
