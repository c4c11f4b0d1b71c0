"""Snapshots of servers, pushed into the images that Nova has made for them in Glance."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from nova import exception
from nova.compute import task_states

from .commits import Commits
from .containers import Container
from .engine.errors import EngineError
from .images import Images
from .reference import snapshot_repository

log = logging.getLogger(__name__)


class Snapshots:
    """The making of snapshots on this host."""

    def __init__(self, commits: Commits, images: Images, registry: str) -> None:
        """`registry`: HOST:PORT."""
        self._commits = commits
        self._images = images
        self._registry = registry

    def take(
        self,
        instance: Any,
        container: Container,
        image: str,
        token: str | None,
        update_task_state: Callable[..., None],
    ) -> None:
        """Fill `image`, queued in Glance, with an instance's file system; nothing stays here.

        Raises InstanceUnacceptable, an EngineError, or what `update_task_state` raises.
        """
        _check(instance, container)
        update_task_state(task_state=task_states.IMAGE_PENDING_UPLOAD)
        try:
            commit = self._commits.make(instance.uuid, container.id)
            update_task_state(
                task_state=task_states.IMAGE_UPLOADING,
                expected_state=task_states.IMAGE_PENDING_UPLOAD,
            )
            self._images.push(commit.name, f"{self._registry}/{snapshot_repository(image)}", token)
        finally:
            with suppress(EngineError):
                self._commits.sweep(instance.uuid)


def _check(instance: Any, container: Container) -> None:
    """Raise InstanceUnacceptable if Nova would remove what a snapshot does not hold."""
    if instance.task_state == task_states.RESIZE_MIGRATING:
        raise _unacceptable(instance, "it cannot go to another cell")
    if not container.volumes:
        return
    volumes = ", ".join(container.volumes)
    if instance.task_state == task_states.SHELVING:
        raise _unacceptable(instance, f"its volumes would be lost: {volumes}")
    log.warning("the snapshot of %s is without its volumes: %s", instance.uuid, volumes)


def _unacceptable(instance: Any, reason: str) -> exception.InstanceUnacceptable:
    return exception.InstanceUnacceptable(instance_id=instance.uuid, reason=reason)
